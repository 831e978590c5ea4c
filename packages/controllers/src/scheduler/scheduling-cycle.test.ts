import type { Node, Pod, PodDisruptionBudget } from '@binnacle/api'
import { expect, test } from 'vitest'
import { podInfoOf } from './node-info.ts'
import type { ClusterView } from './plugin.ts'
import { filterPlugins, scorePlugins } from './plugins/default-plugins.ts'
import { findPreemption } from './preemption.ts'
import { SchedulerCache } from './scheduler-cache.ts'
import { fitErrorMessage, schedulePod } from './scheduling-cycle.ts'
import type { CycleContext } from './scheduling-cycle.ts'

interface NodeOptions {
  cpu?: string
  pods?: string
  labels?: Record<string, string>
  spec?: Node['spec']
}

function node(name: string, { cpu = '4', pods = '110', labels = {}, spec = {} }: NodeOptions = {}): Node {
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: { allocatable: { cpu, memory: '8Gi', pods } },
  }
}

let uids = 0

function pod(
  name: string,
  spec: Partial<NonNullable<Pod['spec']>> & { cpu?: string } = {},
  labels?: Record<string, string>,
): Pod {
  const { cpu, ...rest } = spec
  const requests = cpu === undefined ? {} : { cpu }
  return {
    metadata: { name, namespace: 'default', uid: `uid-${++uids}`, ...(labels ? { labels } : {}) },
    spec: { containers: [{ name: 'c', resources: { requests } }], ...rest },
    status: { phase: 'Running' },
  }
}

function contextWith(
  nodes: readonly Node[],
  bound: readonly Pod[] = [],
  view: Partial<ClusterView> = {},
): CycleContext {
  const cache = new SchedulerCache()
  for (const one of nodes) cache.setNode(one)
  for (const one of bound) cache.setPod(one)
  return {
    cache,
    view: {
      nodes: cache.nodes,
      namespace: () => undefined,
      claim: () => undefined,
      volume: () => undefined,
      volumes: () => [],
      storageClass: () => undefined,
      ...view,
    },
    filters: filterPlugins,
    scorers: scorePlugins,
  }
}

function on(nodeName: string, what: Pod): Pod {
  return { ...what, spec: { ...what.spec, nodeName } } as Pod
}

function outcome(what: Pod, context: CycleContext, budgets: readonly PodDisruptionBudget[] = []): string {
  const info = podInfoOf(what)
  const result = schedulePod(info, context)
  if ('node' in result) return result.node
  const preemption = findPreemption(info, { diagnosis: result.diagnosis, context, budgets })
  if ('victims' in preemption) {
    return `${preemption.node} after ${preemption.victims.map(({ pod: victim }) => victim.metadata.name).join()}`
  }
  return fitErrorMessage(result.diagnosis, preemption.message)
}

test('a pod too big for what is free names the resource, and that nobody can make room', () => {
  const context = contextWith([node('n')], [on('n', pod('a', { cpu: '3' }))])
  expect(outcome(pod('b', { cpu: '2' }), context)).toBe(
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
  )
})

test('a pod too big for any node cannot be helped by preemption', () => {
  expect(outcome(pod('b', { cpu: '8' }), contextWith([node('n')]))).toBe(
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
  )
})

test('a node selector that matches no node', () => {
  expect(outcome(pod('p', { nodeSelector: { label: 'nonempty' } }), contextWith([node('n')]))).toBe(
    "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
  )
})

test('reasons are counted over nodes and sorted as text', () => {
  const context = contextWith([
    node('cordoned', { spec: { unschedulable: true } }),
    node('tainted', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }),
    node('full', { pods: '0' }),
    node('small', { cpu: '1' }),
  ])
  expect(outcome(pod('p', { cpu: '2' }), context)).toBe(
    '0/4 nodes are available: 1 Insufficient cpu, 1 Too many pods, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. ' +
      'preemption: 0/4 nodes are available: 1 No preemption victims found for incoming pod, 3 Preemption is not helpful for scheduling.',
  )
})

test('a toleration opens a tainted and a cordoned node', () => {
  const tainted = contextWith([node('n', { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } })])
  expect(outcome(pod('p', { tolerations: [{ key: 'k', operator: 'Equal', value: 'v' }] }), tainted)).toBe('n')
  expect(outcome(pod('p', { tolerations: [{ key: 'k', operator: 'Equal', value: 'w' }] }), tainted)).toContain('taint')
  const cordoned = contextWith([node('n', { spec: { unschedulable: true } })])
  const tolerations = [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' as const }]
  expect(outcome(pod('p', { tolerations }), cordoned)).toBe('n')
})

test('host ports are taken per protocol and address', () => {
  const withPort = (hostPort: number, hostIP?: string): Partial<NonNullable<Pod['spec']>> => ({
    containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort, ...(hostIP ? { hostIP } : {}) }] }],
  })
  const context = contextWith([node('n')], [on('n', pod('a', withPort(8080, '127.0.0.1')))])
  expect(outcome(pod('b', withPort(8080, '127.0.0.2')), context)).toBe('n')
  expect(outcome(pod('b', withPort(8080)), context)).toContain(
    "1 node(s) didn't have free ports for the requested pod ports.",
  )
})

test('init containers count by their peak, sidecars all the time, overhead on top', () => {
  const requests = (cpu: string): object => ({ name: 'c', resources: { requests: { cpu } } })
  const spec = {
    containers: [requests('1')],
    initContainers: [{ ...requests('500m'), restartPolicy: 'Always' }, requests('2')],
    overhead: { cpu: '250m' },
  } as unknown as NonNullable<Pod['spec']>
  expect(podInfoOf(pod('p', spec)).requests.milliCpu).toBe(2750)
})

test('the pod goes where more is free', () => {
  const context = contextWith([node('busy'), node('idle')], [on('busy', pod('a', { cpu: '3' }))])
  expect(outcome(pod('b', { cpu: '500m' }), context)).toBe('idle')
})

test('anti-affinity holds both ways', () => {
  const apart = {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'kubernetes.io/hostname' },
        ],
      },
    },
  }
  const lone = pod('a', apart, { app: 'web' })
  const context = contextWith([node('n')], [on('n', lone)])
  expect(outcome(pod('b', apart, { app: 'web' }), context)).toContain("node(s) didn't match pod anti-affinity rules")
  expect(outcome(pod('c', {}, { app: 'web' }), context)).toContain(
    "node(s) didn't satisfy existing pods anti-affinity rules",
  )
  expect(outcome(pod('d', {}, { app: 'db' }), context)).toBe('n')
})

test('affinity to its own kind lets the first pod of a group in', () => {
  const together = {
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'zone' },
        ],
      },
    },
  }
  const nodes = [node('a', { labels: { zone: 'z1' } }), node('b', { labels: { zone: 'z2' } })]
  expect(outcome(pod('p', together), contextWith(nodes))).toContain("2 node(s) didn't match pod affinity rules")
  expect(outcome(pod('p', together, { app: 'web' }), contextWith(nodes))).toMatch(/^[ab]$/)
  const context = contextWith(nodes, [on('b', pod('q', {}, { app: 'web' }))])
  expect(outcome(pod('p', together, { app: 'web' }), context)).toBe('b')
})

test('topology spread keeps the skew', () => {
  const spread = {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'DoNotSchedule' as const,
        labelSelector: { matchLabels: { app: 'web' } },
      },
    ],
  }
  const context = contextWith([node('a'), node('b', { cpu: '1' })], [on('a', pod('1', {}, { app: 'web' }))])
  expect(outcome(pod('2', { ...spread, cpu: '100m' }, { app: 'web' }), context)).toBe('b')
  expect(outcome(pod('3', { ...spread, cpu: '2' }, { app: 'web' }), context)).toContain(
    "1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints.",
  )
})

test('preemption takes the least important pods and no more than it needs', () => {
  const low = on('n', pod('low', { cpu: '2', priority: 0 }))
  const middle = on('n', pod('middle', { cpu: '2', priority: 5 }))
  const context = contextWith([node('n')], [low, middle])
  expect(outcome(pod('high', { cpu: '1', priority: 10 }), context)).toBe('n after low')
  expect(outcome(pod('never', { cpu: '1', priority: 10, preemptionPolicy: 'Never' }), context)).toBe(
    '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.',
  )
})

test('preemption spares pods whose budget would break where it can', () => {
  const guarded = on('n', pod('guarded', { cpu: '2', priority: 0 }, { app: 'guarded' }))
  const free = on('n', pod('free', { cpu: '2', priority: 5 }, { app: 'free' }))
  const budget = {
    metadata: { name: 'b', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'guarded' } } },
    status: { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
  } as PodDisruptionBudget
  expect(outcome(pod('high', { cpu: '1', priority: 10 }), contextWith([node('n')], [guarded, free]), [budget])).toBe(
    'n after free',
  )
})

test('the room made for a nominated pod is not given away to a lesser one', () => {
  const context = contextWith([node('n')])
  context.cache.nominate(podInfoOf(pod('nominated', { cpu: '4', priority: 10 })), 'n')
  expect(outcome(pod('lesser', { cpu: '1' }), context)).toContain('Insufficient cpu')
  expect(outcome(pod('greater', { cpu: '1', priority: 20 }), context)).toBe('n')
})

test('a missing claim refuses the pod before any node is looked at', () => {
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }]
  expect(outcome(pod('p', { volumes }), contextWith([node('n')]))).toBe(
    '0/1 nodes are available: persistentvolumeclaim "data" not found. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
  )
})
