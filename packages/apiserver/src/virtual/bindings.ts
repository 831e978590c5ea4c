// POST to `bindings` is POST to `pods/<name>/binding` with the name from the body.

import { methodNotSupported } from '@binnacle/api'
import type { Call, Outcome } from '../call.ts'
import { type DispatchContext, dispatch } from '../dispatch.ts'

export async function bindingByBody(
  context: DispatchContext,
  { request, row, user, fieldManager }: Call,
): Promise<Outcome> {
  if (request.verb !== 'create') throw methodNotSupported(row.info, request.verb)
  const body = request.body as { metadata?: { name?: string } } | undefined
  const name = body?.metadata?.name ?? ''
  return dispatch(
    context,
    { ...request, resource: 'pods', subresource: 'binding', name },
    { user, userAgent: fieldManager },
  )
}
