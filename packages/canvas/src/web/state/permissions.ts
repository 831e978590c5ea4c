// What the user may do with what is on the page, by the rules that the cluster told: what is refused anyway is not offered.

import type { Unstructured } from '@binnacle/api'
import type { ObjectKey } from '@binnacle/canvas-core'
import { knownResourceOf } from '../data/resources.ts'
import type { CanvasState } from './store.ts'

type Known = Pick<CanvasState, 'access'>

const ours = { group: 'binnacle.dev' } as const

/** Until the rules are known everything is offered, and the server decides. */
function may({ access }: Known, verb: string, what: { group: string; resource: string }): boolean {
  return access?.can(verb, what) !== false
}

export function mayAdd(state: Known): boolean {
  return may(state, 'create', { ...ours, resource: 'microservices' })
}

/** Anything of ours: then wires, notes and places can be changed. */
export function mayEdit(state: Known): boolean {
  return may(state, 'update', { ...ours, resource: 'microservices' })
}

/** Of an object that was never deployed nothing is asked. */
export function mayRemove(state: Pick<CanvasState, 'access' | 'editor'>, key: ObjectKey): boolean {
  const live = state.editor.document.live.get(key)
  return live === undefined || mayDo(state, 'delete', live)
}

/** A deploy leaves a release behind. */
export function mayDeploy(state: Known): boolean {
  return mayEdit(state) && may(state, 'create', { ...ours, resource: 'releases' })
}

export function mayEnterContainers(state: Known): boolean {
  return may(state, 'create', { group: '', resource: 'pods/exec' })
}

export function mayForwardPorts(state: Known): boolean {
  return may(state, 'create', { group: '', resource: 'pods/portforward' })
}

export function mayEndPods(state: Known): boolean {
  return may(state, 'delete', { group: '', resource: 'pods' })
}

export function mayReadLogs(state: Known): boolean {
  return may(state, 'get', { group: '', resource: 'pods/log' })
}

export function mayCallServices(state: Known): boolean {
  return may(state, 'get', { group: '', resource: 'services/proxy' })
}

/** `update`, `patch`, `create` or `delete` an object. Of a kind that is not known yet the server decides. */
export function mayDo(state: Known, verb: string, object: Unstructured): boolean {
  const resource = knownResourceOf(object)
  return resource === undefined || may(state, verb, resource)
}
