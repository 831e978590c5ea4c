// What the form of an object is made from: the schema of its kind, ours or as the cluster tells it.

import { type GraphNode, groupOf, kindKeyOf, schemaOf } from '@binnacle/canvas-core'
import type { AnySchema } from '@binnacle/model'
import { useEffect, useState } from 'react'
import { isKubeError } from '../data/kube-api.ts'
import { askSchema } from '../data/openapi.ts'
import { learnSchema, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'

export interface Form {
  /** Undefined where there is none. */
  schema: AnySchema | undefined
  /** Where in the object its fields are: '' for the object itself. */
  path: '' | 'spec'
  /** Why there is none, and that it is asked for. */
  note: string
}

/** Fields that are no settings: what the object is, and how it is. */
const passedOver: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status'])

function formOf({ properties = {} }: AnySchema): Pick<Form, 'schema' | 'path'> {
  const shown = Object.entries(properties).filter(([name]) => !passedOver.has(name))
  const [[only, spec] = []] = shown
  if (shown.length === 1 && only === 'spec' && spec?.properties !== undefined) return { schema: spec, path: 'spec' }
  const isOpen = shown.every(([, { properties: fields, type }]) => fields === undefined && type === undefined)
  return { schema: isOpen ? undefined : { type: 'object', properties: Object.fromEntries(shown) }, path: '' }
}

/** Asks for the schema where it is not known and `isWanted`. */
export function useForm({ object }: GraphNode, isWanted: boolean): Form {
  const known = useCanvas(({ editor }) => schemaOf(editor.document, object))
  const [note, setNote] = useState<string>(texts.loading)
  const { apiVersion = '', kind = '' } = object
  const isMissing = isWanted && known === undefined
  useEffect(() => {
    if (!isMissing) return undefined
    let isLeft = false
    setNote(texts.loading)
    void learned({ apiVersion, kind }).then((told) => isLeft || setNote(told))
    return () => {
      isLeft = true
    }
  }, [isMissing, apiVersion, kind])
  if (known === undefined) return { schema: undefined, path: '', note }
  const { schema, path } = formOf(known)
  return { schema, path, note: schema === undefined ? texts.form.noSchema(kind) : '' }
}

/** Has the document know the schema; gives the reason where there is none to know. */
async function learned({ apiVersion, kind }: { apiVersion: string; kind: string }): Promise<string> {
  try {
    const version = apiVersion.slice(apiVersion.indexOf('/') + 1)
    const schema = await askSchema({ group: groupOf(apiVersion), version, kind })
    if (schema === undefined) return texts.form.noSchema(kind)
    learnSchema(kindKeyOf({ apiVersion, kind }), schema)
    return ''
  } catch (error) {
    if (!isKubeError(error)) throw error
    return texts.form.notTold(error.message)
  }
}
