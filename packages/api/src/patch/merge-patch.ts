// application/merge-patch+json (RFC 7386).

import { setOwn } from '../clone.ts'
import { badRequest } from '../errors.ts'

type JsonObject = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The patched document, which shares with `document` and `patch` what did not change. Throws 400 unless both are objects. */
export function applyMergePatch<T>(document: T, patch: unknown): T {
  if (!isObject(patch)) throw badRequest('Invalid JSON Patch')
  return merge(document, patch) as T
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else if (value !== undefined)
      setOwn(result, key, merge(Object.hasOwn(result, key) ? result[key] : undefined, value))
  }
  return result
}
