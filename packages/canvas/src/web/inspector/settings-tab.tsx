// The fields of an object as a form, made from the schema that the API server validates with, and beside it, where a person
// wants that, the same as YAML. Both edit the document; neither knows of the other. Without a schema there is the YAML.

import { type FieldPath, type GraphNode, objectDiff, objectOf } from '@binnacle/canvas-core'
import { type JSX, type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { act, redoStep, showBeside, undoStep, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { writtenObject } from './as-yaml.ts'
import { ObjectYaml } from './object-yaml.tsx'
import { SchemaForm } from './schema-form.tsx'
import type { Form } from './use-form.ts'
import { useFieldProblems } from './use-field-problems.ts'

/** The field that a person is at, and on which side. */
interface Marked {
  path: FieldPath
  side: 'form' | 'yaml'
}

interface SettingsProps {
  node: GraphNode
  form: Form
  canEdit: boolean
}

export function SettingsTab({ node, form: { schema, path, note }, canEdit }: SettingsProps): JSX.Element {
  const document = useCanvas((state) => state.editor.document)
  const isBeside = useCanvas((state) => state.isYamlBeside)
  const object = objectOf(document, node.key) ?? node.object
  const staged = useMemo(() => {
    const lines = objectDiff(document, node.key)?.lines ?? []
    return lines.map(({ path }) => path)
  }, [document, node.key])
  const problems = useFieldProblems(node)
  const [marked, setMarked] = useState<Marked>()
  const pane = useRef<HTMLDivElement>(null)
  const led = useMemo(() => marked && { path: marked.path, isLed: marked.side === 'form' }, [marked])
  useWideSide(isBeside && schema !== undefined)
  useEffect(() => {
    if (marked?.side === 'yaml') pane.current?.querySelector('[data-marked=true]')?.scrollIntoView({ block: 'nearest' })
  }, [marked])
  if (schema === undefined)
    return (
      <>
        <p className="sec quiet" role="status">
          {note}
        </p>
        <ObjectYaml node={node} canEdit={canEdit} problems={problems} shown={writtenObject} />
      </>
    )
  return (
    <div className="settings" data-beside={isBeside}>
      <div className="settings-bar">
        <button
          className="btn"
          aria-pressed={isBeside}
          title={texts.yaml.beside}
          onClick={() => {
            setMarked(undefined)
            showBeside(!isBeside)
          }}
        >
          <Icon name="beside" size={14} /> {texts.inspector.tabs.yaml}
        </button>
      </div>
      <div className="panes">
        <div
          className="sec form-pane"
          ref={pane}
          role="group"
          aria-label={texts.inspector.tabs.settings}
          // What scrolls has to be reached by keys also where all its fields are locked.
          tabIndex={isBeside && !canEdit ? 0 : undefined}
          onFocus={({ target }) => {
            const path = target.closest<HTMLElement>('[data-path]')?.dataset['path']
            if (path !== undefined) setMarked({ path, side: 'form' })
          }}
          onKeyDown={onHistoryKey}
        >
          <SchemaForm
            schema={schema}
            value={path === '' ? object : object[path]}
            path={path}
            problems={problems}
            readOnly={!canEdit}
            marked={isBeside ? marked?.path : undefined}
            staged={(path) =>
              staged.some((one) => one === path || one.startsWith(`${path}.`) || one.startsWith(`${path}[`))
            }
            change={(path, value) =>
              act(
                value === undefined
                  ? { type: 'removeField', key: node.key, path }
                  : { type: 'setField', key: node.key, path, value },
                { label: path, mergeKey: `set:${node.key}:${path}` },
              )
            }
          />
        </div>
        {isBeside && (
          <section className="yaml-pane" aria-label={texts.inspector.tabs.yaml}>
            <ObjectYaml
              node={node}
              canEdit={canEdit}
              problems={problems}
              shown={writtenObject}
              marked={led}
              onField={(path) => setMarked({ path, side: 'yaml' })}
            />
          </section>
        )}
      </div>
    </div>
  )
}

/** In a field too, the keys of undo lead through the edits of the document: those of the YAML are among them. */
function onHistoryKey(event: KeyboardEvent): void {
  const { key, ctrlKey, metaKey, shiftKey, target } = event
  if (!(ctrlKey || metaKey) || !(target instanceof Element) || !target.matches('input, textarea, select')) return
  const name = key.toLowerCase()
  if (name !== 'z' && name !== 'y') return
  event.preventDefault()
  if (name === 'y' || shiftKey) redoStep()
  else undoStep()
}

/** Makes the inspector as wide as two panes need while they are there. */
function useWideSide(isWide: boolean): void {
  useLayoutEffect(() => {
    if (!isWide) return undefined
    const { dataset } = document.documentElement
    dataset['wideSide'] = 'true'
    return () => {
      delete dataset['wideSide']
    }
  }, [isWide])
}
