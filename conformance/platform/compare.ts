// Compares the objects of two namespaces field by field.

import type { KubeObject } from '@binnacle/api'
import { isCompared, ownFields } from './normalize.ts'

export interface Comparison {
  objects: number
  fields: number
  /** One line for each object that only one has, and for each field that differs. */
  differences: readonly string[]
}

interface Sides {
  wanted: readonly KubeObject[]
  found: readonly KubeObject[]
  /** Paths of fields that only have to be there on both sides. */
  ignoring?: RegExp | undefined
}

export function compareObjects({ wanted, found, ignoring }: Sides): Comparison {
  const [before, after] = [byName(wanted), byName(found)]
  const differences: string[] = []
  let fields = 0
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [their, our] = [before.get(name), after.get(name)]
    if (their === undefined || our === undefined) {
      differences.push(`${name}: only ${our === undefined ? 'deployed' : 'exported'}`)
      continue
    }
    for (const path of new Set([...their.keys(), ...our.keys()])) {
      fields++
      const isIgnored = their.has(path) && our.has(path) && ignoring?.test(path) === true
      if (their.get(path) !== our.get(path) && !isIgnored)
        differences.push(`${name}: ${path}: deployed ${their.get(path) ?? '-'}, exported ${our.get(path) ?? '-'}`)
    }
  }
  return { objects: before.size, fields, differences }
}

function byName(objects: readonly KubeObject[]): Map<string, Map<string, string>> {
  return new Map(
    objects
      .filter(isCompared)
      .map((object) => [`${object.apiVersion} ${object.kind}/${object.metadata.name}`, ownFields(object)]),
  )
}
