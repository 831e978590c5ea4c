import { describe, expect, it } from 'vitest'
import { tableCells, tableColumns } from '../src/columns/index.ts'

const now = Date.parse('2026-01-01T01:00:00Z')
const metadata = { name: 'x', creationTimestamp: '2026-01-01T00:50:00Z' }

function cells(group: string, kind: string, object: object): unknown[] {
  const row = tableCells({ group, kind }, { metadata, ...object }, now)
  expect(row).toHaveLength(tableColumns({ group, kind }).length)
  return row
}

const running = { name: 'a', ready: true, restartCount: 0, state: { running: {} } }

describe('pods', () => {
  const spec = { containers: [{ name: 'a' }] }

  it.each([
    ['Pending', { phase: 'Pending' }, '0/1', 'Pending', '0'],
    ['running', { phase: 'Running', containerStatuses: [running] }, '1/1', 'Running', '0'],
    ['evicted', { phase: 'Failed', reason: 'Evicted' }, '0/1', 'Evicted', '0'],
    [
      'crashing',
      {
        phase: 'Running',
        containerStatuses: [
          {
            name: 'a',
            restartCount: 2,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:59:55Z' } },
          },
        ],
      },
      '0/1',
      'CrashLoopBackOff',
      '2 (5s ago)',
    ],
    [
      'killed',
      { phase: 'Failed', containerStatuses: [{ name: 'a', state: { terminated: { exitCode: 137, signal: 9 } } }] },
      '0/1',
      'Signal:9',
      '0',
    ],
    [
      'failed without a reason',
      { phase: 'Failed', containerStatuses: [{ name: 'a', state: { terminated: { exitCode: 3 } } }] },
      '0/1',
      'ExitCode:3',
      '0',
    ],
    [
      'gated',
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
      '0/1',
      'SchedulingGated',
      '0',
    ],
  ])('shows one that is %s', (_, status, ready, text, restarts) => {
    expect(cells('', 'Pod', { spec, status })).toEqual([
      'x',
      ready,
      text,
      restarts,
      '10m',
      '<none>',
      '<none>',
      '<none>',
      '<none>',
    ])
  })

  it.each([
    [{ state: { waiting: { reason: 'PodInitializing' } } }, 'Init:0/1'],
    [{ state: { waiting: { reason: 'ErrImagePull' } } }, 'Init:ErrImagePull'],
    [{ state: { terminated: { exitCode: 2 } } }, 'Init:ExitCode:2'],
    [{ state: { terminated: { exitCode: 0 } } }, 'Pending'],
  ])('shows how far initialization is: %j', (status, text) => {
    const pod = {
      spec: { ...spec, initContainers: [{ name: 'i' }] },
      status: { phase: 'Pending', initContainerStatuses: [{ name: 'i', ...status }] },
    }
    expect(cells('', 'Pod', pod)[2]).toBe(text)
  })

  it('counts running sidecars as containers', () => {
    const pod = {
      spec: { ...spec, initContainers: [{ name: 's', restartPolicy: 'Always' }] },
      status: {
        phase: 'Running',
        containerStatuses: [running],
        initContainerStatuses: [{ name: 's', ready: true, started: true, state: { running: {} } }],
      },
    }
    expect(cells('', 'Pod', pod).slice(1, 3)).toEqual(['2/2', 'Running'])
  })

  it('shows one that is being deleted as terminating, unless its node is lost or it has ended', () => {
    const deleted = { ...metadata, deletionTimestamp: metadata.creationTimestamp }
    expect(cells('', 'Pod', { metadata: deleted, spec, status: { phase: 'Running' } })[2]).toBe('Terminating')
    expect(cells('', 'Pod', { metadata: deleted, spec, status: { phase: 'Succeeded' } })[2]).toBe('Succeeded')
    const lost = { phase: 'Running', reason: 'NodeLost' }
    expect(cells('', 'Pod', { metadata: deleted, spec, status: lost })[2]).toBe('Unknown')
  })
})

describe('services', () => {
  const ports = [
    { port: 80, nodePort: 31234, protocol: 'TCP' },
    { port: 53, protocol: 'UDP' },
  ]

  it.each([
    [{ type: 'ClusterIP', clusterIPs: ['10.0.0.1'] }, {}, ['ClusterIP', '10.0.0.1', '<none>', '<none>']],
    [{ type: 'ClusterIP', clusterIPs: ['None'], ports }, {}, ['ClusterIP', 'None', '<none>', '80:31234/TCP,53/UDP']],
    [{ type: 'LoadBalancer' }, {}, ['LoadBalancer', '<none>', '<pending>', '<none>']],
    [
      { type: 'LoadBalancer', externalIPs: ['1.1.1.1'] },
      { loadBalancer: { ingress: [{ ip: '9.9.9.9' }, { hostname: 'a.b' }] } },
      ['LoadBalancer', '<none>', '9.9.9.9,a.b,1.1.1.1', '<none>'],
    ],
    [{ type: 'ExternalName', externalName: 'a.b' }, {}, ['ExternalName', '<none>', 'a.b', '<none>']],
  ])('%j', (spec, status, expected) => {
    expect(cells('', 'Service', { spec, status }).slice(1, 5)).toEqual(expected)
  })
})

describe('other kinds', () => {
  it('shows deployments with the wide columns', () => {
    const template = {
      spec: {
        containers: [
          { name: 'a', image: 'i:1' },
          { name: 'b', image: 'j' },
        ],
      },
    }
    const object = {
      spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template },
      status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 2 },
    }
    expect(cells('apps', 'Deployment', object)).toEqual(['x', '2/3', 3, 2, '10m', 'a,b', 'i:1,j', 'app=web'])
  })

  it('shows nodes', () => {
    const object = {
      metadata: {
        ...metadata,
        labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/control-plane': '' },
      },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
        nodeInfo: { kubeletVersion: 'v1.36.0', kernelVersion: '6.1', architecture: 'amd64' },
      },
    }
    expect(cells('', 'Node', object)).toEqual([
      'x',
      'Ready,SchedulingDisabled',
      'control-plane,worker',
      '10m',
      'v1.36.0',
      '10.0.0.1',
      '<none>',
      '<unknown>',
      '6.1 (amd64)',
      '<unknown>',
    ])
  })

  it('shows how long a job took, or takes', () => {
    const status = { startTime: '2026-01-01T00:55:00Z' }
    expect(cells('batch', 'Job', { spec: { completions: 2 }, status }).slice(1, 4)).toEqual(['Running', '0/2', '5m'])
    const done = {
      ...status,
      succeeded: 2,
      completionTime: '2026-01-01T00:55:07Z',
      conditions: [{ type: 'Complete', status: 'True' }],
    }
    expect(cells('batch', 'Job', { spec: { completions: 2 }, status: done }).slice(1, 4)).toEqual([
      'Complete',
      '2/2',
      '7s',
    ])
  })

  it('shows the targets of an autoscaler', () => {
    const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }
    const object = { spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3, metrics: [cpu] } }
    expect(cells('autoscaling', 'HorizontalPodAutoscaler', object).slice(1, 5)).toEqual([
      'Deployment/d',
      'cpu: <unknown>/80%',
      '<unset>',
      3,
    ])
  })

  it('shortens long lists of endpoints', () => {
    const addresses = ['1', '2', '3', '4'].map((last) => ({ ip: `10.0.0.${last}` }))
    expect(cells('', 'Endpoints', { subsets: [{ addresses, ports: [{ port: 80 }] }] })[1]).toBe(
      '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...',
    )
    expect(cells('', 'Endpoints', {})[1]).toBe('<none>')
  })

  it('shows events by their last time', () => {
    const object = {
      type: 'Normal',
      reason: 'Pulled',
      message: ' done\n',
      involvedObject: { kind: 'Pod', name: 'web' },
      lastTimestamp: '2026-01-01T00:59:00Z',
      firstTimestamp: '2026-01-01T00:50:00Z',
      count: 3,
      source: { component: 'kubelet', host: 'n1' },
    }
    expect(cells('', 'Event', object)).toEqual([
      '60s',
      'Normal',
      'Pulled',
      'pod/web',
      '',
      'kubelet, n1',
      'done',
      '10m',
      3,
      'x',
    ])
  })

  it('shows when objects without a printer were created', () => {
    const role = { group: 'rbac.authorization.k8s.io', kind: 'Role' }
    expect(tableColumns(role).map(({ name }) => name)).toEqual(['Name', 'Created At'])
    expect(tableCells(role, { metadata }, now)).toEqual(['x', metadata.creationTimestamp])
  })
})
