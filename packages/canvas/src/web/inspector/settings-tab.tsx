// The fields of an object as a form, made from the schema that the API server validates with.

import { type GraphNode, objectDiff, objectOf, schemaOf } from '@binnacle/canvas-core'
import { type JSX, useMemo } from 'react'
import { act, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { SchemaForm } from './schema-form.tsx'

export function SettingsTab({ node, canEdit }: { node: GraphNode; canEdit: boolean }): JSX.Element {
  const document = useCanvas((state) => state.editor.document)
  const refused = useCanvas((state) => state.deployment.problems)
  const object = objectOf(document, node.key) ?? node.object
  const schema = schemaOf(document, object)?.properties?.['spec']
  const staged = useMemo(() => {
    const lines = objectDiff(document, node.key)?.lines ?? []
    return lines.map(({ path }) => path)
  }, [document, node.key])
  const problems = [
    ...node.problems.map(({ path, message, severity }) => ({ path, message, severity })),
    ...refused
      .filter(({ key }) => key === node.key)
      .flatMap(({ fields }) => fields.map(({ path, message }) => ({ path, message, severity: 'error' as const }))),
  ]
  if (schema?.properties === undefined) return <p className="sec quiet">{texts.form.noSchema}</p>
  return (
    <div className="sec">
      <SchemaForm
        schema={schema}
        value={object['spec']}
        path="spec"
        problems={problems}
        readOnly={!canEdit}
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
  )
}
