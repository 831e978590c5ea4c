// Defaults of API priority and fairness (pkg/apis/flowcontrol/v1/defaults.go).

import type { FlowSchema, PriorityLevelConfiguration } from '../generated/kinds.ts'

export function defaultFlowSchema(schema: FlowSchema): void {
  schema.status ??= {}
  schema.spec ??= { priorityLevelConfiguration: { name: '' } }
  schema.spec.matchingPrecedence ||= 1000
}

export function defaultPriorityLevelConfiguration(level: PriorityLevelConfiguration): void {
  level.status ??= {}
  const { exempt, limited } = level.spec ?? {}
  if (exempt) {
    exempt.nominalConcurrencyShares ??= 0
    exempt.lendablePercent ??= 0
  }
  if (!limited) return
  limited.nominalConcurrencyShares ??= 30
  limited.lendablePercent ??= 0
  limited.limitResponse ??= { type: '' }
  const queuing = limited.limitResponse.queuing
  if (!queuing) return
  queuing.handSize ||= 8
  queuing.queues ||= 64
  queuing.queueLengthLimit ||= 50
}
