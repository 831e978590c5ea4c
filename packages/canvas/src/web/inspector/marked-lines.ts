// The lines of one field of the object, set off from the others: the field that the form has the focus on.

import type { FieldPath } from '@binnacle/canvas-core'
import { type EditorState, type Extension, StateEffect, StateField } from '@codemirror/state'
import { Decoration, type DecorationSet, EditorView } from '@codemirror/view'
import { parseDocument } from 'yaml'
import { rangeOf } from './yaml-places.ts'

/** Which field; undefined for none. */
export const markField = StateEffect.define<FieldPath | undefined>()

interface Marked {
  path: FieldPath | undefined
  lines: DecorationSet
}

const line = Decoration.line({ class: 'cm-marked' })

const marked = StateField.define<Marked>({
  create: () => ({ path: undefined, lines: Decoration.none }),
  update(before, transaction) {
    const path = transaction.effects.reduce((last, effect) => (effect.is(markField) ? effect.value : last), before.path)
    if (path === before.path && !transaction.docChanged) return before
    return { path, lines: linesOf(transaction.state, path) }
  },
  provide: (field) => EditorView.decorations.from(field, ({ lines }) => lines),
})

export const markedLines: Extension = marked

function linesOf({ doc }: EditorState, path: FieldPath | undefined): DecorationSet {
  if (path === undefined || path === '') return Decoration.none
  const text = doc.toString()
  const { from, to } = rangeOf(parseDocument(text), path)
  const end = from + text.slice(from, to).trimEnd().length
  if (end === 0) return Decoration.none
  const [first, last] = [doc.lineAt(from).number, doc.lineAt(end).number]
  return Decoration.set(
    Array.from({ length: last - first + 1 }, (_, index) => line.range(doc.line(first + index).from)),
  )
}

/** Where the marked lines begin. */
export function markedPlace(state: EditorState): number | undefined {
  return state.field(marked).lines.iter().value === null ? undefined : state.field(marked).lines.iter().from
}
