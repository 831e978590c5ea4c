// What is known of the shape of objects: which lists are maps by a key, what a field is called and may hold. Our kinds
// bring their schemas; those of a cluster's other kinds can be added, and a kind without one is still shown and edited.

import { type AnySchema, kinds, group } from '@binnacle/model'
import { type KindKey, kindKey } from './object-key.ts'

/** Schemas of whole objects by kind. */
export type Schemas = ReadonlyMap<KindKey, AnySchema>

const texts: AnySchema = { type: 'object', additionalProperties: { type: 'string' } }

const metadata: AnySchema = {
  type: 'object',
  properties: {
    name: { type: 'string', title: 'Name', description: 'Name of the object; its services are reached under it.' },
    namespace: { type: 'string', title: 'Namespace' },
    labels: { ...texts, title: 'Labels', description: 'What the object can be selected by.' },
    annotations: { ...texts, title: 'Annotations', description: 'Notes of tools and people.' },
  },
}

/** The schemas of the `binnacle.dev` kinds. */
export const ownSchemas: Schemas = new Map(
  kinds.map(({ kind, description, spec, status }) => [
    kindKey(kind, group),
    { type: 'object', description, required: ['spec'], properties: { metadata, spec, status } },
  ]),
)

export function isListSchema(schema: AnySchema | undefined): boolean {
  return schema?.type === 'array' || schema?.items !== undefined
}

/** Schema of a member of an object or of the items of a list. */
export function childSchema(schema: AnySchema | undefined, step: string): AnySchema | undefined {
  if (schema === undefined) return undefined
  if (isListSchema(schema)) return schema.items
  const { properties } = schema
  if (properties !== undefined && Object.hasOwn(properties, step)) return properties[step]
  return schema.additionalProperties
}

/** Where the list is a map: the fields that tell its items apart. */
export function listKeys(schema: AnySchema | undefined): readonly string[] | undefined {
  return schema?.['x-kubernetes-list-type'] === 'map' ? schema['x-kubernetes-list-map-keys'] : undefined
}

type Item = Readonly<Record<string, unknown>>

export function isRecord(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const byName: readonly string[] = ['name']

/**
 * The text that stands for an item in a path: `http`, or `80,TCP` where there are several keys. Lists without a schema
 * are told apart by `name`, as nearly all lists of the API are. Undefined where the item has no key.
 */
export function itemKey(item: unknown, schema: AnySchema | undefined): string | undefined {
  if (!isRecord(item)) return undefined
  if (schema !== undefined && listKeys(schema) === undefined) return undefined
  const parts: string[] = []
  for (const key of listKeys(schema) ?? byName) {
    const value = item[key] ?? schema?.items?.properties?.[key]?.default
    if (typeof value !== 'string' && typeof value !== 'number') return undefined
    parts.push(String(value))
  }
  return parts.join(',')
}

/** The keys of all items; undefined where one has none or two have the same: the list is then one value. */
export function itemKeys(list: readonly unknown[], schema: AnySchema | undefined): readonly string[] | undefined {
  const keys: string[] = []
  for (const item of list) {
    const key = itemKey(item, schema)
    if (key === undefined) return undefined
    keys.push(key)
  }
  return new Set(keys).size === keys.length ? keys : undefined
}

/** The value as the server keeps it: with the defaults of what is absent, in objects that are there. */
export function withDefaults(value: unknown, schema: AnySchema | undefined): unknown {
  if (schema === undefined) return value
  if (value === undefined) return schema.default
  if (Array.isArray(value)) return value.map((item) => withDefaults(item, schema.items))
  if (!isRecord(value)) return value
  const filled: Record<string, unknown> = {}
  for (const name of new Set([...Object.keys(value), ...Object.keys(schema.properties ?? {})])) {
    const member = withDefaults(value[name], childSchema(schema, name))
    if (member !== undefined) filled[name] = member
  }
  return filled
}
