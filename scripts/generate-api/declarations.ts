// From Go declarations to the compact declarations of packages/api/src/generated/declarations.ts; schema.ts describes the
// notation.

import type { GoField, GoType, GoTypes } from './go-types.ts'

/** One field after embedding is resolved. */
export interface FieldDeclaration {
  name: string
  /** Embedded structs are nested messages in protobuf: `2.1` is field 1 of the message in field 2. '0' where it has none. */
  number: string
  optional: boolean
  pointer: boolean
  omitEmpty: boolean
  type: TypeReference
  listType?: string
  listMapKeys: string[]
  mapType?: string
  structType?: string
  patchStrategy?: string
  patchMergeKey?: string
  default?: string
  deprecated: boolean
}

export type TypeReference =
  | { kind: 'scalar'; name: string; enum?: string[] }
  | { kind: 'named'; name: string }
  | { kind: 'list'; items: TypeReference }
  | { kind: 'map'; items: TypeReference }

export interface Declaration {
  name: string
  fields: FieldDeclaration[]
  structType?: string
}

const meta = 'k8s.io/apimachinery/pkg/apis/meta/v1'
const apiextensions = 'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1'

/** Types with a JSON form of their own. */
const scalars: Readonly<Record<string, string>> = {
  bool: 'boolean',
  string: 'string',
  int: 'int64',
  int32: 'int32',
  int64: 'int64',
  uint32: 'uint32',
  uint8: 'uint8',
  float32: 'double',
  float64: 'double',
  any: 'any',
  '[]byte': 'bytes',
  [`${meta}.Time`]: 'time',
  [`${meta}.MicroTime`]: 'microTime',
  [`${meta}.Duration`]: 'duration',
  [`${meta}.FieldsV1`]: 'fieldsV1',
  'k8s.io/apimachinery/pkg/api/resource.Quantity': 'quantity',
  'k8s.io/apimachinery/pkg/util/intstr.IntOrString': 'intOrString',
  'k8s.io/apimachinery/pkg/runtime.RawExtension': 'rawExtension',
  [`${apiextensions}.JSON`]: 'json',
  [`${apiextensions}.JSONSchemaPropsOrBool`]: 'schemaOrBool',
  [`${apiextensions}.JSONSchemaPropsOrArray`]: 'schemaOrArray',
  [`${apiextensions}.JSONSchemaPropsOrStringArray`]: 'schemaOrStringArray',
}

function markerValue(markers: readonly string[] | undefined, name: string): string | undefined {
  return markers?.find((marker) => marker.startsWith(`${name}=`))?.slice(name.length + 1)
}

function markerValues(markers: readonly string[] | undefined, name: string): string[] {
  return (markers ?? [])
    .filter((marker) => marker.startsWith(`${name}=`))
    .map((marker) => marker.slice(name.length + 1))
}

function modelName(type: GoType): string {
  return `${type.model}.${type.name}`
}

export class Declarations {
  readonly #types: GoTypes
  readonly #declared: Map<string, Declaration> = new Map()

  constructor(types: GoTypes) {
    this.#types = types
  }

  get all(): Declaration[] {
    return [...this.#declared.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Declares a struct and all that it refers to. */
  declare(goName: string): void {
    const type = this.#types.get(goName)
    if (!type?.struct) throw new Error(`${goName} is not a struct of the modules read`)
    const name = modelName(type)
    if (this.#declared.has(name)) return
    const declaration: Declaration = { name, fields: [] }
    const structType = markerValue(type.markers, 'structType')
    if (structType !== undefined) declaration.structType = structType
    this.#declared.set(name, declaration)
    declaration.fields = this.#fields(type, '')
  }

  #fields(type: GoType, prefix: string): FieldDeclaration[] {
    // apiVersion and kind are in the envelope of a protobuf message, not in it.
    const isTypeMeta = type.package === meta && type.name === 'TypeMeta'
    return (type.fields ?? []).flatMap((field) => {
      const number = isTypeMeta ? '0' : (field.protobuf?.split(',')[1] ?? '0')
      if (!field.inline) return [this.#field(field, number === '0' ? '0' : prefix + number)]
      const embedded = this.#types.get(field.type.replace(/^\*/, ''))
      if (!embedded) throw new Error(`${modelName(type)} embeds ${field.type}, which is not in the modules read`)
      return this.#fields(embedded, number === '0' ? prefix : `${prefix}${number}.`)
    })
  }

  #field(field: GoField, number: string): FieldDeclaration {
    const markers = field.markers ?? []
    const named = this.#types.get(field.type.replace(/^\*/, ''))
    const optional = !markers.includes('required') && (markers.includes('optional') || field.omitEmpty === true)
    const declaration: FieldDeclaration = {
      name: field.name,
      number,
      optional,
      pointer: field.type.startsWith('*'),
      omitEmpty: field.omitEmpty === true,
      type: this.#reference(field.type),
      listMapKeys: markerValues(markers, 'listMapKey'),
      deprecated: markers.includes('deprecated'),
    }
    const listType = markerValue(markers, 'listType') ?? markerValue(named?.markers, 'listType')
    const mapType = markerValue(markers, 'mapType') ?? markerValue(named?.markers, 'mapType')
    const structType = markerValue(markers, 'structType')
    const defaultValue = markerValue(markers, 'default') ?? markerValue(named?.markers, 'default')
    if (listType !== undefined) declaration.listType = listType
    if (mapType !== undefined) declaration.mapType = mapType
    if (structType !== undefined) declaration.structType = structType
    if (field.patchStrategy) declaration.patchStrategy = field.patchStrategy
    if (field.patchMergeKey) declaration.patchMergeKey = field.patchMergeKey
    if (defaultValue !== undefined) declaration.default = this.#defaultValue(defaultValue, field)
    return declaration
  }

  /** A default is JSON, or `ref(import/path.Constant)`. */
  #defaultValue(text: string, field: GoField): string {
    if (!text.startsWith('ref(')) return JSON.stringify(JSON.parse(text))
    const values: Readonly<Record<string, string>> = {
      AzureDataDiskCachingReadWrite: '"ReadWrite"',
      AzureSharedBlobDisk: '"Shared"',
    }
    const constant = text.slice(text.search(/[^.(]*\)$/), -1)
    const value = values[constant]
    if (value === undefined) throw new Error(`${field.name}: the default ${text} is not known`)
    return value
  }

  #reference(goType: string): TypeReference {
    const text = goType.replace(/^\*/, '')
    const scalar = scalars[text]
    if (scalar !== undefined) {
      if (scalar.startsWith('schemaOr')) this.declare(`${apiextensions}.JSONSchemaProps`)
      return { kind: 'scalar', name: scalar }
    }
    if (text.startsWith('[]')) return { kind: 'list', items: this.#reference(text.slice(2)) }
    if (text.startsWith('map[')) return { kind: 'map', items: this.#reference(text.slice(text.indexOf(']') + 1)) }
    const named = this.#types.get(text)
    if (!named) throw new Error(`${text} is not in the modules read`)
    if (named.struct) {
      this.declare(text)
      return { kind: 'named', name: modelName(named) }
    }
    const underlying = this.#reference(named.of ?? 'string')
    if (underlying.kind === 'scalar' && named.enum) return { ...underlying, enum: named.enum }
    // A named slice is a message with one repeated field in protobuf.
    if (underlying.kind === 'list' && named.markers?.some((marker) => marker.startsWith('protobuf.nullable'))) {
      return { kind: 'scalar', name: 'nullableStrings' }
    }
    return underlying
  }
}

function referenceText(type: TypeReference, owner: string): string {
  if (type.kind === 'list') return `[]${referenceText(type.items, owner)}`
  if (type.kind === 'map') return `{}${referenceText(type.items, owner)}`
  if (type.kind === 'scalar') return type.enum ? `${type.name}(${type.enum.join('|')})` : type.name
  const modelPackage = owner.slice(0, owner.lastIndexOf('.') + 1)
  return type.name.startsWith(modelPackage) ? `.${type.name.slice(modelPackage.length)}` : type.name
}

function fieldText(field: FieldDeclaration, owner: string): string {
  const words = [
    `${field.name}${field.optional ? '?' : ''}${field.pointer ? '*' : ''}${field.omitEmpty ? '' : '!'}`,
    field.number,
    referenceText(field.type, owner),
  ]
  if (field.listType) words.push(`list=${[field.listType, ...field.listMapKeys].join(',')}`)
  if (field.mapType) words.push(`map=${field.mapType}`)
  if (field.structType) words.push(`struct=${field.structType}`)
  if (field.patchStrategy) words.push(`patch=${field.patchStrategy}`)
  if (field.patchMergeKey) words.push(`key=${field.patchMergeKey}`)
  if (field.deprecated) words.push('deprecated')
  if (field.default !== undefined) words.push(`default=${field.default}`)
  return words.join(' ')
}

export function declarationsSource(declarations: readonly Declaration[]): string {
  const lines = declarations.flatMap((declaration) => [
    `  '${declaration.name}': \`${declaration.structType ? `struct=${declaration.structType}` : ''}`,
    `${declaration.fields.map((field) => fieldText(field, declaration.name).replaceAll('\\', '\\\\').replaceAll('`', '\\`')).join('\n')}\`,`,
  ])
  return `// Generated by scripts/generate-api; do not edit. One line a field: schema.ts describes the notation.

export const declarations: Readonly<Record<string, string>> = {
${lines.join('\n')}
}
`
}
