// Autoscalers, disruption budgets, leases, classes of priority and runtime, certificates, flow control, RBAC.

import { type Case, casesOf, times } from '../case.ts'

const scaled = { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } }
const autoscaler = { kind: 'HorizontalPodAutoscaler', resource: 'horizontalpodautoscalers' }
const metric = { name: 'm' }

const autoscalers = casesOf({ ...autoscaler, apiVersion: 'autoscaling/v2', base: { spec: scaled } }, [
  ['nothing', 'create', { spec: null }],
  ['bad numbers', 'create', { spec: { minReplicas: -1, maxReplicas: 0 } }],
  ['none at all', 'create', { spec: { minReplicas: 0 } }],
  ['more than the most', 'create', { spec: { minReplicas: 5 } }],
  ['no target', 'create', { spec: { scaleTargetRef: { kind: '', name: '' } } }],
  ['a bad target', 'create', { spec: { scaleTargetRef: { kind: 'a/b', name: 'c/d', apiVersion: 'a/b/c' } } }],
  [
    'metrics of no type',
    'create',
    {
      spec: {
        metrics: [
          {},
          { type: 'Magic' },
          { type: 'Resource' },
          { type: 'Pods' },
          { type: 'Object' },
          { type: 'External' },
          { type: 'ContainerResource' },
        ],
      },
    },
  ],
  [
    'a metric of two types',
    'create',
    {
      spec: {
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
            pods: { metric, target: { type: 'AverageValue', averageValue: '1' } },
          },
        ],
      },
    },
  ],
  [
    'resources without targets',
    'create',
    {
      spec: {
        metrics: [
          { type: 'Resource', resource: { name: '', target: { type: '' } } },
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Value', value: '1' } } },
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 0 } } },
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 5, averageValue: '1' } },
          },
        ],
      },
    },
  ],
  [
    'container resources',
    'create',
    {
      spec: {
        metrics: [
          { type: 'ContainerResource', containerResource: { name: '', container: '', target: { type: 'x' } } },
          {
            type: 'ContainerResource',
            containerResource: { name: 'cpu', container: 'A_b', target: { type: 'Utilization' } },
          },
        ],
      },
    },
  ],
  [
    'pods without targets',
    'create',
    {
      spec: {
        metrics: [
          { type: 'Pods', pods: { metric: { name: '' }, target: { type: 'Value', value: '1' } } },
          { type: 'Pods', pods: { metric: { name: 'a/b' }, target: { type: 'AverageValue', averageValue: '-1' } } },
          {
            type: 'Pods',
            pods: {
              metric: { name: 'm', selector: { matchLabels: { 'a b': 'c' } } },
              target: { type: 'AverageValue', averageValue: '1' },
            },
          },
        ],
      },
    },
  ],
  [
    'objects without targets',
    'create',
    {
      spec: {
        metrics: [
          {
            type: 'Object',
            object: { metric: { name: '' }, describedObject: { kind: '', name: '' }, target: { type: 'Value' } },
          },
          {
            type: 'Object',
            object: { metric, describedObject: { kind: 'a', name: 'b' }, target: { type: 'Value', value: '0' } },
          },
          {
            type: 'Object',
            object: {
              metric,
              describedObject: { kind: 'a/b', name: 'b/c' },
              target: { type: 'AverageValue', averageValue: '0' },
            },
          },
        ],
      },
    },
  ],
  [
    'outside metrics without targets',
    'create',
    {
      spec: {
        metrics: [
          { type: 'External', external: { metric: { name: '' }, target: { type: 'Value' } } },
          { type: 'External', external: { metric, target: { type: 'Value', value: '1', averageValue: '1' } } },
          {
            type: 'External',
            external: {
              metric: { name: 'a/b' },
              target: { type: 'AverageValue', averageValue: '-1', averageUtilization: 5 },
            },
          },
        ],
      },
    },
  ],
  [
    'bad behavior',
    'create',
    {
      spec: {
        behavior: {
          scaleUp: {
            stabilizationWindowSeconds: -1,
            selectPolicy: 'x',
            policies: [
              { type: 'Pods', value: 0, periodSeconds: 0 },
              { type: 'x', value: 1, periodSeconds: 1801 },
            ],
          },
          scaleDown: { stabilizationWindowSeconds: 3601, policies: [] },
        },
      },
    },
  ],
  ['a tolerance', 'create', { spec: { behavior: { scaleUp: { tolerance: '-0.1' } } } }],
  ['bad numbers', 'update', { spec: { minReplicas: 5 } }],
  ['no target', 'update', { spec: { scaleTargetRef: { name: '' } } }],
  ['negative counts', 'status', { status: { currentReplicas: -1, desiredReplicas: -2 } }],
])

const oldAutoscalers = casesOf(
  {
    ...autoscaler,
    apiVersion: 'autoscaling/v1',
    base: { spec: { ...scaled, targetCPUUtilizationPercentage: 50 } },
    name: 'old',
  },
  [
    ['bad numbers', 'create', { spec: { minReplicas: -1, maxReplicas: 0, targetCPUUtilizationPercentage: 0 } }],
    ['a bad target', 'create', { spec: { scaleTargetRef: { kind: 'a/b', name: '' } } }],
  ],
)

const budgets = casesOf(
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    resource: 'poddisruptionbudgets',
    base: { spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } } } },
  },
  [
    ['nothing', 'create', { spec: null }],
    ['both', 'create', { spec: { maxUnavailable: 1 } }],
    ['numbers below zero', 'create', { spec: { minAvailable: -1 } }],
    ['no percentage', 'create', { spec: { minAvailable: 'x' } }],
    ['more than all', 'create', { spec: { minAvailable: '101%' } }],
    ['unavailable below zero', 'create', { spec: { minAvailable: null, maxUnavailable: '-1%' } }],
    ['a bad selector', 'create', { spec: { selector: { matchLabels: { 'a b': 'c d' } } } }],
    ['an unknown policy', 'create', { spec: { unhealthyPodEvictionPolicy: 'x' } }],
    ['both', 'update', { spec: { maxUnavailable: '5%' } }],
    ['another selector', 'update', { spec: { selector: { matchLabels: { a: 'c' } } } }],
    [
      'negative counts',
      'status',
      { status: { disruptionsAllowed: -1, currentHealthy: -2, desiredHealthy: -3, expectedPods: -4 } },
    ],
    [
      'a bad condition',
      'status',
      { status: { conditions: [{ type: 'a b', status: 'x', reason: '', lastTransitionTime: null, message: '' }] } },
    ],
  ],
)

const leases = casesOf(
  { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', resource: 'leases', base: { spec: {} } },
  [
    ['bad numbers', 'create', { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } }],
    ['a preference without a strategy', 'create', { spec: { preferredHolder: 'x' } }],
    ['an unknown strategy', 'create', { spec: { strategy: 'x' } }],
    ['bad numbers', 'update', { spec: { leaseDurationSeconds: -1 } }],
  ],
)

const priorities = casesOf(
  {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    resource: 'priorityclasses',
    cluster: true,
    base: { value: 10 },
  },
  [
    ['too high', 'create', { value: 1_000_000_001 }],
    ['a name of the system', 'create', { metadata: { name: 'system-x' } }],
    ['an unknown policy', 'create', { preemptionPolicy: 'x' }],
    ['another value', 'update', { value: 11 }],
    ['another policy', 'update', { preemptionPolicy: 'Never' }],
    ['a description', 'update', { description: 'x', globalDefault: true }],
  ],
)

const runtimes = casesOf(
  {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    resource: 'runtimeclasses',
    cluster: true,
    base: { handler: 'h' },
  },
  [
    ['no handler', 'create', { handler: '' }],
    ['a bad handler', 'create', { handler: 'A_b' }],
    ['a bad overhead', 'create', { overhead: { podFixed: { cpu: '-1', gold: '1', memory: '100m' } } }, 'any order'],
    [
      'a bad scheduling',
      'create',
      {
        scheduling: {
          nodeSelector: { 'a b': 'c d' },
          tolerations: [{ key: 'a b' }, { key: 'k' }, { key: 'k' }, { operator: 'x' }],
        },
      },
    ],
    ['an old node label', 'create', { scheduling: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } } }],
    ['another handler', 'update', { handler: 'i' }],
    ['a bad overhead', 'update', { overhead: { podFixed: { cpu: '-1' } } }],
  ],
)

/** A request for CN=x, made by openssl. */
const request =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIR01HNENBUUF3RERFS01BZ0dBMVVFQXd3QmVEQlpNQk1HQnlxR1NNNDlBZ0VHQ0NxR1NNNDlBd0VIQTBJQQpCRWxIODRmVzh0ZDEzYjJhM1orSEk3emZoWUNFVkFkc1VHNDR5cElsUDM5UUttZUJxT3BNSjQxV3BWb3FkYXljCk5LOWp3Rnd5eUVBanpxMko4Ry9tZEFPZ0FEQUtCZ2dxaGtqT1BRUURBZ05JQURCRkFpQWtpa2N4QlpzWEtzSWEKQ0FNV1JWay9ycWpSaFdIeTFOaVpvRnpRV01lUm5BSWhBSkZhU3dZdWt1SkRiZTJ4dXJ1c3VMZkNkN0lvL01JTQpWWGRSUzhQdmdacnMKLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg=='

const requests = casesOf(
  {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    resource: 'certificatesigningrequests',
    cluster: true,
    stored: false,
    base: { spec: { request, signerName: 'example.com/x', usages: ['client auth'] } },
  },
  [
    ['nothing', 'create', { spec: null }],
    ['a request that is none', 'create', { spec: { request: 'eA==' } }],
    ['a good one', 'create', {}],
    ['bad usages', 'create', { spec: { usages: ['x', 'client auth', 'client auth'] } }],
    ['no usages', 'create', { spec: { usages: [] } }],
    ['a bad signer', 'create', { spec: { signerName: 'x' } }],
    ['a signer of one segment', 'create', { spec: { signerName: 'x/y' } }],
    ['a signer with bad parts', 'create', { spec: { signerName: 'A_b.c/d_e' } }],
    ['a long signer', 'create', { spec: { signerName: `a.b/${times(200, () => 'xyz').join('.')}` } }],
    ['the signer of old', 'create', { spec: { signerName: 'kubernetes.io/legacy-unknown' } }],
    ['too short', 'create', { spec: { expirationSeconds: 599 } }],
  ],
)

const schemas = casesOf(
  {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    resource: 'flowschemas',
    cluster: true,
    base: { spec: { priorityLevelConfiguration: { name: 'workload-low' }, matchingPrecedence: 500 } },
  },
  [
    ['nothing', 'create', { spec: null }],
    [
      'bad words',
      'create',
      { spec: { priorityLevelConfiguration: { name: '' }, matchingPrecedence: 0, distinguisherMethod: { type: 'x' } } },
    ],
    ['too high', 'create', { spec: { matchingPrecedence: 10001, priorityLevelConfiguration: { name: 'A_b' } } }],
    ['a precedence of the system', 'create', { spec: { matchingPrecedence: 1 } }],
    [
      'bad rules',
      'create',
      {
        spec: {
          rules: [
            {},
            {
              subjects: [
                { kind: 'x' },
                { kind: 'User' },
                { kind: 'User', user: { name: '' }, group: { name: 'g' } },
                { kind: 'ServiceAccount', serviceAccount: { name: '', namespace: '' } },
                { kind: 'ServiceAccount', serviceAccount: { name: 'A_b', namespace: 'A_b' } },
                { kind: 'Group' },
                { kind: 'Group', group: { name: '' } },
              ],
              resourceRules: [
                {},
                { verbs: ['x', '*'], apiGroups: ['*', 'a'], resources: ['*', 'b'], namespaces: ['A_b', ''] },
                {
                  verbs: ['get'],
                  apiGroups: ['A_b'],
                  resources: ['pods'],
                  clusterScope: false,
                  namespaces: ['*', 'x'],
                },
              ],
              nonResourceRules: [{}, { verbs: ['x', '*'], nonResourceURLs: ['*', 'x', '/a b', '/a/*/b', ''] }],
            },
          ],
        },
      },
    ],
    ['bad words', 'update', { spec: { matchingPrecedence: -1 } }],
    [
      'bad conditions',
      'status',
      {
        status: { conditions: [{ type: '' }, { type: 'Dangling', status: 'x' }, { type: 'Dangling', status: 'True' }] },
      },
    ],
  ],
)

const levels = casesOf(
  {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'PriorityLevelConfiguration',
    resource: 'prioritylevelconfigurations',
    cluster: true,
    base: { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' } } } },
  },
  [
    ['nothing', 'create', { spec: null }],
    ['an unknown type', 'create', { spec: { type: 'x' } }],
    ['limited without limits', 'create', { spec: { limited: null } }],
    ['exempt with limits', 'create', { spec: { type: 'Exempt' } }],
    ['limited with exemptions', 'create', { spec: { exempt: { nominalConcurrencyShares: 1 } } }],
    [
      'numbers below zero',
      'create',
      {
        spec: {
          limited: {
            nominalConcurrencyShares: -1,
            lendablePercent: -1,
            borrowingLimitPercent: -1,
            limitResponse: { type: 'x' },
          },
        },
      },
    ],
    ['more than all', 'create', { spec: { limited: { lendablePercent: 101, limitResponse: { type: 'Queue' } } } }],
    [
      'queues that are rejected',
      'create',
      { spec: { limited: { limitResponse: { type: 'Reject', queuing: { queues: 1 } } } } },
    ],
    [
      'bad queues',
      'create',
      {
        spec: {
          limited: { limitResponse: { type: 'Queue', queuing: { queues: -1, handSize: -1, queueLengthLimit: -1 } } },
        },
      },
    ],
    [
      'hands that are too large',
      'create',
      {
        spec: {
          limited: { limitResponse: { type: 'Queue', queuing: { queues: 4, handSize: 5, queueLengthLimit: 1 } } },
        },
      },
    ],
    [
      'too many queues',
      'create',
      {
        spec: {
          limited: {
            limitResponse: { type: 'Queue', queuing: { queues: 100_000_000, handSize: 8, queueLengthLimit: 1 } },
          },
        },
      },
    ],
    ['numbers below zero', 'update', { spec: { limited: { nominalConcurrencyShares: -1 } } }],
    [
      'bad conditions',
      'status',
      {
        status: {
          conditions: [
            { type: '', status: 'x' },
            { type: 'a', status: 'True' },
            { type: 'a', status: 'True' },
          ],
        },
      },
    ],
  ],
)

const roles = casesOf(
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    resource: 'roles',
    base: { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] },
  },
  [
    [
      'bad rules',
      'create',
      {
        rules: [
          {},
          { verbs: ['get'] },
          { verbs: ['get'], nonResourceURLs: ['/x'] },
          { verbs: ['get'], apiGroups: [''] },
        ],
      },
    ],
    ['bad rules', 'update', { rules: [{}] }],
  ],
)

const bindings = casesOf(
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    resource: 'rolebindings',
    base: {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'base' },
      subjects: [{ kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' }],
    },
  },
  [
    [
      'bad subjects',
      'create',
      {
        subjects: [
          { kind: 'x', name: '' },
          { kind: 'User', name: 'u', apiGroup: 'x' },
          { kind: 'ServiceAccount', name: 'A_b' },
          { kind: 'Group', name: 'g', apiGroup: '' },
        ],
      },
    ],
    ['a bad role', 'create', { roleRef: { apiGroup: 'x', kind: 'y', name: '' } }],
    ['another role', 'update', { roleRef: { name: 'other' } }],
  ],
)

export const policyCases: readonly Case[] = [
  ...autoscalers,
  ...oldAutoscalers,
  ...budgets,
  ...leases,
  ...priorities,
  ...runtimes,
  ...requests,
  ...schemas,
  ...levels,
  ...roles,
  ...bindings,
]
