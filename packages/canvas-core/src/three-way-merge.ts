// Two edits of the same thing brought together, field by field: what only one of them changed is taken from it, what both
// changed to different values is a conflict, in which ours stays until a person decides.

import { deepEqual } from '@binnacle/api'
import type { AnySchema } from '@binnacle/model'
import { type FieldPath, fieldPath, itemPath } from './field-path.ts'
import { childSchema, isRecord, itemKeys } from './schemas.ts'

export interface Merge<T> {
  merged: T
  /** Fields that both sides changed, with what they were before. */
  conflicts: readonly { path: FieldPath; base: unknown }[]
}

/** Undefined stands for an absent value, on any side. */
export function mergeThreeWays<T>(
  { base, mine, theirs }: { base: unknown; mine: T; theirs: unknown },
  schema?: AnySchema,
): Merge<T> {
  const conflicts: { path: FieldPath; base: unknown }[] = []
  const merged = merge({ base, mine, theirs }, { path: '', schema, conflicts })
  return { merged: merged as T, conflicts }
}

interface Sides {
  base: unknown
  mine: unknown
  theirs: unknown
}

interface Place {
  path: FieldPath
  schema: AnySchema | undefined
  conflicts: { path: FieldPath; base: unknown }[]
}

/** Absent is the same as the default, which the server writes where nothing is. */
function same(left: unknown, right: unknown, schema: AnySchema | undefined): boolean {
  return deepEqual(left ?? schema?.default, right ?? schema?.default)
}

function merge({ base, mine, theirs }: Sides, place: Place): unknown {
  const { schema } = place
  if (same(mine, theirs, schema)) return theirs
  if (same(base, theirs, schema)) return mine
  if (same(base, mine, schema)) return theirs
  if (isRecord(mine) && isRecord(theirs)) return mergeObjects({ base, mine, theirs }, place)
  if (Array.isArray(mine) && Array.isArray(theirs)) {
    const merged = mergeLists({ base: base ?? [], mine, theirs }, place)
    if (merged !== undefined) return merged
  }
  place.conflicts.push({ path: place.path, base })
  return mine
}

function mergeObjects({ base, mine, theirs }: Sides, { path, schema, conflicts }: Place): unknown {
  const [before, ours, others] = [base, mine, theirs].map((side) => (isRecord(side) ? side : {})) as [
    Readonly<Record<string, unknown>>,
    Readonly<Record<string, unknown>>,
    Readonly<Record<string, unknown>>,
  ]
  const merged: Record<string, unknown> = {}
  for (const name of new Set([...Object.keys(ours), ...Object.keys(others)])) {
    const value = merge(
      { base: before[name], mine: ours[name], theirs: others[name] },
      { path: fieldPath(path, name), schema: childSchema(schema, name), conflicts },
    )
    if (value !== undefined) merged[name] = value
  }
  return merged
}

/** Lists that are maps, by their keys, in our order; undefined where they are none. */
function mergeLists({ base, mine, theirs }: Sides, { path, schema, conflicts }: Place): unknown[] | undefined {
  const [before, ours, others] = [base, mine, theirs].map((side) => byKey(side, schema))
  if (before === undefined || ours === undefined || others === undefined) return undefined
  const merged: unknown[] = []
  // Our order, then what only they have.
  for (const key of new Set([...ours.keys(), ...others.keys()])) {
    const value = merge(
      { base: before.get(key), mine: ours.get(key), theirs: others.get(key) },
      { path: itemPath(path, key), schema: schema?.items, conflicts },
    )
    if (value !== undefined) merged.push(value)
  }
  return merged
}

function byKey(list: unknown, schema: AnySchema | undefined): Map<string, unknown> | undefined {
  if (!Array.isArray(list)) return undefined
  const keys = itemKeys(list, schema)
  return keys === undefined ? undefined : new Map(keys.map((key, index) => [key, list[index]] as const))
}
