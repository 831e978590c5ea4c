// Objects that will be deleted while others still need them: the error stands at what is deleted, since the others are as
// they were.

import type { Unstructured } from '@binnacle/api'
import type { CanvasDocument } from '../document.ts'
import { type ObjectKey, parseKey } from '../object-key.ts'
import type { Problem } from '../problem.ts'
import { bindingsWire, credentialsWire, usesWire } from '../wires/own-wires.ts'
import { WireIndex } from '../wires/wire-index.ts'
import { wiresFrom } from '../wires/wires.ts'

/** Wires whose lower end a workload cannot do without. */
const needed: ReadonlySet<string> = new Set([usesWire.id, bindingsWire.id, credentialsWire.id])

const verbs: Readonly<Record<string, string>> = {
  [usesWire.id]: 'still uses it',
  [bindingsWire.id]: 'is still bound to it',
  [credentialsWire.id]: 'still logs in with it',
}

/** By the object that is deleted; `objects` are those that stay. */
export function removalProblems(
  { staged }: Pick<CanvasDocument, 'staged'>,
  objects: ReadonlyMap<ObjectKey, Unstructured>,
): ReadonlyMap<ObjectKey, readonly Problem[]> {
  const removed = new Map<ObjectKey, Unstructured>()
  for (const [key, change] of staged) if (change.type === 'delete') removed.set(key, change.base)
  const found = new Map<ObjectKey, readonly Problem[]>()
  if (removed.size === 0) return found
  const index = new WireIndex(removed)
  for (const [from, object] of objects)
    for (const { kind, to } of wiresFrom(from, object, index)) {
      if (!needed.has(kind)) continue
      const { name } = parseKey(from)
      const message = `${name} ${verbs[kind]}: remove the wire from ${name}, or discard the deletion`
      const problem: Problem = { key: to, path: '', severity: 'error', reason: 'StillNeeded', message }
      found.set(to, [...(found.get(to) ?? []), problem])
    }
  return found
}
