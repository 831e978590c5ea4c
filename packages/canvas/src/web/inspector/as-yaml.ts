// Objects in the order in which people write them.

import { type GraphNode, asNew } from '@binnacle/canvas-core'

type ObjectOf = GraphNode['object']

/** Without what the server notes for itself. */
export function wholeObject({ metadata, ...object }: ObjectOf): ObjectOf {
  const { managedFields: _managed, ...named } = metadata
  return inOrder({ ...object, metadata: named })
}

/** With what people write alone: no status, and nothing that the server or the Canvas notes. */
export function writtenObject(object: ObjectOf): ObjectOf {
  return inOrder(asNew(object))
}

function inOrder({ apiVersion, kind, metadata, spec, status, ...rest }: ObjectOf): ObjectOf {
  return {
    apiVersion,
    kind,
    metadata,
    ...rest,
    ...(spec === undefined ? {} : { spec }),
    ...(status === undefined ? {} : { status }),
  }
}
