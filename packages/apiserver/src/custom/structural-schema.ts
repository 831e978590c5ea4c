// From the OpenAPI v3 schema of a CustomResourceDefinition to the Schema that patching and field ownership work with.

import { type Field, type JSONSchemaProps, type Schema, objectMetaSchema } from '@binnacle/api'

export type Props = JSONSchemaProps & {
  'x-kubernetes-preserve-unknown-fields'?: boolean | undefined
  'x-kubernetes-embedded-resource'?: boolean | undefined
  'x-kubernetes-int-or-string'?: boolean | undefined
  'x-kubernetes-list-type'?: string | undefined
  'x-kubernetes-list-map-keys'?: string[] | undefined
  'x-kubernetes-map-type'?: string | undefined
  'x-kubernetes-validations'?: ValidationRule[] | undefined
}

export interface ValidationRule {
  rule: string
  message?: string | undefined
  messageExpression?: string | undefined
  reason?: string | undefined
  fieldPath?: string | undefined
  optionalOldSelf?: boolean | undefined
}

/** Schema of the items of an array; structural schemas have one for all. */
export function itemsOf(props: Props): Props | undefined {
  return Array.isArray(props.items) ? props.items[0] : props.items
}

/** Schema of the values of a map. */
export function valuesOf(props: Props): Props | undefined {
  const values: unknown = props.additionalProperties
  return typeof values === 'object' && values !== null ? values : undefined
}

export function propertyOf(props: Props | undefined, name: string): Props | undefined {
  const properties = props?.properties
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined
}

export function preservesUnknown(props: Props): boolean {
  return props['x-kubernetes-preserve-unknown-fields'] === true
}

const anything: Schema = { type: 'scalar', format: 'any' }
const text: Schema = { type: 'scalar', format: 'string' }

/** Of the whole object; apiVersion, kind and metadata are as everywhere. */
export function rootSchema(props: Props | undefined): Schema {
  const own = props === undefined ? undefined : schemaOf(props)
  const fields = new Map(own?.type === 'object' ? own.fields : [])
  for (const name of ['apiVersion', 'kind']) fields.set(name, fieldOf(name, text))
  fields.set('metadata', fieldOf('metadata', objectMetaSchema()))
  const preserveUnknown = props === undefined || preservesUnknown(props)
  return { type: 'object', fields, atomic: false, preserveUnknown }
}

function fieldOf(name: string, schema: Schema, required = false, value?: unknown): Field {
  return { name, schema, required, ...(value === undefined ? {} : { default: value }) }
}

function schemaOf(props: Props): Schema {
  const nullable = props.nullable === true
  if (props['x-kubernetes-int-or-string'] === true) return { type: 'scalar', format: 'intOrString', nullable }
  switch (props.type) {
    case 'object':
      return objectSchema(props, nullable)
    case 'array': {
      const items = itemsOf(props)
      const listType = props['x-kubernetes-list-type']
      return {
        type: 'list',
        items: items === undefined ? anything : schemaOf(items),
        listType: listType === 'set' || listType === 'map' ? listType : 'atomic',
        keys: props['x-kubernetes-list-map-keys'] ?? [],
        nullable,
      }
    }
    case 'string':
      return { type: 'scalar', format: 'string', nullable }
    case 'boolean':
      return { type: 'scalar', format: 'boolean', nullable }
    case 'integer':
      return { type: 'scalar', format: props.format === 'int32' ? 'int32' : 'int64', nullable }
    case 'number':
      return { type: 'scalar', format: 'double', nullable }
    default:
      return anything
  }
}

function objectSchema(props: Props, nullable: boolean): Schema {
  const required = new Set(props.required)
  const fields = new Map<string, Field>()
  for (const [name, property] of Object.entries(props.properties ?? {})) {
    fields.set(name, fieldOf(name, schemaOf(property), required.has(name), property.default))
  }
  const embeddedResource = props['x-kubernetes-embedded-resource'] === true
  if (embeddedResource) {
    for (const name of ['apiVersion', 'kind']) if (!fields.has(name)) fields.set(name, fieldOf(name, text))
    fields.set('metadata', fieldOf('metadata', objectMetaSchema()))
  }
  const values = valuesOf(props)
  return {
    type: 'object',
    fields,
    atomic: props['x-kubernetes-map-type'] === 'atomic',
    nullable,
    ...(values === undefined ? {} : { values: schemaOf(values) }),
    ...(preservesUnknown(props) ? { preserveUnknown: true } : {}),
    ...(embeddedResource ? { embeddedResource } : {}),
  }
}
