// application/json-patch+json (RFC 6902), with the answers of an API server.

import jsonPatch, { type Operation } from 'fast-json-patch'
import { badRequest, failure, requestEntityTooLarge } from '../errors.ts'
import { cloneJson } from '../clone.ts'

/** As k8s.io/apiserver endpoints/handlers maxJSONPatchOperations. */
const maxOperations = 10_000
const kinds: ReadonlySet<unknown> = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test'])

/**
 * The patched document; `document` stays as it is. Throws 400 for what is no list of operations, and the 422 with which
 * upstream answers a failed test, a missing path and an unknown operation alike.
 */
export function applyJsonPatch<T>(document: T, patch: unknown): T {
  if (!Array.isArray(patch)) {
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp')
  }
  if (patch.length > maxOperations) {
    throw requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`,
    )
  }
  const operations = patch.map((operation: unknown) => {
    if (typeof operation !== 'object' || operation === null) {
      throw badRequest('error decoding patch: json: cannot unmarshal value into Go value of type handlers.jsonPatchOp')
    }
    return operation as Operation
  })
  if (!operations.every(({ op }) => kinds.has(op))) throw rejected()
  try {
    return jsonPatch.applyPatch(cloneJson(document), cloneJson(operations), true).newDocument
  } catch (error) {
    throw rejected(error)
  }
}

/** errors.NewGenericServerResponse with 422: the cause is not shown. */
function rejected(cause?: unknown): Error {
  return failure('Invalid', 'the server rejected our request due to an error in our request', { details: {}, cause })
}
