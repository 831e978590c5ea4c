// What a controller may say of a Job (ValidateJobStatusUpdate of pkg/apis/batch/validation). Most rules hold for what
// changes only, so that a status that was written under older rules does not stop the next one.

import { field } from '../field-error.ts'
import type { Job } from '../generated/kinds.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import { readIndexes } from './job-policies.ts'
import { validateCounts } from './status-counts.ts'
import type { FieldErrors } from './fields.ts'

type ConditionType = 'Complete' | 'Failed' | 'FailureTarget' | 'SuccessCriteriaMet' | 'Suspended'

function has({ status }: Job, type: ConditionType, value = 'True'): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === value) === true
}

function isFinished(job: Job): boolean {
  return has(job, 'Complete') || has(job, 'Failed')
}

interface Change {
  job: Job
  old: Job
  /** Whether the field of the status is another one than before. */
  changed: (name: keyof NonNullable<Job['status']>) => boolean
  /** Whether the condition has come or gone. */
  turned: (type: ConditionType) => boolean
}

export function validateJobStatus(job: Job, old: Job, errors: FieldErrors): void {
  const change: Change = {
    job,
    old,
    changed: (name) => !semanticallyEqual(job.status?.[name], old.status?.[name]),
    turned: (type) => has(job, type) !== has(old, type),
  }
  validateCounts(errors, job.status, ['active', 'succeeded', 'failed', 'ready', 'terminating'])
  validateUncounted(errors, job)
  validateCompletion(errors, change)
  validateEnd(errors, change)
  validateIndexes(errors, change)
  validateReady(errors, change)
  validateCriteria(errors, job)
  validateKept(errors, change)
}

function refuse(errors: FieldErrors, why: string): void {
  errors.push(field.invalidWhole('status.conditions', why))
}

function validateUncounted(errors: FieldErrors, { status }: Job): void {
  const seen = new Set<string>()
  for (const list of ['succeeded', 'failed'] as const) {
    for (const [index, uid] of (status?.uncountedTerminatedPods?.[list] ?? []).entries()) {
      const path = `status.uncountedTerminatedPods.${list}[${index}]`
      if (uid === '') errors.push(field.invalid(path, uid, 'must not be empty'))
      else if (seen.has(uid)) errors.push(field.duplicate(path, uid))
      else seen.add(uid)
    }
  }
}

function validateCompletion(errors: FieldErrors, { job, changed, turned }: Change): void {
  const { startTime, completionTime } = job.status ?? {}
  const isComplete = has(job, 'Complete')
  const at = 'status.completionTime'
  const completed = turned('Complete')
  if ((completed || turned('Failed')) && isComplete && has(job, 'Failed')) {
    refuse(errors, 'cannot set Complete=True and Failed=true conditions')
  }
  if ((completed || turned('FailureTarget')) && isComplete && has(job, 'FailureTarget')) {
    refuse(errors, 'cannot set Complete=True and FailureTarget=true conditions')
  }
  if (completed || changed('completionTime')) {
    if (completionTime != null && !isComplete) {
      const why = 'cannot set completionTime when there is no Complete=True condition'
      errors.push(field.invalid(at, completionTime, why))
    }
    if (completionTime == null && isComplete) {
      errors.push(field.required(at, 'completionTime is required for Complete jobs'))
    }
  }
  const timed = changed('startTime') || changed('completionTime')
  if (timed && startTime != null && completionTime != null && Date.parse(completionTime) < Date.parse(startTime)) {
    errors.push(field.invalid(at, completionTime, 'must be equal to or after `startTime`'))
  }
}

function validateEnd(errors: FieldErrors, { job, old, changed, turned }: Change): void {
  const { active = 0, startTime, uncountedTerminatedPods: uncounted } = job.status ?? {}
  if ((turned('Failed') || changed('failedIndexes')) && has(job, 'Failed') && !has(job, 'FailureTarget')) {
    refuse(errors, 'cannot set Failed=True condition without the FailureTarget=true condition')
  }
  const decided = turned('Complete') || turned('SuccessCriteriaMet')
  if (decided && has(job, 'Complete') && !has(job, 'SuccessCriteriaMet')) {
    refuse(errors, 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition')
  }
  if (!isFinished(job)) return
  const ended = !isFinished(old)
  if ((ended || changed('active')) && active > 0) {
    errors.push(field.invalid('status.active', active, 'active>0 is invalid for finished job'))
  }
  const neverRan = job.spec?.suspend === true && job.spec.completions === 0
  if ((ended || changed('startTime')) && !neverRan && startTime == null) {
    errors.push(field.required('status.startTime', 'startTime is required for finished job'))
  }
  const left = (uncounted?.failed?.length ?? 0) + (uncounted?.succeeded?.length ?? 0)
  if ((ended || changed('uncountedTerminatedPods')) && left > 0) {
    // Upstream prints its internal type here, whose fields have no JSON names.
    const shown = { Succeeded: uncounted?.succeeded ?? null, Failed: uncounted?.failed ?? null }
    errors.push(field.invalid('status.uncountedTerminatedPods', shown, 'must be empty for finished job'))
  }
}

function validateIndexes(errors: FieldErrors, { job, changed }: Change): void {
  const { completedIndexes = '', failedIndexes } = job.status ?? {}
  const { completions, backoffLimitPerIndex, completionMode } = job.spec ?? {}
  const read = (name: 'completedIndexes' | 'failedIndexes', text: string): void => {
    const result = readIndexes(text, completions ?? 0)
    if (typeof result === 'number') return
    errors.push(field.invalid(`status.${name}`, text, `error parsing ${name}: ${result.problem}`))
  }
  if (changed('completedIndexes') && completions != null) read('completedIndexes', completedIndexes)
  const failedChanged = changed('failedIndexes')
  if (failedChanged && completions != null && backoffLimitPerIndex != null && failedIndexes != null) {
    read('failedIndexes', failedIndexes)
  }
  if (changed('completedIndexes') && completedIndexes !== '' && completionMode !== 'Indexed') {
    const why = 'cannot set non-empty completedIndexes when non-indexed completion mode'
    errors.push(field.invalid('status.completedIndexes', completedIndexes, why))
  }
  if (failedChanged && backoffLimitPerIndex == null && failedIndexes != null) {
    const why = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'
    errors.push(field.invalid('status.failedIndexes', failedIndexes, why))
  }
  if ((!failedChanged && !changed('completedIndexes')) || completions == null || failedIndexes == null) return
  const shared = firstShared(completedIndexes, failedIndexes)
  if (shared === undefined) return
  const why = `failedIndexes and completedIndexes overlap at index: ${shared}`
  errors.push(field.invalid('status.failedIndexes', failedIndexes, why))
}

function firstShared(completed: string, failed: string): number | undefined {
  const intervals = (text: string): [from: number, to: number][] =>
    text.split(',').flatMap((interval) => {
      const [from = Number.NaN, to = from] = interval.split('-').map(Number)
      return interval === '' || Number.isNaN(from) || Number.isNaN(to) ? [] : [[from, to]]
    })
  for (const [from, to] of intervals(completed)) {
    const other = intervals(failed).find(([start, end]) => from <= end && start <= to)
    if (other) return Math.max(from, other[0])
  }
  return undefined
}

function validateReady(errors: FieldErrors, { job, old, changed }: Change): void {
  const { active = 0, ready, terminating } = job.status ?? {}
  const ended = isFinished(job) !== isFinished(old)
  if ((ended || changed('terminating')) && isFinished(job) && (terminating ?? 0) > 0) {
    errors.push(field.invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job'))
  }
  if ((changed('ready') || changed('active')) && ready != null && ready > active) {
    errors.push(field.invalid('status.ready', ready, 'cannot set more ready pods than active'))
  }
}

function validateCriteria(errors: FieldErrors, job: Job): void {
  const isMet = has(job, 'SuccessCriteriaMet')
  if (isMet && has(job, 'Failed')) refuse(errors, 'cannot set SuccessCriteriaMet=True and Failed=true conditions')
  if (isMet && has(job, 'FailureTarget')) {
    refuse(errors, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions')
  }
  if (job.spec?.successPolicy && !isMet && has(job, 'Complete')) {
    refuse(errors, 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True')
  }
}

/** What was once said and may not be taken back. */
function validateKept(errors: FieldErrors, { job, old, changed }: Change): void {
  for (const type of ['Failed', 'Complete', 'FailureTarget'] as const) {
    if (has(old, type) && !has(job, type)) refuse(errors, `cannot disable the terminal ${type}=True condition`)
  }
  const [status, before] = [job.status ?? {}, old.status ?? {}]
  const { completionMode, completions, parallelism, suspend } = job.spec ?? {}
  const isElastic = completionMode === 'Indexed' && completions === parallelism
  for (const name of ['failed', 'succeeded'] as const) {
    if (name === 'succeeded' && isElastic) continue
    const count = status[name] ?? 0
    if (count < (before[name] ?? 0)) {
      errors.push(field.invalid(`status.${name}`, count, `cannot decrease the ${name} counter`))
    }
  }
  if (status.completionTime != null && before.completionTime != null && changed('completionTime')) {
    errors.push(field.invalid('status.completionTime', status.completionTime, 'field is immutable'))
  }
  const isResuming = has(old, 'Suspended') && has(job, 'Suspended', 'False')
  if (before.startTime != null && changed('startTime') && !isResuming && suspend !== true) {
    const why = 'field is immutable for unsuspended job once set'
    errors.push(field.invalid('status.startTime', status.startTime ?? null, why))
  }
  if (has(old, 'SuccessCriteriaMet') && !has(job, 'SuccessCriteriaMet')) {
    refuse(errors, 'cannot disable the SuccessCriteriaMet=True condition')
  }
  if (has(old, 'Complete') && !has(old, 'SuccessCriteriaMet') && has(job, 'SuccessCriteriaMet')) {
    refuse(errors, 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions')
  }
}
