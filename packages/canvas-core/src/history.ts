// What can be undone and redone. A step is one command, or a run of commands that carry the same merge key: a drag, a word
// that is typed. Selection and scrolling are no steps.

import { type Command, apply } from './commands.ts'
import type { CanvasDocument } from './document.ts'
import { type DocumentChange, isNoChange, joined, reversed } from './draft.ts'

export interface Step {
  /** What a menu says: `Move api`. */
  readonly label: string
  readonly change: DocumentChange
  readonly mergeKey: string | undefined
}

export interface Editor {
  readonly document: CanvasDocument
  /** Oldest first. */
  readonly past: readonly Step[]
  /** Next to be redone last. */
  readonly future: readonly Step[]
}

export interface ExecuteOptions {
  /** What the step is called in menus; the command's type where absent. */
  label?: string
  /** Commands in a row with the same key are one step: `move:7` for the seventh drag, `set:api:spec.image` for a burst. */
  mergeKey?: string
}

/** Older steps than these are forgotten. */
const longest = 500

export function createEditor(document: CanvasDocument): Editor {
  return { document, past: [], future: [] }
}

/** @throws CommandError where the command cannot be carried out; nothing has changed then */
export function execute(editor: Editor, command: Command, { label, mergeKey }: ExecuteOptions = {}): Editor {
  const { document, change } = apply(editor.document, command)
  if (isNoChange(change)) return editor
  const last = editor.past.at(-1)
  const isSameStep = mergeKey !== undefined && last?.mergeKey === mergeKey && editor.future.length === 0
  const step: Step = isSameStep
    ? { ...last, change: joined(last.change, change) }
    : { label: label ?? command.type, change, mergeKey }
  const before = isSameStep ? editor.past.slice(0, -1) : editor.past
  return { document, past: [...before.slice(-(longest - 1)), step], future: [] }
}

/** The next command starts a step of its own, whatever its merge key. */
export function endStep(editor: Editor): Editor {
  const last = editor.past.at(-1)
  if (last?.mergeKey === undefined) return editor
  return { ...editor, past: [...editor.past.slice(0, -1), { ...last, mergeKey: undefined }] }
}

/** The same editor where there is nothing to undo. */
export function undo(editor: Editor): Editor {
  const step = editor.past.at(-1)
  if (step === undefined) return editor
  const { document } = apply(editor.document, { type: 'restore', change: reversed(step.change) })
  return { document, past: editor.past.slice(0, -1), future: [...editor.future, step] }
}

/** The same editor where there is nothing to redo. */
export function redo(editor: Editor): Editor {
  const step = editor.future.at(-1)
  if (step === undefined) return editor
  const { document } = apply(editor.document, { type: 'restore', change: step.change })
  return { document, past: [...editor.past, { ...step, mergeKey: undefined }], future: editor.future.slice(0, -1) }
}

/** The editor over a document that changed by other ways than commands: the cluster's changes. */
export function withDocument(editor: Editor, document: CanvasDocument): Editor {
  return document === editor.document ? editor : { ...editor, document }
}
