// The hash in the names of ReplicaSets and in the label that tells their pods apart. Upstream: ComputeHash in
// pkg/controller/controller_utils.go; its value depends on Go's printing of structs, so only the form is the same: FNV-1a
// over the template in a canonical order, written in letters that spell nothing.

import type { PodTemplateSpec } from '@binnacle/api'

/** apimachinery pkg/util/rand SafeEncodeString. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

export const podTemplateHashLabel = 'pod-template-hash'

/** `collisionCount` makes another hash of the same template when the first is taken. */
export function podTemplateHash(template: PodTemplateSpec, collisionCount: number | undefined): string {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(canonical(template) + (collisionCount === undefined ? '' : `#${collisionCount}`))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  }
  return String(hash).replaceAll(/\d/g, (digit) => alphabet.charAt(digit.charCodeAt(0) % alphabet.length))
}

/** JSON with sorted keys and without what is absent. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).filter(([, member]) => member !== undefined && member !== null)
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`)
    .join(',')}}`
}
