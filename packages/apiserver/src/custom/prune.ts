// Drops what the structural schema does not name. Upstream: apiextensions-apiserver pkg/apiserver/schema/pruning.

import { type KubeObject, decodeStrict, objectMetaSchema, prune as pruneTyped } from '@binnacle/api'
import { type Props, itemsOf, preservesUnknown, propertyOf, valuesOf } from './structural-schema.ts'

type JsonObject = Record<string, unknown>

/** Changes the object and returns the paths of what went. */
export function pruneObject(props: Props | undefined, object: KubeObject): string[] {
  const unknown = pruneMetadata(object.metadata, 'metadata')
  if (props !== undefined) pruneMap(props, object as unknown as JsonObject, { path: '', isResource: true, unknown })
  return unknown
}

function pruneMetadata(metadata: unknown, path: string): string[] {
  if (typeof metadata !== 'object' || metadata === null) return []
  const found = decodeStrict(objectMetaSchema(), metadata).unknown.map((error) =>
    error.replace('field "', `field "${path}.`),
  )
  if (found.length > 0) pruneTyped(objectMetaSchema(), metadata)
  return found
}

interface Place {
  path: string
  /** apiVersion, kind and metadata belong here without being named. */
  isResource: boolean
  unknown: string[]
}

function pruneValue(props: Props, value: unknown, path: string, unknown: string[]): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    const items = itemsOf(props)
    if (items === undefined) return
    for (const [index, item] of value.entries()) pruneValue(items, item, `${path}[${index}]`, unknown)
    return
  }
  const isResource = props['x-kubernetes-embedded-resource'] === true
  if (isResource && 'metadata' in value) unknown.push(...pruneMetadata(value.metadata, `${path}.metadata`))
  pruneMap(props, value as JsonObject, { path, isResource, unknown })
}

function pruneMap(props: Props, object: JsonObject, { path, isResource, unknown }: Place): void {
  const values = valuesOf(props)
  const keepsAll = preservesUnknown(props) || (props.additionalProperties as unknown) === true
  for (const [name, value] of Object.entries(object)) {
    if (isResource && (name === 'apiVersion' || name === 'kind' || name === 'metadata')) continue
    const child = path === '' ? name : `${path}.${name}`
    const property = propertyOf(props, name) ?? values
    if (property !== undefined) pruneValue(property, value, child, unknown)
    else if (!keepsAll) {
      delete object[name]
      unknown.push(`unknown field "${child}"`)
    }
  }
}
