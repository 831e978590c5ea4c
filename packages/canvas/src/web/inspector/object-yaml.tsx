// The YAML of a node's object, staged as it is typed.

import { type FieldPath, type GraphNode, objectOf } from '@binnacle/canvas-core'
import { type JSX, Suspense, useMemo } from 'react'
import { act, currentDocument, redoStep, undoStep, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { lazyPart } from '../ui/lazy-part.ts'
import type { FieldProblem } from './field-problem.ts'

const YamlEditor = lazyPart(async () => (await import('./yaml-editor.tsx')).YamlEditor)

interface ObjectYamlProps {
  node: GraphNode
  canEdit: boolean
  problems: readonly FieldProblem[]
  /** What of the object is shown. */
  shown: (object: GraphNode['object']) => GraphNode['object']
  marked?: { path: FieldPath; isLed: boolean } | undefined
  onField?: (path: FieldPath) => void
}

export function ObjectYaml({ node, canEdit, problems, shown, ...marks }: ObjectYamlProps): JSX.Element {
  const { key } = node
  const object = useCanvas(({ editor }) => objectOf(editor.document, key)) ?? node.object
  const value = useMemo(() => shown(object), [shown, object])
  return (
    <Suspense fallback={<p className="sec quiet">{texts.loading}</p>}>
      <YamlEditor
        value={value}
        readOnly={!canEdit}
        problems={problems}
        label={`${node.title} YAML`}
        history={history}
        onChange={(typed, path) => {
          act(
            { type: 'replaceResource', key, object: typed as GraphNode['object'] },
            { label: texts.inspector.tabs.yaml, mergeKey: `yaml:${key}:${path}` },
          )
          return shown(objectOf(currentDocument(), key) ?? object)
        }}
        {...marks}
      />
    </Suspense>
  )
}

const history = { undo: undoStep, redo: redoStep }
