// Schemas as OpenAPI definitions, built-in and custom alike.

import {
  builtinResources,
  namedSchema,
  objectMetaSchema,
  type Field,
  type ResourceInfo,
  type Schema,
} from '@binnacle/api'
import { descriptionOf } from './descriptions.ts'

export type Json = Readonly<Record<string, unknown>>

/** 2: Swagger, `#/definitions/`; 3: OpenAPI 3.0, `#/components/schemas/`. */
export type OpenApiVersion = 2 | 3

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const apiextensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'

export const statusName = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status'
export const deleteOptionsName = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'
export const patchName = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch'

const namedScalars: Readonly<Record<string, string>> = {
  time: `${meta}.Time`,
  microTime: `${meta}.MicroTime`,
  duration: `${meta}.Duration`,
  fieldsV1: `${meta}.FieldsV1`,
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  rawExtension: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  json: `${apiextensions}.JSON`,
  schemaOrBool: `${apiextensions}.JSONSchemaPropsOrBool`,
  schemaOrArray: `${apiextensions}.JSONSchemaPropsOrArray`,
  schemaOrStringArray: `${apiextensions}.JSONSchemaPropsOrStringArray`,
}

/** OpenAPI names of types that are more than a plain scalar, yet no struct. */
export const scalarNames: readonly string[] = Object.values(namedScalars)

const plainScalars: Readonly<Record<string, Json>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  uint32: { type: 'integer', format: 'int64' },
  uint8: { type: 'integer', format: 'byte' },
  integer: { type: 'integer' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  any: { type: 'object' },
  nullableStrings: { type: 'array', items: { type: 'string' } },
}

function scalarDefinition(name: string, version: OpenApiVersion): Json | undefined {
  switch (name) {
    case namedScalars['time']:
    case namedScalars['microTime']:
      return { type: 'string', format: 'date-time' }
    case namedScalars['duration']:
      return { type: 'string' }
    case namedScalars['quantity']:
      return version === 2 ? { type: 'string' } : { oneOf: [{ type: 'string' }, { type: 'number' }] }
    case namedScalars['intOrString']:
      return version === 2
        ? { type: 'string', format: 'int-or-string' }
        : { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] }
    case namedScalars['fieldsV1']:
    case namedScalars['rawExtension']:
    case patchName:
      return { type: 'object' }
    case namedScalars['json']:
    case namedScalars['schemaOrBool']:
    case namedScalars['schemaOrArray']:
    case namedScalars['schemaOrStringArray']:
      return {}
    default:
      return undefined
  }
}

interface GroupVersionKind {
  group: string
  version: string
  kind: string
}

/** The OpenAPI name of a resource's kind: a custom group's parts are reversed, as upstream publishes it. */
export function definitionName(row: ResourceInfo): string {
  if (row.schema.type === 'object' && row.schema.name !== undefined) return row.schema.name
  return `${row.group.split('.').toReversed().join('.')}.${row.version}.${row.kind}`
}

export function listDefinitionName(row: ResourceInfo): string {
  const name = definitionName(row)
  return `${name.slice(0, name.lastIndexOf('.') + 1)}${row.listKind}`
}

/** The definitions that one document needs, gathered as they are referred to. */
export class Definitions {
  readonly #version: OpenApiVersion
  readonly #found: Map<string, Json> = new Map()
  readonly #kinds: Map<string, GroupVersionKind[]> = new Map()

  constructor(version: OpenApiVersion, rows: readonly ResourceInfo[]) {
    this.#version = version
    for (const row of [...builtinResources(), ...rows]) {
      const { group, version: of } = row
      this.#kinds.set(definitionName(row), [{ group, kind: row.kind, version: of }])
      this.#kinds.set(listDefinitionName(row), [{ group, kind: row.listKind, version: of }])
    }
    for (const [kind, group, of] of [
      ['Scale', 'autoscaling', 'v1'],
      ['Eviction', 'policy', 'v1'],
      ['TokenRequest', 'authentication', 'v1'],
    ] as const) {
      const served = kind === 'TokenRequest' ? 'authentication.k8s.io' : group
      this.#kinds.set(`io.k8s.api.${group}.${of}.${kind}`, [{ group: served, kind, version: of }])
    }
    const versions = new Map(rows.map((row) => [`${row.group}/${row.version}`, row]))
    const everywhere = [...versions.values()].map((row) => ({ group: row.group, version: row.version }))
    for (const kind of ['DeleteOptions', 'WatchEvent']) {
      this.#kinds.set(
        `${meta}.${kind}`,
        everywhere.map(({ group, version: of }) => ({ group, kind, version: of })),
      )
    }
    this.#kinds.set(statusName, [{ group: '', kind: 'Status', version: 'v1' }])
  }

  all(): Record<string, Json> {
    return Object.fromEntries([...this.#found].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  ref(name: string): { $ref: string } {
    if (!this.#found.has(name)) {
      // The name is taken before its definition is made: definitions refer to one another.
      this.#found.set(name, {})
      this.#found.set(name, this.#named(name))
    }
    return { $ref: `#/${this.#version === 2 ? 'definitions' : 'components/schemas'}/${name}` }
  }

  /** The kind and its list. */
  add(row: ResourceInfo): void {
    if (row.schema.type === 'object' && row.schema.name !== undefined) this.ref(row.schema.name)
    else this.#found.set(definitionName(row), this.#custom(row))
    const listName = listDefinitionName(row)
    if (!row.verbs.includes('list') || this.#found.has(listName)) return
    if (row.schema.type === 'object' && row.schema.name !== undefined) this.ref(listName)
    else this.#found.set(listName, this.#customList(row))
  }

  #named(name: string): Json {
    const scalar = scalarDefinition(name, this.#version)
    const description = descriptionOf(name)
    if (scalar) return description === undefined ? scalar : { description, ...scalar }
    const schema = namedSchema(name)
    const fields = [...schema.fields.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    const required = fields.filter((field) => field.required).map((field) => field.name)
    return {
      ...(description === undefined ? {} : { description }),
      type: 'object',
      ...(required.length > 0 ? { required } : {}),
      ...(fields.length > 0
        ? { properties: Object.fromEntries(fields.map((field) => [field.name, this.#property(name, field)])) }
        : {}),
      ...this.#kindOf(name),
      ...(schema.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    }
  }

  #kindOf(name: string): Json {
    const kinds = this.#kinds.get(name)
    return kinds ? { 'x-kubernetes-group-version-kind': kinds } : {}
  }

  #property(owner: string, field: Field): Json {
    const { schema } = field
    const description = descriptionOf(owner, field.name)
    const isStruct = schema.type === 'object' && !schema.values && field.pointer === false
    const fallback = 'default' in field ? field.default : isStruct && this.#version === 3 ? {} : undefined
    const extra = {
      ...(description === undefined ? {} : { description }),
      ...(fallback === undefined ? {} : { default: fallback }),
      ...(schema.type === 'list' && (schema.listType !== 'atomic' || field.patchStrategy === undefined)
        ? { 'x-kubernetes-list-type': schema.listType }
        : {}),
      ...(schema.type === 'list' && schema.keys.length > 0 ? { 'x-kubernetes-list-map-keys': schema.keys } : {}),
      ...(field.mapType === undefined ? {} : { 'x-kubernetes-map-type': field.mapType }),
      ...(field.patchMergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': field.patchMergeKey }),
      ...(field.patchStrategy === undefined ? {} : { 'x-kubernetes-patch-strategy': field.patchStrategy }),
    }
    const type = this.#type(schema)
    // In 3.0 nothing may stand beside a reference.
    if (this.#version === 3 && '$ref' in type && Object.keys(extra).length > 0) return { ...extra, allOf: [type] }
    return { ...extra, ...type }
  }

  #type(schema: Schema): Json {
    if (schema.type === 'list') return { type: 'array', items: this.#type(schema.items) }
    if (schema.type === 'object') {
      if (schema.values) return { type: 'object', additionalProperties: this.#type(schema.values) }
      return schema.name === undefined ? { type: 'object' } : this.ref(schema.name)
    }
    const named = namedScalars[schema.format]
    if (named !== undefined) return this.ref(named)
    const plain = plainScalars[schema.format] ?? {}
    return schema.enum ? { ...plain, enum: schema.enum } : plain
  }

  /** As upstream's crdserverlib builder: apiVersion, kind and metadata are added to what the definition says. */
  #custom(row: ResourceInfo): Json {
    const own = row.jsonSchema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    // Old clients take properties that are named for the only ones allowed: nothing is said of an open object.
    if (this.#version === 2 && own['x-kubernetes-preserve-unknown-fields'] === true) {
      return { type: 'object', ...this.#kindOf(definitionName(row)) }
    }
    const published = (this.#version === 2 ? forSwagger(own) : own) as Json
    return {
      ...published,
      type: 'object',
      properties: {
        ...(published['properties'] as Json | undefined),
        ...this.#typeMeta(objectMetaSchema().name ?? ''),
      },
      ...this.#kindOf(definitionName(row)),
    }
  }

  #typeMeta(metadataName: string): Json {
    const text = (field: string): Json => {
      const description = descriptionOf(statusName, field)
      return { ...(description === undefined ? {} : { description }), type: 'string' }
    }
    const reference = this.ref(metadataName)
    const isList = metadataName === `${meta}.ListMeta`
    const description = isList ? 'Standard list metadata.' : "Standard object's metadata."
    return {
      apiVersion: text('apiVersion'),
      kind: text('kind'),
      metadata: this.#version === 3 ? { description, allOf: [reference] } : { description, ...reference },
    }
  }

  #customList(row: ResourceInfo): Json {
    return {
      description: `${row.listKind} is a list of ${row.kind}`,
      type: 'object',
      required: ['items'],
      properties: {
        ...this.#typeMeta(`${meta}.ListMeta`),
        items: { type: 'array', items: this.ref(definitionName(row)) },
      },
      ...this.#kindOf(listDefinitionName(row)),
    }
  }
}

/** Keywords that Swagger 2 does not have. Where one of them says what a value may be, nothing is said. */
function forSwagger(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(forSwagger)
  if (typeof schema !== 'object' || schema === null) return schema
  const { oneOf: _one, anyOf: _any, not: _not, allOf: _all, nullable, ...rest } = schema as Record<string, unknown>
  const open = nullable === true || rest['x-kubernetes-int-or-string'] === true
  const keepUnknown = rest['x-kubernetes-preserve-unknown-fields'] === true
  if (open || keepUnknown) {
    delete rest['type']
    delete rest['properties']
    delete rest['items']
  }
  for (const key of ['items', 'additionalProperties']) if (key in rest) rest[key] = forSwagger(rest[key])
  const { properties } = rest
  if (typeof properties === 'object' && properties !== null) {
    rest['properties'] = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, forSwagger(value)]))
  }
  return rest
}
