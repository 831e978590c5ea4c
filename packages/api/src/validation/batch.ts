// Jobs and CronJobs. Upstream: pkg/apis/batch/validation/validation.go, pkg/util/parsers and robfig/cron's parser.

import { field } from '../field-error.ts'
import type { CronJob, Job, JobSpec } from '../generated/kinds.ts'
import { isDns1123Label } from '../names.ts'
import { labelSelectorMatches } from '../selectors.ts'
import {
  shownSelector,
  sortedMap,
  validateImmutable,
  validateLabelSelector,
  validateNonNegative,
  validateOptionalEnum,
  type FieldErrors,
} from './fields.ts'
import { cloneJson } from '../clone.ts'
import type { KindValidation } from './kind-validation.ts'
import { validateFailurePolicy, validateSuccessPolicy } from './job-policies.ts'
import { validateJobStatus } from './job-status.ts'
import { validateDomainPrefixedPath } from './networking.ts'
import { restartPolicies } from './pod-spec.ts'
import { validatePodTemplate } from './pod-template.ts'
import { podTemplateWarnings } from './pod-warnings.ts'
import { podNameWarning } from './workloads.ts'

const completionModes = ['NonIndexed', 'Indexed']
const concurrencyPolicies = ['Allow', 'Forbid', 'Replace']
const maxIndexedParallelism = 100_000
const manyCompletions = 100_000
const maxForMany = 10_000
const maxManagerLength = 63

function validateJobSpec(errors: FieldErrors, path: string, spec: JobSpec): void {
  validateNonNegative(errors, `${path}.parallelism`, spec.parallelism)
  validateNonNegative(errors, `${path}.completions`, spec.completions)
  validateNonNegative(errors, `${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds)
  validateNonNegative(errors, `${path}.backoffLimit`, spec.backoffLimit)
  validateNonNegative(errors, `${path}.ttlSecondsAfterFinished`, spec.ttlSecondsAfterFinished)
  validateNonNegative(errors, `${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex)
  validateNonNegative(errors, `${path}.maxFailedIndexes`, spec.maxFailedIndexes)
  if (spec.maxFailedIndexes != null && spec.backoffLimitPerIndex == null) {
    errors.push(field.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'))
  }
  if (spec.managedBy != null) {
    validateDomainPrefixedPath(errors, `${path}.managedBy`, spec.managedBy)
    if (spec.managedBy.length > maxManagerLength) errors.push(field.tooLong(`${path}.managedBy`, maxManagerLength))
  }
  validateOptionalEnum(errors, `${path}.completionMode`, spec.completionMode, completionModes)
  if (spec.completionMode === 'Indexed') validateIndexed(errors, path, spec)
  else validateNotIndexed(errors, path, spec)
  if (spec.podFailurePolicy) validateFailurePolicy(errors, `${path}.podFailurePolicy`, spec)
  if (spec.successPolicy) validateSuccessPolicy(errors, `${path}.successPolicy`, spec)
  const replacements = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed']
  validateOptionalEnum(errors, `${path}.podReplacementPolicy`, spec.podReplacementPolicy, replacements)
  validatePodTemplate(errors, `${path}.template`, spec.template)
  validateRestartPolicy(errors, path, spec)
}

function validateIndexed(errors: FieldErrors, path: string, spec: JobSpec): void {
  const { completions, parallelism, maxFailedIndexes, backoffLimitPerIndex } = spec
  if (completions == null) errors.push(field.required(`${path}.completions`, 'when completion mode is Indexed'))
  if (parallelism != null && parallelism > maxIndexedParallelism) {
    const why = `must be less than or equal to ${maxIndexedParallelism} when completion mode is Indexed`
    errors.push(field.invalid(`${path}.parallelism`, parallelism, why))
  }
  if (completions != null && maxFailedIndexes != null && maxFailedIndexes > completions) {
    errors.push(
      field.invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, 'must be less than or equal to completions'),
    )
  }
  if (maxFailedIndexes != null && maxFailedIndexes > maxIndexedParallelism) {
    const why = `must be less than or equal to ${maxIndexedParallelism}`
    errors.push(field.invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, why))
  }
  if (completions == null || completions <= manyCompletions || backoffLimitPerIndex == null) return
  if (maxFailedIndexes == null) {
    const why = `must be specified when completions is above ${manyCompletions}`
    errors.push(field.required(`${path}.maxFailedIndexes`, why))
  }
  const why = `must be less than or equal to ${maxForMany} when completions are above ${manyCompletions} and used with backoff limit per index`
  for (const name of ['parallelism', 'maxFailedIndexes'] as const) {
    const value = spec[name]
    if (value != null && value > maxForMany) errors.push(field.invalid(`${path}.${name}`, value, why))
  }
}

function validateNotIndexed(errors: FieldErrors, path: string, spec: JobSpec): void {
  const message = 'requires indexed completion mode'
  for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
    if (spec[name] != null) errors.push(field.invalid(`${path}.${name}`, spec[name], message))
  }
}

/** Made by hand or generated, the selector must select the job's own pods. */
function validateSelector(errors: FieldErrors, { selector, template }: JobSpec): void {
  if (!selector) errors.push(field.required('spec.selector', ''))
  const before = errors.length
  validateLabelSelector(errors, 'spec.selector', selector)
  const labels = template.metadata?.labels
  if (errors.length > before || (selector && labelSelectorMatches(selector, labels))) return
  const why = '`selector` does not match template `labels`'
  errors.push(field.invalid('spec.template.metadata.labels', labels ? sortedMap(labels) : null, why))
}

/** Labels that the selector of a new job expects; whoever sets others takes pods of other jobs. */
function validateGeneratedSelector({ metadata, spec }: Job, errors: FieldErrors): void {
  if (!spec?.selector || spec.manualSelector === true) return
  const [uid, name] = [metadata?.uid ?? '', metadata?.name ?? '']
  if (uid === '') errors.push(field.required('metadata.uid', ''))
  const expected = {
    'controller-uid': uid,
    'job-name': name,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
  }
  const labels = spec.template.metadata?.labels ?? {}
  for (const [key, value] of Object.entries(expected)) {
    const path = 'spec.template.metadata.labels'
    if (labels[key] === undefined) errors.push(field.required(path, `must be '${value}'`))
    else if (labels[key] !== value) errors.push(field.invalid(path, sortedMap(labels), `must be '${value}'`))
  }
  if (labelSelectorMatches(spec.selector, expected)) return
  errors.push(field.invalid('spec.selector', shownSelector(spec.selector), '`selector` not auto-generated'))
}

function validateNewJob(job: Job, errors: FieldErrors): void {
  const { metadata, spec } = job
  validateGeneratedSelector(job, errors)
  if (!spec) return
  validateJobSpec(errors, 'spec', spec)
  validateSelector(errors, spec)
  if (spec.completionMode !== 'Indexed' || (spec.completions ?? 0) <= 0) return
  const hostname = `${metadata?.name}-${(spec.completions ?? 0) - 1}`
  if (isDns1123Label(hostname).length === 0) return
  const why = `will not able to create pod with invalid DNS label: ${hostname}`
  errors.push(field.invalid('metadata.name', metadata?.name, why))
}

function validateRestartPolicy(errors: FieldErrors, path: string, spec: JobSpec): void {
  const at = `${path}.template.spec.restartPolicy`
  const policy = spec.template?.spec?.restartPolicy
  if (!policy || policy === 'Always') errors.push(field.required(at, 'valid values: "OnFailure", "Never"'))
  else if (!restartPolicies.includes(policy)) errors.push(field.notSupported(at, policy, ['OnFailure', 'Never']))
  else if (spec.podFailurePolicy != null && policy !== 'Never') {
    errors.push(field.invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified'))
  }
}

const immutableFields = [
  'selector',
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
] as const

/** Upstream goes through the rules of a new job and then through those of a change, which repeat most of them. */
function validateJobUpdate(job: Job, old: Job, errors: FieldErrors): void {
  validateNewJob(job, errors)
  const [spec, before] = [job.spec, old.spec]
  if (spec == null || before == null) return
  validateJobSpec(errors, 'spec', spec)
  validateSelector(errors, spec)
  validateCompletions(errors, spec, before)
  for (const name of immutableFields) {
    const value = name === 'selector' && spec.selector ? shownSelector(spec.selector) : spec[name]
    validateImmutable(errors, `spec.${name}`, value, before[name])
  }
  // A suspended job that has not run yet may still be told where to run and with what.
  const isOpen = before.suspend === true && old.status?.startTime == null
  const allowed = isOpen ? withSchedulingOf(before, spec) : before.template
  validateImmutable(errors, 'spec.template', spec.template, allowed)
}

/** An Indexed job may be scaled: completions and parallelism change together (ElasticIndexedJob). */
function validateCompletions(errors: FieldErrors, spec: JobSpec, before: JobSpec): void {
  const isElastic =
    before.completionMode === 'Indexed' && spec.completions != null && spec.completions === spec.parallelism
  if (!isElastic) validateImmutable(errors, 'spec.completions', spec.completions, before.completions)
}

/** The old template with the fields of the new one that may change while the job is suspended. */
function withSchedulingOf(before: JobSpec, { template }: JobSpec): JobSpec['template'] {
  const allowed = cloneJson(before.template)
  const metadata = { ...allowed.metadata }
  take(metadata, template.metadata ?? {}, ['labels', 'annotations'])
  if (Object.keys(metadata).length > 0) allowed.metadata = metadata
  const [pod, wanted] = [allowed.spec, template.spec]
  if (pod == null || wanted == null) return allowed
  take(pod, wanted, ['nodeSelector', 'tolerations', 'schedulingGates'])
  const affinity = { ...pod.affinity }
  take(affinity, wanted.affinity ?? {}, ['nodeAffinity'])
  if (Object.keys(affinity).length > 0) pod.affinity = affinity
  else delete pod.affinity
  for (const [index, container] of pod.containers.entries()) {
    take(container, wanted.containers[index] ?? container, ['resources'])
  }
  return allowed
}

/** The source's fields, and no field where the source has none. */
function take<T extends object>(target: T, source: T, names: readonly (keyof T)[]): void {
  for (const name of names) {
    if (source[name] === undefined) delete target[name]
    else target[name] = source[name]
  }
}

function validateCronJob({ spec, metadata }: CronJob, errors: FieldErrors, before?: string): void {
  if ((metadata.name ?? '').length > 52) {
    errors.push(field.invalid('metadata.name', metadata.name, 'must be no more than 52 characters'))
  }
  if (spec == null) return
  validateSchedule(errors, spec.schedule, { timeZone: spec.timeZone ?? undefined, before })
  validateNonNegative(errors, 'spec.startingDeadlineSeconds', spec.startingDeadlineSeconds)
  if (spec.timeZone != null) validateTimeZone(errors, spec.timeZone)
  validateOptionalEnum(errors, 'spec.concurrencyPolicy', spec.concurrencyPolicy, concurrencyPolicies)
  if (spec.jobTemplate?.spec) validateJobTemplate(errors, 'spec.jobTemplate.spec', spec.jobTemplate.spec)
  validateNonNegative(errors, 'spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit)
  validateNonNegative(errors, 'spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit)
}

function validateJobTemplate(errors: FieldErrors, path: string, spec: JobSpec): void {
  validateJobSpec(errors, path, spec)
  if (spec.selector) {
    errors.push(field.invalid(`${path}.selector`, shownSelector(spec.selector), '`selector` will be auto-generated'))
  }
  if (spec.manualSelector === true) errors.push(field.notSupported(`${path}.manualSelector`, true, ['nil', 'false']))
}

function validateSchedule(
  errors: FieldErrors,
  schedule: string | undefined,
  { timeZone, before }: { timeZone: string | undefined; before: string | undefined },
): void {
  if (!schedule) {
    errors.push(field.required('spec.schedule', ''))
    return
  }
  const why = scheduleError(schedule)
  if (why !== undefined) errors.push(field.invalid('spec.schedule', schedule, why))
  if (!schedule.includes('TZ')) return
  const mayName = before?.includes('TZ') === true
  if (!mayName) {
    const use = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
    errors.push(field.invalid('spec.schedule', schedule, use))
  } else if (timeZone !== undefined) {
    const both = 'cannot use both timeZone field and TZ or CRON_TZ in schedule'
    errors.push(field.invalid('spec.schedule', schedule, both))
  }
}

const descriptors =
  /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every (?:\d+(?:\.\d+)?(?:h|ms|m|s|us|ns))+)$/
/** Lowest and highest value of each field, and the names that may stand for them. */
const cronFields: readonly { low: number; high: number; names: readonly string[] }[] = [
  { low: 0, high: 59, names: [] },
  { low: 0, high: 23, names: [] },
  { low: 1, high: 31, names: [] },
  { low: 1, high: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { low: 0, high: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
]

/** What robfig/cron's parser says of the text; undefined where it can read it. */
function scheduleError(text: string): string | undefined {
  const spec = text.replace(/^(?:CRON_)?TZ=\S+\s+/, '').trim()
  if (spec.startsWith('@')) return descriptors.test(spec) ? undefined : `unrecognized descriptor: ${spec}`
  const parts = spec.split(/\s+/)
  if (parts.length !== 5) return `expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`
  for (const [index, part] of parts.entries()) {
    for (const range of part.split(',')) {
      const why = rangeError(range, index)
      if (why !== undefined) return why
    }
  }
  return undefined
}

function rangeError(range: string, index: number): string | undefined {
  const { low, high, names } = cronFields[index] ?? { low: 0, high: 0, names: [] }
  const [bounds = '', step, ...tooMany] = range.split('/')
  if (tooMany.length > 0) return `too many slashes: ${range}`
  const ends = bounds.split('-')
  if (ends.length > 2) return `too many hyphens: ${range}`
  if (step !== undefined && !/^\d+$/.test(step)) return parseError(step)
  if (step !== undefined && Number(step) === 0) return `step of range should be a positive number: ${range}`
  if (bounds === '*' || bounds === '?') return undefined
  const values: number[] = []
  for (const end of ends) {
    const named = names.indexOf(end.toLowerCase())
    if (named < 0 && !/^\d+$/.test(end)) return parseError(end)
    values.push(named < 0 ? Number(end) : named + low)
  }
  const [from = 0, to = from] = values
  if (from < low) return `beginning of range (${from}) below minimum (${low}): ${range}`
  if (to > high) return `end of range (${to}) above maximum (${high}): ${range}`
  return from > to ? `beginning of range (${from}) beyond end of range (${to}): ${range}` : undefined
}

function parseError(text: string): string {
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`
}

function validateTimeZone(errors: FieldErrors, timeZone: string): void {
  const at = 'spec.timeZone'
  if (timeZone === '') errors.push(field.invalid(at, timeZone, 'timeZone must be nil or non-empty string'))
  else if (timeZone.toLowerCase() === 'local') {
    errors.push(
      field.invalid(
        at,
        timeZone,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    )
  } else if (!isTimeZone(timeZone)) errors.push(field.invalid(at, timeZone, `unknown time zone ${timeZone}`))
}

function isTimeZone(timeZone: string): boolean {
  try {
    return Intl.DateTimeFormat('en-US', { timeZone }).resolvedOptions().timeZone !== ''
  } catch {
    // A RangeError is the only way in which Intl says that it does not know the zone.
    return false
  }
}

function jobSpecWarnings(warnings: string[], path: string, spec: JobSpec | null | undefined): void {
  if (spec?.completionMode === 'Indexed' && (spec.completions ?? 0) > 100_000 && (spec.parallelism ?? 0) > 10_000) {
    const when = 'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4'
    const what = 'Kubernetes might not be able to track completedIndexes when a big number of indexes fail'
    warnings.push(`${path}: ${when}, ${what}`)
  }
  podTemplateWarnings(warnings, `${path}.template`, spec?.template)
}

function cronJobWarnings({ metadata, spec }: CronJob, old: CronJob | undefined, warnings: string[]): void {
  if (old === undefined) podNameWarning(metadata?.name, warnings)
  if (old === undefined || metadata?.generation !== old.metadata?.generation) {
    jobSpecWarnings(warnings, 'spec.jobTemplate.spec', spec?.jobTemplate?.spec)
  }
  if (old === undefined || !spec?.schedule?.includes('TZ')) return
  const where = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/'
  warnings.push(`cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see ${where} for more details`)
}

function jobWarnings({ metadata, spec }: Job, old: Job | undefined, warnings: string[]): void {
  if (old === undefined) podNameWarning(metadata?.name, warnings)
  else if (metadata?.generation === old.metadata?.generation) return
  jobSpecWarnings(warnings, 'spec', spec)
}

export const batchValidations: Readonly<Record<string, KindValidation>> = {
  'batch/CronJob': {
    create: (cronJob: CronJob, errors) => validateCronJob(cronJob, errors),
    update: (cronJob: CronJob, old: CronJob, errors) => validateCronJob(cronJob, errors, old.spec?.schedule),
    warnings: cronJobWarnings,
  },
  'batch/Job': {
    create: validateNewJob,
    update: validateJobUpdate,
    statusUpdate: validateJobStatus,
    warnings: jobWarnings,
  },
}
