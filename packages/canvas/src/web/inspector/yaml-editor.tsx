// An object as YAML, in step with whatever else shows or edits it. Loaded when it is looked at.

import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { forceLinting, lintGutter, linter } from '@codemirror/lint'
import { Annotation, Compartment, EditorState, Transaction } from '@codemirror/state'
import { EditorView, type ViewUpdate } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { basicSetup } from 'codemirror'
import { deepEqual } from '@binnacle/api'
import { type FieldPath, mergeThreeWays } from '@binnacle/canvas-core'
import { type JSX, useEffect, useRef, useState } from 'react'
import { parseDocument } from 'yaml'
import { texts } from '../texts.ts'
import { markField, markedLines, markedPlace } from './marked-lines.ts'
import type { FieldProblem } from './field-problem.ts'
import { type ObjectHistory, SharedHistory } from './shared-history.ts'
import { patchedYaml, textChange, yamlOf } from './yaml-patch.ts'
import { pathAt } from './yaml-places.ts'
import { problemsInText, readObject } from './yaml-problems.ts'

type Value = Readonly<Record<string, unknown>>

interface YamlEditorProps {
  value: Value
  readOnly: boolean
  label: string
  /** What is wrong with fields of the value. */
  problems: readonly FieldProblem[]
  /** Takes over what was typed, at the field, and gives the value that there is then. Called with what can be read only. */
  onChange: (value: Value, path: FieldPath) => Value
  history: ObjectHistory
  /** The field whose lines are set off; `isLed` where the text shall scroll to them. */
  marked?: { path: FieldPath; isLed: boolean } | undefined
  /** Called with the field that a person has gone to in the text. */
  onField?: (path: FieldPath) => void
}

/** Marks a change that did not come from typing. */
const fromOutside = Annotation.define<boolean>()

const theme = EditorView.theme({
  '&': { height: '100%', fontSize: '12px', backgroundColor: 'transparent', color: 'var(--tx)' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--tx-3)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--s-3) 50%, transparent)' },
  '.cm-marked': { backgroundColor: 'color-mix(in srgb, var(--primary) 12%, transparent)' },
  '.cm-content': { caretColor: 'var(--primary)' },
  '.cm-cursor': { borderLeftColor: 'var(--primary)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--primary) 25%, transparent) !important',
  },
  '.cm-tooltip': { backgroundColor: 'var(--s-3)', border: '1px solid var(--line)', color: 'var(--tx)' },
})

/** The library's own colours are made for a white page only. */
const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--svc)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--db)' },
  { tag: [tags.number, tags.bool, tags.keyword, tags.null], color: 'var(--fn)' },
  { tag: [tags.comment, tags.meta, tags.separator, tags.punctuation], color: 'var(--tx-3)' },
  { tag: tags.invalid, color: 'var(--bad)' },
])

export function YamlEditor(props: YamlEditorProps): JSX.Element {
  const { value, readOnly, label, problems, marked } = props
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(undefined)
  const latest = useRef(props)
  latest.current = props
  /** What the text said when it could last be read, as the document has it. */
  const agreed = useRef(value)
  const editable = useRef(new Compartment())
  const [fault, setFault] = useState<{ line: number; message: string }>()
  const [history] = useState(
    () => new SharedHistory({ undo: () => latest.current.history.undo(), redo: () => latest.current.history.redo() }),
  )

  useEffect(() => {
    const parent = host.current
    if (parent === null) return undefined
    const editor = new EditorView({
      parent,
      state: EditorState.create({
        doc: yamlOf(agreed.current),
        extensions: [
          basicSetup,
          history.extension,
          yaml(),
          theme,
          markedLines,
          lintGutter(),
          linter(({ state }) => problemsInText(state.doc.toString(), latest.current.problems, latest.current.value), {
            delay: 200,
          }),
          editable.current.of(EditorState.readOnly.of(readOnly)),
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          syntaxHighlighting(colours),
          EditorView.lineWrapping,
          EditorView.updateListener.of((update) => {
            const isOurs = update.transactions.some((one) => one.annotation(fromOutside) === true)
            if (isOurs) return
            if (update.docChanged) takeOver(update)
            else if (update.transactions.some((one) => one.isUserEvent('select')))
              latest.current.onField?.(fieldAtCursor(update.state))
          }),
        ],
      }),
    })
    view.current = editor
    return () => editor.destroy()
    // One editor for the life of the tab; the value comes in below.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [])

  /** What was typed becomes the value, together with what else has changed since the text could last be read. */
  function takeOver({ state, view: editor }: ViewUpdate): void {
    const text = state.doc.toString()
    const { value: typed, problems: found } = readObject(text, latest.current.value)
    const first = found.find(({ severity }) => severity === 'error')
    setFault(first && { line: state.doc.lineAt(first.from).number, message: first.message })
    if (typed === undefined) return
    const path = fieldAtCursor(state)
    latest.current.onField?.(path)
    const { merged } = mergeThreeWays<Value>({ base: agreed.current, mine: typed, theirs: latest.current.value })
    // A comment is the text's alone.
    if (!deepEqual(merged, latest.current.value)) {
      agreed.current = latest.current.onChange(merged, path)
      history.take(state)
    } else agreed.current = latest.current.value
    write(editor, patchedYaml(text, { before: typed, after: merged }))
  }

  useEffect(() => {
    const editor = view.current
    if (editor === undefined || deepEqual(agreed.current, value)) return
    const text = editor.state.doc.toString()
    // What cannot be read is not lost: it comes together with the value once it can be.
    if (readObject(text, value).value === undefined) return
    write(editor, patchedYaml(text, { before: agreed.current, after: value }))
    agreed.current = value
    // Steps go back in the order in which they were made: what is newer comes first.
    history.take(editor.state)
  }, [value, history])

  useEffect(() => {
    if (view.current !== undefined) forceLinting(view.current)
  }, [problems])

  useEffect(() => {
    view.current?.dispatch({ effects: editable.current.reconfigure(EditorState.readOnly.of(readOnly)) })
  }, [readOnly])

  useEffect(() => {
    const editor = view.current
    if (editor === undefined) return
    editor.dispatch({ effects: markField.of(marked?.path) })
    const place = marked?.isLed === true ? markedPlace(editor.state) : undefined
    if (place !== undefined)
      editor.dispatch({ effects: EditorView.scrollIntoView(place, { y: 'nearest', yMargin: 40 }) })
  }, [marked])

  return (
    <div className="yaml">
      <p className={fault === undefined ? 'meta' : 'problem error'} role="status">
        {readOnly
          ? texts.yaml.readOnly
          : fault === undefined
            ? texts.yaml.hint
            : texts.yaml.fault(fault.line, fault.message)}
      </p>
      <div ref={host} className="yaml-host" />
    </div>
  )
}

function fieldAtCursor({ doc, selection }: EditorState): FieldPath {
  const { head } = selection.main
  const { from, text } = doc.lineAt(head)
  // Before the first word of a line a person means the line.
  const indent = /^[\s-]*/.exec(text)?.[0].length ?? 0
  return pathAt(parseDocument(doc.toString()), Math.max(head, from + indent))
}

/** Puts another text in place, where it differs. */
function write(editor: EditorView, text: string): void {
  const changes = textChange(editor.state.doc.toString(), text)
  if (changes === undefined) return
  editor.dispatch({ changes, annotations: [fromOutside.of(true), Transaction.addToHistory.of(false)] })
}
