// One history for a text and the object that it stands for: what the object has not taken over yet, a comment or half a
// line, is undone in the text, and everything else where the object's edits are kept.

import { isolateHistory, redo, undo, undoDepth } from '@codemirror/commands'
import { EditorState, type Extension, Prec } from '@codemirror/state'
import { type EditorView, type KeyBinding, keymap } from '@codemirror/view'

export interface ObjectHistory {
  undo: () => void
  redo: () => void
}

export class SharedHistory {
  /** How many steps the text's own history had when the object last took the text over. */
  #taken = 0
  /** Steps of the text alone that can be redone. */
  #undone = 0
  readonly extension: Extension

  constructor(object: ObjectHistory) {
    const isAhead = (state: EditorState): boolean => undoDepth(state) > this.#taken
    const undoOne = (view: EditorView): boolean => {
      if (!isAhead(view.state)) object.undo()
      else if (undo(view)) this.#undone += 1
      return true
    }
    const redoOne = (view: EditorView): boolean => {
      if (this.#undone > 0 && redo(view)) this.#undone -= 1
      else object.redo()
      return true
    }
    const keys: KeyBinding[] = [
      { key: 'Mod-z', run: undoOne, preventDefault: true },
      { key: 'Mod-y', run: redoOne, preventDefault: true },
      { key: 'Mod-Shift-z', run: redoOne, preventDefault: true },
    ]
    this.extension = [
      Prec.highest(keymap.of(keys)),
      // What is typed from here on is no part of what the object has.
      EditorState.transactionExtender.of(({ docChanged, startState }) =>
        docChanged && !isAhead(startState) ? { annotations: isolateHistory.of('before') } : null,
      ),
    ]
  }

  /** The object has all of the text. */
  take(state: EditorState): void {
    this.#taken = undoDepth(state)
    this.#undone = 0
  }
}
