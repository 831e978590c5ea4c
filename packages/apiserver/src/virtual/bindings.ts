// POST to `bindings` is POST to `pods/<name>/binding` with the name from the body.

import { type KubeObject, methodNotAllowed } from '@binnacle/api'
import type { Call, Outcome } from '../call.ts'
import type { DispatchContext } from '../dispatch-context.ts'

export async function bindingByBody({ engine }: DispatchContext, { request, row, user }: Call): Promise<Outcome> {
  if (request.verb !== 'create') throw methodNotAllowed()
  const body = request.body as { metadata?: { name?: string } } | undefined
  const name = body?.metadata?.name ?? ''
  const object = await engine.backend.dispatch<KubeObject>(
    { ...request, resource: 'pods', subresource: 'binding', name },
    user,
  )
  return { type: 'object', code: 201, item: { object, revision: 0 }, row: { ...row, isStorageVersion: false } }
}
