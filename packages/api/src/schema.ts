// What a value may be: the schemas of the built-in types, expanded on demand from the generated declarations. Custom
// resources bring schemas of the same form, so that patching, pruning and ownership have one code path.
//
// The notation of generated/declarations.ts: a line for each field, `name[?][*][!] number type [attributes]`, where `?` is
// optional, `*` a pointer in Go, `!` a field that Go writes even when it is empty. The number is protobuf's (`2.1`: field 1
// of the embedded message in field 2; `0`: none). Types: a scalar with its enum in parentheses, `[]T`, `{}T` (a map by
// string), `.Name` (same package) or a full OpenAPI name. A first line `struct=atomic` is about the type itself.

import { declarations } from './generated/declarations.ts'
import { resources } from './generated/resources.ts'
import type { ResourceInfo } from './resource.ts'

export type Schema = ObjectSchema | ListSchema | ScalarSchema

export type ScalarFormat =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint8'
  | 'integer'
  | 'double'
  /** Base64 in JSON. */
  | 'bytes'
  | 'time'
  | 'microTime'
  | 'duration'
  | 'quantity'
  | 'intOrString'
  /** A list of strings that is a message of its own in protobuf. */
  | 'nullableStrings'
  | 'fieldsV1'
  /** Anything; replaced as a whole. */
  | 'any'
  | 'rawExtension'
  | 'json'
  | 'schemaOrBool'
  | 'schemaOrArray'
  | 'schemaOrStringArray'

export interface ScalarSchema {
  readonly type: 'scalar'
  readonly format: ScalarFormat
  readonly enum?: readonly string[] | undefined
  readonly nullable?: boolean | undefined
}

export interface ListSchema {
  readonly type: 'list'
  readonly items: Schema
  readonly listType: 'atomic' | 'set' | 'map'
  /** Of a list that is a map: the fields that tell its items apart. */
  readonly keys: readonly string[]
  readonly nullable?: boolean | undefined
}

export interface ObjectSchema {
  readonly type: 'object'
  /** OpenAPI name, such as io.k8s.api.core.v1.PodSpec; absent for inline and custom ones. */
  readonly name?: string | undefined
  readonly fields: ReadonlyMap<string, Field>
  /** Of the values whose keys are not among `fields`: a map. */
  readonly values?: Schema | undefined
  /** Replaced as a whole and owned as a whole. */
  readonly atomic: boolean
  /** Keys that are neither fields nor values stay (x-kubernetes-preserve-unknown-fields). */
  readonly preserveUnknown?: boolean | undefined
  /** The value is an object of the API with apiVersion, kind and metadata (x-kubernetes-embedded-resource). */
  readonly embeddedResource?: boolean | undefined
  readonly nullable?: boolean | undefined
}

export interface Field {
  readonly name: string
  readonly schema: Schema
  readonly required: boolean
  readonly default?: unknown
  readonly patchStrategy?: string | undefined
  readonly patchMergeKey?: string | undefined
  /** As the field itself declares it (+mapType, +structType). */
  readonly mapType?: string | undefined
  readonly deprecated?: boolean | undefined
  /** Protobuf field numbers: more than one where the field is in an embedded message. Empty: not in protobuf. */
  readonly protobuf?: readonly number[] | undefined
  /** A pointer in Go: protobuf tells absent from zero. */
  readonly pointer?: boolean | undefined
  /** Go leaves it out of JSON when it is empty. */
  readonly omitEmpty?: boolean | undefined
}

const scalarCache = new Map<string, ScalarSchema>()

function scalar(text: string): ScalarSchema {
  let schema = scalarCache.get(text)
  if (!schema) {
    const open = text.indexOf('(')
    const format = (open === -1 ? text : text.slice(0, open)) as ScalarFormat
    schema =
      open === -1 ? { type: 'scalar', format } : { type: 'scalar', format, enum: text.slice(open + 1, -1).split('|') }
    scalarCache.set(text, schema)
  }
  return schema
}

/** A named type, whose fields are read when they are first asked for: most are never used in a process's life. */
class NamedSchema implements ObjectSchema {
  readonly type = 'object'
  readonly name: string
  readonly atomic: boolean
  #fields: ReadonlyMap<string, Field> | undefined

  constructor(name: string, declaration: string) {
    this.name = name
    this.atomic = declaration.startsWith('struct=atomic')
  }

  get fields(): ReadonlyMap<string, Field> {
    this.#fields ??= this.#read()
    return this.#fields
  }

  #read(): ReadonlyMap<string, Field> {
    const modelPackage = this.name.slice(0, this.name.lastIndexOf('.'))
    const lines = (declarations[this.name] ?? '')
      .split('\n')
      .slice(1)
      .filter((line) => line !== '')
    return new Map(lines.map((line) => parseField(line, modelPackage)).map((field) => [field.name, field]))
  }
}

const fieldLine = /^([^ ?*!]+)(\??)(\*?)(!?) ([\d.]+) ((?:\[\]|\{\})*[^ (]+(?:\([^)]*\))?)(.*)$/
const attribute = / (list|map|struct|patch|key)=([^ ]+)| (deprecated)| default=(.*)$/g

function parseField(line: string, modelPackage: string): Field {
  const match = fieldLine.exec(line)
  if (!match) throw new Error(`malformed declaration: ${line}`)
  const [, name = '', optional, pointer, notOmitted, numbers = '', type = '', rest = ''] = match
  const attributes: Record<string, string> = {}
  let deprecated = false
  let defaultText: string | undefined
  for (const [, key, value, isDeprecated, text] of rest.matchAll(attribute)) {
    if (key !== undefined && value !== undefined) attributes[key] = value
    if (isDeprecated !== undefined) deprecated = true
    if (text !== undefined) defaultText = text
  }
  return {
    name,
    schema: parseType(type, modelPackage, attributes),
    required: optional === '',
    ...(defaultText === undefined ? {} : { default: JSON.parse(defaultText) as unknown }),
    patchStrategy: attributes['patch'],
    patchMergeKey: attributes['key'],
    mapType: attributes['map'] ?? attributes['struct'],
    deprecated,
    protobuf: numbers === '0' ? [] : numbers.split('.').map(Number),
    pointer: pointer === '*',
    omitEmpty: notOmitted === '',
  }
}

function parseType(text: string, modelPackage: string, attributes: Readonly<Record<string, string>> = {}): Schema {
  if (text.startsWith('[]')) {
    const [listType = 'atomic', ...keys] = attributes['list']?.split(',') ?? []
    return {
      type: 'list',
      items: parseType(text.slice(2), modelPackage),
      listType: listType === 'set' || listType === 'map' ? listType : 'atomic',
      keys,
    }
  }
  if (text.startsWith('{}')) {
    const values = parseType(text.slice(2), modelPackage)
    return { type: 'object', fields: noFields, values, atomic: attributes['map'] === 'atomic' }
  }
  if (!text.includes('.')) return scalar(text)
  const named = namedSchema(text.startsWith('.') ? modelPackage + text : text)
  const mapType = attributes['map'] ?? attributes['struct']
  return mapType === undefined ? named : viewOf(named, mapType === 'atomic')
}

const noFields: ReadonlyMap<string, Field> = new Map()

/** The same type at a field that says for itself whether it is replaced as a whole. */
function viewOf(schema: ObjectSchema, atomic: boolean): ObjectSchema {
  if (schema.atomic === atomic) return schema
  return {
    type: 'object',
    name: schema.name,
    get fields() {
      return schema.fields
    },
    atomic,
  }
}

const namedCache = new Map<string, NamedSchema>()

/** The type with this OpenAPI name, such as io.k8s.api.core.v1.PodSpec. Throws for a name that no built-in kind uses. */
export function namedSchema(name: string): ObjectSchema {
  let schema = namedCache.get(name)
  if (!schema) {
    const declaration = declarations[name]
    if (declaration === undefined) throw new Error(`no built-in type is named ${name}`)
    schema = new NamedSchema(name, declaration)
    namedCache.set(name, schema)
  }
  return schema
}

/** The OpenAPI names of all built-in types. */
export function schemaNames(): readonly string[] {
  return Object.keys(declarations)
}

let rows: readonly ResourceInfo[] | undefined

/** What a 1.36 API server serves without flags, in the order of its discovery. */
export function builtinResources(): readonly ResourceInfo[] {
  rows ??= resources.map(({ schemaName, ...row }) => ({ ...row, schema: namedSchema(schemaName) }))
  return rows
}

/** Metadata of every object; also of those whose schema does not say so (custom resources). */
export function objectMetaSchema(): ObjectSchema {
  return namedSchema('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')
}
