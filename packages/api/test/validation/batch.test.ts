import { expect, it } from 'vitest'
import { batchValidations } from '../../src/validation/batch.ts'
import type { FieldError } from '../../src/field-error.ts'
import { compileNothing } from '../../src/validation/expressions.ts'

const container = { name: 'a', image: 'b', imagePullPolicy: 'Always', terminationMessagePolicy: 'File' }
const labels = {
  'controller-uid': 'u',
  'job-name': 'a',
  'batch.kubernetes.io/controller-uid': 'u',
  'batch.kubernetes.io/job-name': 'a',
}
const selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } }
const template = {
  metadata: { labels },
  spec: {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    containers: [container],
  },
}

function errorsOf(kind: string, object: object, old?: object): FieldError[] {
  const errors: FieldError[] = []
  const rules = batchValidations[kind]
  if (old === undefined) rules?.create?.(object as never, errors, compileNothing)
  else rules?.update?.(object as never, old as never, errors, compileNothing)
  return errors
}

const cronJob = (schedule: string): object => ({
  metadata: { name: 'a' },
  spec: { schedule, jobTemplate: { spec: { template } } },
})

it.each([
  ['not a schedule', 'expected exactly 5 fields, found 3: [not a schedule]'],
  ['61 * * * *', 'end of range (61) above maximum (59): 61'],
  ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
  ['@often', 'unrecognized descriptor: @often'],
])('refuses the schedule %s', (schedule, detail) => {
  expect(errorsOf('batch/CronJob', cronJob(schedule))).toMatchObject([{ field: 'spec.schedule', detail }])
})

it.each(['*/5 0-6,12 ? jan-mar MON', '@every 1h30m', '@daily'])('takes the schedule %s', (schedule) => {
  expect(errorsOf('batch/CronJob', cronJob(schedule))).toEqual([])
})

it('lets completions and the template of a Job stand, but for where a suspended one is to run', () => {
  const old = { metadata: { name: 'a', uid: 'u' }, spec: { completions: 1, selector, template } }
  const moved = { ...template, spec: { ...template.spec, nodeSelector: { disk: 'ssd' } } }
  const job = { ...old, spec: { ...old.spec, completions: 2, template: moved } }
  expect(errorsOf('batch/Job', job, old).map(({ field }) => field)).toEqual(['spec.completions', 'spec.template'])
  const suspended = { ...old, spec: { ...old.spec, suspend: true } }
  expect(errorsOf('batch/Job', { ...suspended, spec: { ...suspended.spec, template: moved } }, suspended)).toEqual([])
})

const finished = (conditions: string[], more: object = {}): object => ({
  metadata: { name: 'a' },
  spec: { template },
  status: { conditions: conditions.map((type) => ({ type, status: 'True' })), ...more },
})

it.each<[string, object, string[]]>([
  ['that starts', { spec: { template }, status: { startTime: '2026-01-01T00:00:00Z', active: 1, ready: 1 } }, []],
  ['with more ready than active pods', { spec: { template }, status: { active: 1, ready: 2 } }, ['status.ready']],
  ['that ends without a reason', finished(['Failed']), ['status.conditions', 'status.startTime']],
  [
    'that ends as it should',
    finished(['SuccessCriteriaMet', 'Complete'], {
      startTime: '2026-01-01T00:00:00Z',
      completionTime: '2026-01-01T00:00:01Z',
    }),
    [],
  ],
])('looks at the status of a Job %s', (_, job, expected) => {
  const errors: FieldError[] = []
  const old = { metadata: { name: 'a' }, spec: { template }, status: {} }
  batchValidations['batch/Job']?.statusUpdate?.(job as never, old as never, errors)
  expect(errors.map(({ field }) => field)).toEqual(expected)
})
