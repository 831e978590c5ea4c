// The priority levels and flow schemas of a 1.36 API server (apiserver pkg/apis/flowcontrol/bootstrap), as objects that
// can be read and changed. Requests are limited by `http/in-flight.ts`, which knows only "exempt" and "all others".

type Limit = 'Reject' | readonly [queues: number, handSize: number]

/** name, shares, lendable percent, what happens to a request for which there is no room */
const levels: readonly (readonly [string, number, number, Limit])[] = [
  ['catch-all', 5, 0, 'Reject'],
  ['global-default', 20, 50, [128, 6]],
  ['leader-election', 10, 0, [16, 4]],
  ['node-high', 40, 25, [64, 6]],
  ['system', 30, 33, [64, 6]],
  ['workload-high', 40, 50, [128, 6]],
  ['workload-low', 100, 90, [128, 6]],
]

const queueLength = 50

export function priorityLevels(): { name: string; spec: object }[] {
  const exempt = {
    name: 'exempt',
    spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  }
  const limited = levels.map(([name, shares, lendable, limit]) => ({
    name,
    spec: {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: shares,
        lendablePercent: lendable,
        limitResponse:
          limit === 'Reject'
            ? { type: 'Reject' }
            : { type: 'Queue', queuing: { queues: limit[0], handSize: limit[1], queueLengthLimit: queueLength } },
      },
    },
  }))
  return [exempt, ...limited]
}

const everything = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
}

const group = (name: string): object => ({ kind: 'Group', group: { name } })
const user = (name: string): object => ({ kind: 'User', user: { name } })
const account = (namespace: string, name: string): object => ({
  kind: 'ServiceAccount',
  serviceAccount: { namespace, name },
})

const everybody = [group('system:unauthenticated'), group('system:authenticated')]

/** name, precedence, level, distinguisher, rules */
const schemas: readonly (readonly [string, number, string, 'ByUser' | 'ByNamespace' | undefined, readonly object[]])[] =
  [
    ['exempt', 1, 'exempt', undefined, [{ subjects: [group('system:masters')], ...everything }]],
    [
      'probes',
      2,
      'exempt',
      undefined,
      [
        {
          subjects: everybody,
          nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
        },
      ],
    ],
    [
      'system-leader-election',
      100,
      'leader-election',
      'ByUser',
      [
        {
          subjects: [
            user('system:kube-controller-manager'),
            user('system:kube-scheduler'),
            account('kube-system', '*'),
          ],
          resourceRules: [
            {
              verbs: ['get', 'create', 'update'],
              apiGroups: ['coordination.k8s.io'],
              resources: ['leases'],
              namespaces: ['*'],
            },
          ],
        },
      ],
    ],
    [
      'system-node-high',
      400,
      'node-high',
      'ByUser',
      [
        {
          subjects: [group('system:nodes')],
          resourceRules: [
            {
              verbs: ['*'],
              apiGroups: [''],
              resources: ['nodes', 'nodes/status'],
              clusterScope: true,
              namespaces: ['*'],
            },
            { verbs: ['*'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] },
          ],
        },
      ],
    ],
    ['system-nodes', 500, 'system', 'ByUser', [{ subjects: [group('system:nodes')], ...everything }]],
    [
      'kube-controller-manager',
      800,
      'workload-high',
      'ByNamespace',
      [{ subjects: [user('system:kube-controller-manager')], ...everything }],
    ],
    [
      'kube-scheduler',
      800,
      'workload-high',
      'ByNamespace',
      [{ subjects: [user('system:kube-scheduler')], ...everything }],
    ],
    [
      'kube-system-service-accounts',
      900,
      'workload-high',
      'ByNamespace',
      [{ subjects: [account('kube-system', '*')], ...everything }],
    ],
    [
      'service-accounts',
      9000,
      'workload-low',
      'ByUser',
      [{ subjects: [group('system:serviceaccounts')], ...everything }],
    ],
    ['global-default', 9900, 'global-default', 'ByUser', [{ subjects: everybody, ...everything }]],
    ['catch-all', 10_000, 'catch-all', 'ByUser', [{ subjects: everybody, ...everything }]],
  ]

/** `since` is when their levels were found, which is at once. */
export function flowSchemas(since: string): { name: string; spec: object; status: object }[] {
  return schemas.map(([name, matchingPrecedence, level, type, rules]) => ({
    name,
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence,
      ...(type === undefined ? {} : { distinguisherMethod: { type } }),
      rules,
    },
    status: {
      conditions: [
        {
          type: 'Dangling',
          status: 'False',
          lastTransitionTime: since,
          reason: 'Found',
          message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} and it exists`,
        },
      ],
    },
  }))
}
