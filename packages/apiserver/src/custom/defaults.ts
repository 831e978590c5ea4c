// Fills in the defaults of a structural schema. Upstream: apiextensions-apiserver pkg/apiserver/schema/defaulting.

import { cloneJson } from '@binnacle/api'
import { type Props, itemsOf, valuesOf } from './structural-schema.ts'

/** Changes the value. A null where the schema allows none is taken as absent when there is a default. */
export function applySchemaDefaults(props: Props, value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    const items = itemsOf(props)
    if (items !== undefined) for (const item of value) applySchemaDefaults(items, item)
    return
  }
  const object = value as Record<string, unknown>
  for (const [name, property] of Object.entries(props.properties ?? {})) {
    const current = object[name]
    const isAbsent = current === undefined || (current === null && property.nullable !== true)
    if (isAbsent && property.default !== undefined) object[name] = cloneJson(property.default)
    applySchemaDefaults(property, object[name])
  }
  const values = valuesOf(props)
  if (values === undefined) return
  for (const [name, item] of Object.entries(object))
    if (props.properties?.[name] === undefined) applySchemaDefaults(values, item)
}

export function hasDefaults(props: Props | undefined): boolean {
  if (props === undefined) return false
  if (props.default !== undefined) return true
  const children = [...Object.values(props.properties ?? {}), itemsOf(props), valuesOf(props)]
  return children.some((child) => child !== undefined && hasDefaults(child))
}
