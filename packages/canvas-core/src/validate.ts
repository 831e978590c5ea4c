// Problems of a document before it is deployed, object by object.

import type { CanvasDocument } from './document.ts'
import type { ObjectKey } from './object-key.ts'
import type { Problem } from './problem.ts'

/** By object; an object without problems is not in it. */
export type Problems = ReadonlyMap<ObjectKey, readonly Problem[]>

export function validate(_document: CanvasDocument): Problems {
  return new Map()
}
