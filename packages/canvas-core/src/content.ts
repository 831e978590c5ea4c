// What of an object is content, that people write and deploy: everything but its status, what the server says about it
// (metadata other than labels and annotations), and where it stands on the Canvas.

import { type Unstructured, deepEqual } from '@binnacle/api'
import {
  type AnySchema,
  canvasAnnotation,
  groupAnnotation,
  positionAnnotation,
  restartedAtAnnotation,
  testConnectionAnnotation,
} from '@binnacle/model'
import { withDefaults } from './schemas.ts'

/** Annotations that are no content: the Canvas's own, what asks for something once, and what other tools note. */
const passedOver: ReadonlySet<string> = new Set([
  positionAnnotation,
  groupAnnotation,
  canvasAnnotation,
  restartedAtAnnotation,
  testConnectionAnnotation,
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
])

type Texts = Readonly<Record<string, string>>

/** An object with nothing but its content; `metadata` holds labels and annotations only. */
export type Content = Readonly<Record<string, unknown>>

const contents = new WeakMap<Unstructured, Content>()

export function contentOf(object: Unstructured): Content {
  let content = contents.get(object)
  if (content === undefined) {
    const { status: _status, metadata, ...rest } = object
    const { labels, annotations } = metadata
    const noted = contentAnnotations(annotations)
    content = {
      ...rest,
      metadata: { ...(labels === undefined ? {} : { labels }), ...(noted === undefined ? {} : { annotations: noted }) },
    }
    contents.set(object, content)
  }
  return content
}

function contentAnnotations(annotations: Texts | undefined): Texts | undefined {
  if (annotations === undefined) return undefined
  const kept = Object.entries(annotations).filter(([name]) => !passedOver.has(name))
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

function otherAnnotations(annotations: Texts | undefined): Texts {
  return Object.fromEntries(Object.entries(annotations ?? {}).filter(([name]) => passedOver.has(name)))
}

/** Whether both would be deployed as the same: absent is the same as empty, and with a schema as its default. */
export function sameContent(left: Unstructured, right: Unstructured, schema?: AnySchema): boolean {
  if (left === right || deepEqual(contentOf(left), contentOf(right))) return true
  return (
    schema !== undefined && deepEqual(withDefaults(contentOf(left), schema), withDefaults(contentOf(right), schema))
  )
}

/** The object that has the content, and everything else from `live`. */
export function withContent(content: Content, live: Unstructured): Unstructured {
  const { labels, annotations } = content['metadata'] as { labels?: Texts; annotations?: Texts }
  const { labels: _labels, annotations: noted, ...metadata } = live.metadata
  const all = { ...annotations, ...otherAnnotations(noted) }
  const object = {
    ...content,
    metadata: {
      ...metadata,
      ...(labels === undefined ? {} : { labels }),
      ...(Object.keys(all).length === 0 ? {} : { annotations: all }),
    },
    ...(live['status'] === undefined ? {} : { status: live['status'] }),
  }
  return object
}

/** An object as it would be made anew: its name and its content. */
export function asNew(object: Unstructured): Unstructured {
  const { name, namespace } = object.metadata
  const content = contentOf(object)
  return {
    ...content,
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(content['metadata'] as object),
    },
  }
}
