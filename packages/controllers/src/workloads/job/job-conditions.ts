// Conditions of a Job. Upstream: newCondition and ensureJobConditionStatus in pkg/controller/job/job_controller.go.

import { type Job, type JobCondition, type JobStatus, formatTime } from '@binnacle/api'

export interface ConditionState {
  type: string
  status: 'True' | 'False'
  reason: string
  message: string
}

export function jobCondition(state: ConditionState, now: number): JobCondition {
  const time = formatTime(now)
  return { ...state, lastProbeTime: time, lastTransitionTime: time }
}

/** The condition of the type, if it holds. */
export function trueCondition({ status }: Job, type: string): JobCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type && condition.status === 'True')
}

/** Complete or Failed: nothing more happens to the Job. */
export function finishedCondition(job: Job): JobCondition | undefined {
  return trueCondition(job, 'Complete') ?? trueCondition(job, 'Failed')
}

/** Whether it changed anything; what was never there is not noted as false. */
export function ensureCondition(status: JobStatus, state: ConditionState, now: number): boolean {
  const conditions = status.conditions ?? []
  const index = conditions.findIndex(({ type }) => type === state.type)
  if (index < 0 && state.status === 'False') return false
  const known = conditions[index]
  if (known?.status === state.status && known.reason === state.reason && known.message === state.message) return false
  const wanted = jobCondition(state, now)
  status.conditions = index < 0 ? [...conditions, wanted] : conditions.with(index, wanted)
  return true
}
