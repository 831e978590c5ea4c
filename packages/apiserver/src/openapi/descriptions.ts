// Texts of the built-in kinds for `kubectl explain`. They are not part of the repository: set-up makes them from the
// declarations of the kubernetes-models packages (scripts/descriptions.ts). Without them descriptions are empty.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** By OpenAPI name; '' is the type's own text. */
type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>

const file = 'packages/api/generated-docs/descriptions.json'

let loaded: Descriptions | undefined

function load(): Descriptions {
  // From the sources, from the bundle, and from a chunk of the bundle.
  const roots = ['../../../..', '..', '../..'].map((up) => join(import.meta.dirname, up, file))
  const found = roots.find((path) => existsSync(path))
  return found === undefined ? {} : (JSON.parse(readFileSync(found, 'utf8')) as Descriptions)
}

export function descriptionOf(type: string | undefined, field = ''): string | undefined {
  loaded ??= load()
  return type === undefined ? undefined : loaded[type]?.[field]
}
