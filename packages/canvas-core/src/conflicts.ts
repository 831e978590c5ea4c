// A conflict as a person decides it: what was before both edits, what they made of it, and what is wanted here. Of a whole
// object that one side deletes, the other side is what it changed. What is secret is not shown.

import type { Unstructured } from '@binnacle/api'
import { type DiffLine, diffLines, fieldLabel, maskedValue } from './diff.ts'
import { type CanvasDocument, type Conflict, schemaOf } from './document.ts'
import { parseKey } from './object-key.ts'
import { isRecord } from './schemas.ts'

export type ConflictSide =
  | { readonly type: 'value'; readonly value: unknown }
  /** The whole object, as it was. */
  | { readonly type: 'object' }
  | { readonly type: 'deleted' }
  | { readonly type: 'changed'; readonly lines: readonly DiffLine[] }

export interface ConflictView {
  readonly type: 'bothChanged' | 'theyDeleted' | 'iDelete'
  /** The field in a person's words; of a whole object its name. */
  readonly label: string
  readonly base: ConflictSide
  readonly theirs: ConflictSide
  readonly mine: ConflictSide
}

export function conflictView(document: CanvasDocument, { key, path, base, mine, theirs }: Conflict): ConflictView {
  if (path === '') {
    const changed = (object: unknown): ConflictSide => ({
      type: 'changed',
      lines: linesBetween(document, base, object),
    })
    return {
      type: theirs === undefined ? 'theyDeleted' : 'iDelete',
      label: parseKey(key).name,
      base: { type: 'object' },
      theirs: theirs === undefined ? { type: 'deleted' } : changed(theirs),
      mine: mine === undefined ? { type: 'deleted' } : changed(mine),
    }
  }
  const object = document.live.get(key)
  const isSecret = parseKey(key).kind === 'Secret' && /^(?:data|stringData)\b/.test(path)
  const side = (value: unknown): ConflictSide => ({
    type: 'value',
    value: isSecret && value !== undefined ? maskedValue : value,
  })
  const label = fieldLabel(object && schemaOf(document, object), path)
  return { type: 'bothChanged', label, base: side(base), theirs: side(theirs), mine: side(mine) }
}

function linesBetween(document: CanvasDocument, before: unknown, after: unknown): readonly DiffLine[] {
  if (!isObject(before) || !isObject(after)) return []
  return diffLines(before, after, schemaOf(document, after))
}

function isObject(value: unknown): value is Unstructured {
  return isRecord(value) && isRecord(value['metadata'])
}
