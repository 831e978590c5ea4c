// ComponentStatus is deprecated upstream and answers with nothing where nothing is registered; so does this.

import { methodNotAllowed, notFound } from '@binnacle/api'
import type { Call, Outcome } from '../call.ts'
import type { DispatchContext } from '../dispatch-context.ts'

export async function componentStatuses({ engine }: DispatchContext, call: Call): Promise<Outcome> {
  const { request, row } = call
  if (request.verb === 'list') return { type: 'list', items: [], revision: engine.backend.store.revision, row }
  if (request.verb === 'get') throw notFound(row.info, request.name ?? '')
  throw methodNotAllowed()
}
