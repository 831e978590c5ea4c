// Which configuration a pod began with, as a text in its template: other configuration is another version of it.
// Cryptographic, so that an annotation that everybody reads tells nothing about a Secret.

import { createHash } from 'node:crypto'
import type { ConfigMap, Secret } from '@binnacle/api'
import { type Credentials, type DataSource, bindingKeysOf } from '@binnacle/model'

/** Of what the object holds, however it is written. */
export function configurationRevision(object: ConfigMap | Secret): string {
  const binary = 'binaryData' in object ? (object.binaryData ?? {}) : {}
  const texts = 'stringData' in object ? (object.stringData ?? {}) : {}
  const written = Object.entries(texts).map(([key, value]) => [key, Buffer.from(value).toString('base64')] as const)
  const entries = Object.entries({ ...object.data, ...binary, ...Object.fromEntries(written) })
  return digest(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Of what a data source's own pods take at their start. */
export function loginRevision({ spec }: DataSource, { username, password }: Credentials): string {
  return digest(bindingKeysOf(spec).includes('username') ? [username, password] : [password])
}

/** Tells versions apart without saying what they hold. */
export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}
