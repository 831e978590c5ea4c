// From a badge to the log that says why.

import type { GraphNode, ObjectKey } from '@binnacle/canvas-core'
import { type LogBegin, select, setView } from './store.ts'

/** A container that ended said why in the log of the time before. */
export function logBeginOf(reason = ''): LogBegin | undefined {
  return /CrashLoop|^Error$|OOMKilled|Exit/.test(reason) ? 'previous' : undefined
}

/** Opens what tells most about the trouble of a node: the log of what ended, else its overview. */
export function showTrouble({ key, children, status }: GraphNode): void {
  select([key])
  const logBegin = logBeginOf(status.reason)
  setView({ tab: children.length > 0 && logBegin !== undefined ? 'logs' : 'overview', logBegin })
}

/** Opens the errors that a service logs: where requests to it fail. */
export function showErrors(key: ObjectKey): void {
  select([key])
  setView({ tab: 'logs', logBegin: 'errors' })
}
