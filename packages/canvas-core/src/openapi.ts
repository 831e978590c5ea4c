// The schema of a kind from an OpenAPI v3 document of the cluster (`/openapi/v3/apis/<group>/<version>`): built-in kinds
// and those of custom resource definitions alike. Definitions are resolved once each and shared, so that the schema is as
// large as the document and no larger; where one holds itself, or the nesting has no end, it is left open.

import type { AnySchema } from '@binnacle/model'
import { isRecord } from './schemas.ts'

/** What is read of a document. */
export interface OpenApiDocument {
  readonly components?: { readonly schemas?: Readonly<Record<string, RawSchema>> }
}

type RawSchema = Readonly<Record<string, unknown>>

export interface KindName {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** Fields of one definition deeper than this are open: nobody fills in a form so deep, and the text has them. */
const deepest = 16

/** What may hold anything. */
const open: AnySchema = { 'x-kubernetes-preserve-unknown-fields': true }

/** Undefined where the document does not describe the kind's fields. */
export function schemaFromOpenApi({ components }: OpenApiDocument, wanted: KindName): AnySchema | undefined {
  const definitions = components?.schemas ?? {}
  const name = Object.keys(definitions).find((one) => isOfKind(definitions[one], wanted))
  if (name === undefined) return undefined
  const schema = new Resolver(definitions).definition(name)
  return schema.properties === undefined ? undefined : schema
}

function isOfKind(definition: RawSchema | undefined, { group, version, kind }: KindName): boolean {
  const names = definition?.['x-kubernetes-group-version-kind']
  return (
    Array.isArray(names) &&
    names.length === 1 &&
    names.some(
      (one: unknown) => isRecord(one) && one['group'] === group && one['version'] === version && one['kind'] === kind,
    )
  )
}

const refPrefix = '#/components/schemas/'

class Resolver {
  readonly #definitions: Readonly<Record<string, RawSchema>>
  readonly #resolved = new Map<string, AnySchema>()
  /** Definitions that are being resolved: one of them within itself is a circle. */
  readonly #within = new Set<string>()

  constructor(definitions: Readonly<Record<string, RawSchema>>) {
    this.#definitions = definitions
  }

  definition(name: string): AnySchema {
    const known = this.#resolved.get(name)
    if (known !== undefined) return known
    const raw = this.#definitions[name]
    if (raw === undefined || this.#within.has(name)) return open
    this.#within.add(name)
    // Counted anew: what is found is shared by all that refer to it.
    const schema = this.#schema(raw, 0)
    this.#within.delete(name)
    this.#resolved.set(name, schema)
    return schema
  }

  #schema(raw: RawSchema, depth: number): AnySchema {
    if (depth > deepest) return open
    const { properties, items, additionalProperties } = raw
    return {
      ...this.#base(raw, depth),
      ...plainOf(raw),
      ...(isRecord(properties) ? { properties: this.#properties(properties, depth) } : {}),
      ...(isRecord(items) ? { items: this.#schema(items, depth + 1) } : {}),
      ...(isRecord(additionalProperties)
        ? { additionalProperties: this.#schema(additionalProperties, depth + 1) }
        : {}),
      ...(additionalProperties === true ? open : {}),
    }
  }

  /** What it refers to; a description beside a reference stands for this use of it. */
  #base(raw: RawSchema, depth: number): AnySchema {
    const { $ref, allOf } = raw
    if (typeof $ref === 'string') return this.definition($ref.slice(refPrefix.length))
    if (!Array.isArray(allOf) || allOf.length !== 1) return {}
    const only: unknown = allOf[0]
    return isRecord(only) ? this.#schema(only, depth) : {}
  }

  #properties(properties: RawSchema, depth: number): Readonly<Record<string, AnySchema>> {
    return Object.fromEntries(
      Object.entries(properties).map(([name, one]) => [name, isRecord(one) ? this.#schema(one, depth + 1) : open]),
    )
  }
}

const texts = ['title', 'description', 'pattern', 'format', 'x-kubernetes-list-type'] as const
const numbers = ['minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems'] as const
const lists = ['enum', 'required', 'x-kubernetes-list-map-keys'] as const

/** What stands at the schema itself, as far as forms and checks know it. */
function plainOf(raw: RawSchema): AnySchema {
  const known: Record<string, unknown> = {}
  for (const name of texts) if (typeof raw[name] === 'string') known[name] = raw[name]
  for (const name of numbers) if (typeof raw[name] === 'number') known[name] = raw[name]
  for (const name of lists) if (Array.isArray(raw[name])) known[name] = raw[name]
  // The document has an empty object for every struct; it says nothing.
  if (raw['default'] !== undefined && !isEmpty(raw['default'])) known['default'] = raw['default']
  if (raw['x-kubernetes-preserve-unknown-fields'] === true) known['x-kubernetes-preserve-unknown-fields'] = true
  if (isIntOrString(raw)) known['x-kubernetes-int-or-string'] = true
  else if (typeof raw['type'] === 'string') known['type'] = raw['type']
  return known
}

function isEmpty(value: unknown): boolean {
  return value === '' || (isRecord(value) && Object.keys(value).length === 0)
}

/** `targetPort`, `maxSurge`; a quantity is a text or a number too, but one with fractions, and stays a text. */
function isIntOrString(raw: RawSchema): boolean {
  return raw['x-kubernetes-int-or-string'] === true || raw['format'] === 'int-or-string'
}
