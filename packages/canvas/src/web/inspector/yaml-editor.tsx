// An object as YAML, beside the form and in step with it. Loaded when it is looked at.

import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { forceLinting, lintGutter, linter } from '@codemirror/lint'
import { Annotation, Compartment, EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { basicSetup } from 'codemirror'
import type { Problem } from '@binnacle/canvas-core'
import { type JSX, useEffect, useRef } from 'react'
import { parseDocument, stringify } from 'yaml'
import { texts } from '../texts.ts'
import { problemsInText } from './yaml-problems.ts'

interface YamlEditorProps {
  value: unknown
  readOnly: boolean
  label: string
  /** What is wrong with fields of the value. */
  problems: readonly Problem[]
  /** Called with each text that is good YAML and an object. */
  onChange: (value: Record<string, unknown>) => void
}

/** Marks a change that did not come from typing. */
const fromOutside = Annotation.define<boolean>()

const theme = EditorView.theme({
  '&': { height: '100%', fontSize: '12px', backgroundColor: 'transparent', color: 'var(--tx)' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--tx-3)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--s-3) 50%, transparent)' },
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

function textOf(value: unknown): string {
  return stringify(value, { lineWidth: 0 })
}

export function YamlEditor({ value, readOnly, label, problems, onChange }: YamlEditorProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(undefined)
  const latest = useRef(onChange)
  latest.current = onChange
  const known = useRef(problems)
  known.current = problems
  /** The text of the value that the editor itself gave: it must not come back and move the cursor. */
  const given = useRef<string>(undefined)
  const editable = useRef(new Compartment())

  useEffect(() => {
    const parent = host.current
    if (parent === null) return undefined
    const editor = new EditorView({
      parent,
      state: EditorState.create({
        doc: textOf(value),
        extensions: [
          basicSetup,
          yaml(),
          theme,
          lintGutter(),
          linter(({ state }) => problemsInText(state.doc.toString(), known.current), { delay: 200 }),
          editable.current.of(EditorState.readOnly.of(readOnly)),
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          syntaxHighlighting(colours),
          EditorView.lineWrapping,
          EditorView.updateListener.of((update) => {
            if (!update.docChanged || update.transactions.some((one) => one.annotation(fromOutside) === true)) return
            const document = parseDocument(update.state.doc.toString())
            const parsed: unknown = document.errors.length > 0 ? undefined : document.toJS()
            if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return
            given.current = textOf(parsed)
            latest.current(parsed as Record<string, unknown>)
          }),
        ],
      }),
    })
    view.current = editor
    return () => editor.destroy()
    // One editor for the life of the tab; the value comes in below.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [])

  useEffect(() => {
    const editor = view.current
    const text = textOf(value)
    if (editor === undefined || text === given.current || text === editor.state.doc.toString()) return
    editor.dispatch({
      changes: { from: 0, to: editor.state.doc.length, insert: text },
      annotations: fromOutside.of(true),
    })
  }, [value])

  useEffect(() => {
    if (view.current !== undefined) forceLinting(view.current)
  }, [problems])

  useEffect(() => {
    view.current?.dispatch({ effects: editable.current.reconfigure(EditorState.readOnly.of(readOnly)) })
  }, [readOnly])

  return (
    <div className="yaml">
      <p className="meta">{readOnly ? texts.yaml.readOnly : texts.yaml.hint}</p>
      <div ref={host} className="yaml-host" />
    </div>
  )
}
