// What a person sees of a change: two objects as YAML without what the server adds, values of Secrets hidden, and the
// lines that differ.

import { createHash } from 'node:crypto'
import type { KubeObject } from '@binnacle/api'
import { canvasAnnotation, groupAnnotation, positionAnnotation } from '@binnacle/model'
import { stringify } from 'yaml'
import { coloured, unifiedDiff } from './text-diff.ts'

export interface ObjectChange {
  /** `Microservice/web`. */
  name: string
  before: KubeObject | undefined
  after: KubeObject | undefined
}

/** The changes as text, and how many objects differ. */
export function showChanges(
  changes: readonly ObjectChange[],
  stream: NodeJS.WritableStream,
): { text: string; count: number } {
  const parts = changes.flatMap(({ name, before, after }) => {
    const lines = unifiedDiff(objectText(before), objectText(after))
    if (lines.length === 0) return []
    const what = before === undefined ? 'new' : after === undefined ? 'removed' : 'changed'
    return [[`${name} (${what})`, ...coloured(lines, stream), ''].join('\n')]
  })
  return { text: parts.join('\n'), count: parts.length }
}

/** Fields that differ, as `spec.image`, for a table's cell. */
export function changedFields(before: unknown, after: unknown, path = ''): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  if (!isRecord(before) || !isRecord(after)) return [path]
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
    changedFields(before[key], after[key], path === '' ? key : `${path}.${key}`),
  )
}

/** Where a node stands on the Canvas is no change. */
const layout: readonly string[] = [positionAnnotation, groupAnnotation, canvasAnnotation]
const serverFields = ['managedFields', 'resourceVersion', 'uid', 'generation', 'creationTimestamp', 'selfLink']

/** The object as its author would write it, with its keys in order; empty for none. */
export function objectText(object: KubeObject | undefined): string {
  if (object === undefined) return ''
  const { status: _status, ...rest } = object as KubeObject & { status?: unknown }
  const metadata = Object.fromEntries(Object.entries(rest.metadata).filter(([key]) => !serverFields.includes(key)))
  if (isRecord(metadata['annotations'])) {
    const kept = Object.entries(metadata['annotations']).filter(([key]) => !layout.includes(key))
    if (kept.length === 0) delete metadata['annotations']
    else metadata['annotations'] = Object.fromEntries(kept)
  }
  return stringify(masked({ ...rest, metadata }), { sortMapEntries: true, lineWidth: 0 })
}

/** Values of a Secret as a hash of theirs: whether they differ can be seen, what they are cannot. */
function masked(object: KubeObject): object {
  if (object.kind !== 'Secret') return object
  const hidden = (values: unknown, encoding: 'base64' | 'utf8'): Record<string, string> =>
    Object.fromEntries(
      Object.entries(isRecord(values) ? values : {}).map(([key, value]) => [
        key,
        hash(Buffer.from(String(value), encoding)),
      ]),
    )
  const { data, stringData, ...rest } = object as KubeObject & { data?: unknown; stringData?: unknown }
  return { ...rest, data: { ...hidden(data, 'base64'), ...hidden(stringData, 'utf8') } }
}

/** Of no use to whoever wants the value: salted anew in each process. */
const salt = crypto.randomUUID()
function hash(value: Buffer): string {
  return `*** (${createHash('sha256').update(salt).update(value).digest('hex').slice(0, 8)})`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
