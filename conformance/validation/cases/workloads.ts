// Workloads: apps, batch, ReplicationController and PodTemplate.

import { type Case, type Change, type Fields, casesOf } from '../case.ts'

const labels = { app: 'x' }
const container = { name: 'a', image: 'i' }
const template = { metadata: { labels }, spec: { containers: [container] } }
const selected = { selector: { matchLabels: labels }, template }

/** What every controller of pods says of its template. */
const templateChanges: readonly Change[] = [
  ['no selector and no containers', 'create', { spec: { selector: null, template: { spec: { containers: [] } } } }],
  ['an empty selector', 'create', { spec: { selector: { matchLabels: null } } }],
  ['a selector that selects other pods', 'create', { spec: { selector: { matchLabels: { app: 'y' } } } }],
  [
    'a bad selector',
    'create',
    {
      spec: {
        selector: {
          matchLabels: { 'a b': 'c d' },
          matchExpressions: [
            { key: 'k', operator: 'In' },
            { key: 'k', operator: 'Exists', values: ['v'] },
            { key: 'k', operator: 'Near', values: ['v'] },
            { key: 'k/k/k', operator: 'In', values: ['v v'] },
          ],
        },
      },
    },
  ],
  [
    'a template that ends',
    'create',
    { spec: { template: { spec: { restartPolicy: 'Never', activeDeadlineSeconds: 5 } } } },
  ],
  ['an unknown restart policy', 'create', { spec: { template: { spec: { restartPolicy: 'Sometimes' } } } }],
  ['no template', 'create', { spec: { template: null } }],
  [
    'bad labels and annotations in the template',
    'create',
    { spec: { template: { metadata: { labels: { 'b c': 'd', e: 'f g' }, annotations: { 'h i': 'j' } } } } },
    'any order',
  ],
  ['a spec that is not there', 'create', { spec: null }],
  ['a replaced template', 'update', { spec: { template: { spec: { containers: [{ name: 'b', image: 'j' }] } } } }],
  ['a template without containers', 'update', { spec: { template: { spec: { containers: [] } } } }],
  ['a changed selector', 'update', { spec: { selector: { matchLabels: { app: 'y' } } } }],
  [
    'a changed selector and template',
    'update',
    {
      spec: {
        selector: { matchLabels: { app: 'y' } },
        template: { metadata: { labels: { app: 'y' } } },
      },
    },
  ],
  ['a bad name', 'create', { metadata: { name: 'A_b' } }],
]

const replicated: readonly Change[] = [
  ...templateChanges,
  ['fewer than no replicas', 'create', { spec: { replicas: -1, minReadySeconds: -1 } }],
  ['fewer than no replicas', 'update', { spec: { replicas: -1 } }],
  [
    'negative counts',
    'status',
    {
      status: {
        replicas: -1,
        fullyLabeledReplicas: -2,
        readyReplicas: -3,
        availableReplicas: -4,
        updatedReplicas: -5,
        currentReplicas: -6,
        unavailableReplicas: -7,
        observedGeneration: -8,
        terminatingReplicas: -9,
      },
    },
  ],
  [
    'more than there are',
    'status',
    {
      status: {
        replicas: 1,
        readyReplicas: 2,
        availableReplicas: 3,
        fullyLabeledReplicas: 4,
        updatedReplicas: 5,
        currentReplicas: 6,
      },
    },
  ],
]

const withClaim = (spec: Fields): Fields => ({
  spec: { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec }] },
})

const statefulSets = casesOf(
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    resource: 'statefulsets',
    base: {
      spec: {
        ...selected,
        serviceName: 'x',
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    },
  },
  [
    ...replicated,
    ['a name with dots', 'create', { metadata: { name: 'a.b' } }],
    ['unknown policies', 'create', { spec: { podManagementPolicy: 'Wild', updateStrategy: { type: 'Now' } } }],
    [
      'a partition below zero and nothing unavailable',
      'create',
      { spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: -1, maxUnavailable: 0 } } } },
    ],
    [
      'more than all unavailable',
      'create',
      { spec: { updateStrategy: { rollingUpdate: { maxUnavailable: '101%' } } } },
    ],
    ['no percentage', 'create', { spec: { updateStrategy: { rollingUpdate: { maxUnavailable: 'x' } } } }],
    [
      'OnDelete with a rolling update',
      'create',
      { spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } } },
    ],
    [
      'an unknown retention',
      'create',
      { spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Keep', whenScaled: 'Drop' } } },
    ],
    ['a first ordinal below zero', 'create', { spec: { ordinals: { start: -1 } } }],
    ['a bad service name', 'create', { spec: { serviceName: 'A.b' } }],
    ['no service name', 'create', { spec: { serviceName: null } }],
    ['a negative history', 'create', { spec: { revisionHistoryLimit: -1 } }],
    ['a claim of nothing', 'create', withClaim({})],
    [
      'a claim of a bad class',
      'create',
      withClaim({ accessModes: ['Sometimes'], storageClassName: 'A_b', resources: { requests: { storage: '-1' } } }),
    ],
    [
      'a mount of a claim and of none',
      'create',
      {
        spec: {
          template: {
            spec: {
              containers: [
                {
                  ...container,
                  volumeMounts: [
                    { name: 'data', mountPath: '/data' },
                    { name: 'nothing', mountPath: '/nothing' },
                  ],
                },
              ],
            },
          },
        },
      },
    ],
    ['another service name', 'update', { spec: { serviceName: 'y' } }],
    ['another management policy', 'update', { spec: { podManagementPolicy: 'Parallel' } }],
    ['another claim', 'update', withClaim({ accessModes: ['ReadWriteMany'] })],
    [
      'all that may change',
      'update',
      {
        spec: {
          replicas: 3,
          minReadySeconds: 5,
          ordinals: { start: 2 },
          revisionHistoryLimit: 3,
          updateStrategy: { type: 'OnDelete', rollingUpdate: null },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
          template: { spec: { containers: [{ name: 'a', image: 'j' }] } },
        },
      },
    ],
    ['a status', 'status', { status: { replicas: 2, readyReplicas: 1, availableReplicas: 1, collisionCount: -1 } }],
    ['more available than ready', 'status', { status: { replicas: 2, readyReplicas: 1, availableReplicas: 2 } }],
  ],
)

const deployments = casesOf(
  { apiVersion: 'apps/v1', kind: 'Deployment', resource: 'deployments', base: { spec: selected } },
  [
    ...replicated,
    ['an unknown strategy', 'create', { spec: { strategy: { type: 'Now' } } }],
    [
      'Recreate with a rolling update',
      'create',
      { spec: { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } } },
    ],
    ['no progress', 'create', { spec: { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } } }],
    ['no numbers', 'create', { spec: { strategy: { rollingUpdate: { maxSurge: 'x', maxUnavailable: '-5%' } } } }],
    [
      'more than all',
      'create',
      { spec: { strategy: { rollingUpdate: { maxSurge: '200%', maxUnavailable: '200%' } } } },
    ],
    [
      'negative times',
      'create',
      { spec: { minReadySeconds: -1, revisionHistoryLimit: -2, progressDeadlineSeconds: -3 } },
    ],
    ['a deadline before it is ready', 'create', { spec: { minReadySeconds: 10, progressDeadlineSeconds: 10 } }],
    ['more available than ready', 'status', { status: { replicas: 2, readyReplicas: 1, availableReplicas: 2 } }],
    ['a negative collision count', 'status', { status: { collisionCount: -1 } }],
    ['more replicas', 'update', { spec: { replicas: 3 } }],
  ],
)

const daemonSets = casesOf(
  { apiVersion: 'apps/v1', kind: 'DaemonSet', resource: 'daemonsets', base: { spec: selected } },
  [
    ...templateChanges,
    ['negative times', 'create', { spec: { minReadySeconds: -1, revisionHistoryLimit: -2 } }],
    ['an unknown strategy', 'create', { spec: { updateStrategy: { type: 'Now' } } }],
    [
      'surge and unavailability',
      'create',
      { spec: { updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: '101%' } } } },
    ],
    [
      'neither surge nor unavailability',
      'create',
      { spec: { updateStrategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } } },
    ],
    ['no numbers', 'create', { spec: { updateStrategy: { rollingUpdate: { maxSurge: 'x', maxUnavailable: -1 } } } }],
    [
      'negative counts',
      'status',
      {
        status: {
          currentNumberScheduled: -1,
          numberMisscheduled: -2,
          desiredNumberScheduled: -3,
          numberReady: -4,
          observedGeneration: -5,
          updatedNumberScheduled: -6,
          numberAvailable: -7,
          numberUnavailable: -8,
          collisionCount: -9,
        },
      },
    ],
  ],
)

const replicaSets = casesOf(
  { apiVersion: 'apps/v1', kind: 'ReplicaSet', resource: 'replicasets', base: { spec: selected } },
  replicated,
)

const replicationControllers = casesOf(
  {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    resource: 'replicationcontrollers',
    base: { spec: { selector: labels, template } },
  },
  [
    ['fewer than no replicas', 'create', { spec: { replicas: -1, minReadySeconds: -1 } }],
    ['no selector and no labels', 'create', { spec: { selector: null, template: { metadata: { labels: null } } } }],
    ['a selector that selects other pods', 'create', { spec: { selector: { app: 'y' } } }],
    ['a bad selector', 'create', { spec: { selector: { 'a b': 'c d' } } }],
    ['no template', 'create', { spec: { template: null } }],
    ['nothing', 'create', { spec: null }],
    ['no containers', 'create', { spec: { template: { spec: { containers: [] } } } }],
    [
      'a template that ends',
      'create',
      { spec: { template: { spec: { restartPolicy: 'OnFailure', activeDeadlineSeconds: 5 } } } },
    ],
    ['a changed selector', 'update', { spec: { selector: { app: 'y' } } }],
    ['a changed template', 'update', { spec: { template: { spec: { containers: [{ name: 'a', image: 'j' }] } } } }],
    ['fewer than no replicas', 'update', { spec: { replicas: -1 } }],
    [
      'negative counts',
      'status',
      {
        status: {
          replicas: -1,
          fullyLabeledReplicas: -2,
          readyReplicas: -3,
          availableReplicas: -4,
          observedGeneration: -5,
        },
      },
    ],
    [
      'more than there are',
      'status',
      { status: { replicas: 1, fullyLabeledReplicas: 2, readyReplicas: 3, availableReplicas: 4 } },
    ],
  ],
)

const revisions = casesOf(
  {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    resource: 'controllerrevisions',
    base: { revision: 1, data: { a: 1 } },
  },
  [
    ['no data', 'create', { data: null }],
    ['data that is a list', 'create', { data: [1] }],
    ['data that is a text', 'create', { data: 'x' }],
    ['a negative revision', 'create', { revision: -1, data: null }],
    ['other data', 'update', { data: { a: 2 } }],
    ['another revision', 'update', { revision: 2 }],
    ['a negative revision', 'update', { revision: -2 }],
  ],
)

const podTemplates = casesOf({ apiVersion: 'v1', kind: 'PodTemplate', resource: 'podtemplates', base: { template } }, [
  ['no containers', 'create', { template: { spec: { containers: [] } } }],
  ['no template', 'create', { template: null }],
  ['bad labels', 'create', { template: { metadata: { labels: { 'a b': 'c d' }, annotations: { 'e f': 'g' } } } }],
  ['no containers', 'update', { template: { spec: { containers: [] } } }],
  ['another image', 'update', { template: { spec: { containers: [{ name: 'a', image: 'j' }] } } }],
])

const once = { template: { spec: { restartPolicy: 'Never', containers: [container] } } }

const jobs = casesOf({ apiVersion: 'batch/v1', kind: 'Job', resource: 'jobs', base: { spec: once } }, [
  ['a template that does not end', 'create', { spec: { template: { spec: { restartPolicy: 'Always' } } } }],
  ['an unknown restart policy', 'create', { spec: { template: { spec: { restartPolicy: 'Sometimes' } } } }],
  [
    'negative numbers',
    'create',
    {
      spec: {
        parallelism: -1,
        completions: -2,
        activeDeadlineSeconds: -3,
        backoffLimit: -4,
        ttlSecondsAfterFinished: -5,
        backoffLimitPerIndex: -6,
        maxFailedIndexes: -7,
      },
    },
  ],
  ['an unknown mode', 'create', { spec: { completionMode: 'Both' } }],
  ['an index without completions', 'create', { spec: { completionMode: 'Indexed' } }],
  [
    'more than an index can have',
    'create',
    {
      spec: {
        completionMode: 'Indexed',
        completions: 100_001,
        parallelism: 100_001,
        backoffLimitPerIndex: 1,
        maxFailedIndexes: 100_002,
      },
    },
  ],
  ['an own selector', 'create', { spec: { manualSelector: true, selector: { matchLabels: { a: 'b' } } } }],
  ['a selector that is not own', 'create', { spec: { selector: { matchLabels: { a: 'b' } } } }],
  ['an unknown manager', 'create', { spec: { managedBy: 'nobody' } }],
  ['a replacement policy', 'create', { spec: { podReplacementPolicy: 'Later' } }],
  [
    'a failure policy for a job that restarts',
    'create',
    {
      spec: {
        template: { spec: { restartPolicy: 'OnFailure' } },
        podFailurePolicy: {
          rules: [
            { action: 'Panic', onExitCodes: { operator: 'In', values: [0, 1, 1], containerName: 'b' } },
            { action: 'FailJob', onExitCodes: { operator: 'Near', values: [] } },
            { action: 'FailJob', onPodConditions: [{ type: 'a b', status: 'Maybe' }] },
            { action: 'FailJob' },
            {
              action: 'FailIndex',
              onExitCodes: { operator: 'In', values: [2, 1] },
              onPodConditions: [{ type: 'a', status: 'True' }],
            },
          ],
        },
      },
    },
  ],
  ['a success policy without an index', 'create', { spec: { successPolicy: { rules: [{ succeededCount: 1 }] } } }],
  [
    'bad success rules',
    'create',
    {
      spec: {
        completionMode: 'Indexed',
        completions: 3,
        successPolicy: {
          rules: [
            {},
            { succeededIndexes: '1,x' },
            { succeededIndexes: '0-5' },
            { succeededCount: -1 },
            { succeededCount: 9 },
            { succeededIndexes: '0-1', succeededCount: 3 },
          ],
        },
      },
    },
  ],
  ['no success rules', 'create', { spec: { completionMode: 'Indexed', completions: 3, successPolicy: { rules: [] } } }],
  ['another template', 'update', { spec: { template: { spec: { containers: [{ name: 'a', image: 'j' }] } } } }],
  ['another number of completions', 'update', { spec: { completions: 5 } }],
  ['another mode', 'update', { spec: { completionMode: 'Indexed' } }],
  ['more at once', 'update', { spec: { parallelism: 5, activeDeadlineSeconds: 10, backoffLimit: 1, suspend: true } }],
  ['another selector', 'update', { spec: { selector: { matchLabels: { a: 'b' } } } }],
  [
    'negative counts',
    'status',
    { status: { active: -1, succeeded: -2, failed: -3, ready: -4, terminating: -5, completedIndexes: '1' } },
  ],
  [
    'a job that is done and failed',
    'status',
    {
      status: {
        conditions: [
          { type: 'Complete', status: 'True' },
          { type: 'Failed', status: 'True' },
        ],
      },
    },
  ],
  [
    'a job that is done without a start',
    'status',
    {
      status: { completionTime: '2024-01-01T00:00:00Z', conditions: [{ type: 'Complete', status: 'True' }], active: 1 },
    },
  ],
  ['a job that has started', 'status', { status: { startTime: '2024-01-01T00:00:00Z', active: 1, ready: 1 } }],
  ['more ready than active', 'status', { status: { startTime: '2024-01-01T00:00:00Z', active: 1, ready: 2 } }],
  [
    'uncounted pods',
    'status',
    { status: { uncountedTerminatedPods: { succeeded: ['a', 'a', ''], failed: ['a', ''] } } },
  ],
])

const cronJobs = casesOf(
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    resource: 'cronjobs',
    base: { spec: { schedule: '*/5 * * * *', jobTemplate: { spec: once } } },
  },
  [
    ['no schedule', 'create', { spec: { schedule: null } }],
    ['a bad schedule', 'create', { spec: { schedule: '* * * *' } }],
    ['a schedule beyond the day', 'create', { spec: { schedule: '0 25 * * *' } }],
    ['a schedule that names its zone', 'create', { spec: { schedule: 'TZ=UTC 0 2 * * *' } }],
    ['a schedule that names its zone twice', 'create', { spec: { schedule: 'TZ=UTC 0 2 * * *', timeZone: 'UTC' } }],
    ['no zone', 'create', { spec: { timeZone: '' } }],
    ['a zone that does not exist', 'create', { spec: { timeZone: 'Mars/Olympus' } }],
    ['the zone of the machine', 'create', { spec: { timeZone: 'Local' } }],
    [
      'negative numbers',
      'create',
      { spec: { startingDeadlineSeconds: -1, successfulJobsHistoryLimit: -2, failedJobsHistoryLimit: -3 } },
    ],
    ['an unknown policy', 'create', { spec: { concurrencyPolicy: 'Maybe' } }],
    ['a long name', 'create', { metadata: { name: 'x'.repeat(53) } }],
    [
      'a job that does not end',
      'create',
      { spec: { jobTemplate: { spec: { template: { spec: { restartPolicy: 'Always' } } } } } },
    ],
    [
      'a job with a selector',
      'create',
      { spec: { jobTemplate: { spec: { manualSelector: true, selector: { matchLabels: { a: 'b' } } } } } },
    ],
    ['a bad schedule', 'update', { spec: { schedule: 'x' } }],
    ['another schedule', 'update', { spec: { schedule: '0 0 * * *' } }],
    ['a zone in the schedule', 'update', { spec: { schedule: 'CRON_TZ=UTC 0 0 * * *' } }],
  ],
)

export const workloadCases: readonly Case[] = [
  ...statefulSets,
  ...deployments,
  ...daemonSets,
  ...replicaSets,
  ...replicationControllers,
  ...revisions,
  ...podTemplates,
  ...jobs,
  ...cronJobs,
]
