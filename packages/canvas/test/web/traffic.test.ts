import { describe, expect, it } from 'vitest'
import { type TrafficEdge, type TrafficSnapshot, flowKey, flowsBetween, quantile } from '../../src/web/data/traffic.ts'

function edge(changes: Partial<TrafficEdge> = {}): TrafficEdge {
  return {
    source: { pod: { namespace: 'shop', name: 'web-1', uid: 'u1' } },
    service: { namespace: 'shop', name: 'api', port: 80 },
    protocol: 'http',
    requests: 0,
    codes: {},
    latencyMs: { buckets: [1, 10, 100], counts: [0, 0, 0, 0] },
    bytesIn: 0,
    bytesOut: 0,
    connectionsOpened: 0,
    connectionsOpen: 0,
    failures: 0,
    ...changes,
  }
}

const at = (seconds: number, ...edges: TrafficEdge[]): TrafficSnapshot => ({ at: seconds * 1000, edges })
const place = { namespace: 'shop', workloadOf: (pod: string) => pod.split('-')[0] }
const webToApi = flowKey('web', 'api')

describe('rates of traffic', () => {
  it('are the difference of two snapshots over the time between them', () => {
    const flows = flowsBetween(
      at(10, edge({ requests: 100, codes: { 200: 100 } })),
      at(12, edge({ requests: 120, codes: { 200: 115, 503: 4, 0: 1 } })),
      place,
    )
    expect(flows.get(webToApi)).toMatchObject({ requestsPerSecond: 10, errorShare: 0.25 })
  })

  it('bring the pods of a workload together', () => {
    const other = { source: { pod: { namespace: 'shop', name: 'web-2', uid: 'u2' } } } as const
    const flows = flowsBetween(at(0), at(1, edge({ requests: 3 }), edge({ ...other, requests: 4 })), place)
    expect([...flows.keys()]).toEqual([webToApi])
    expect(flows.get(webToApi)?.requestsPerSecond).toBe(7)
  })

  it('begin anew where a counter went back', () => {
    const before = edge({ requests: 500, connectionsOpened: 50 })
    const after = edge({ requests: 6, connectionsOpened: 2 })
    expect(flowsBetween(at(0, before), at(2, after), place).get(webToApi)?.requestsPerSecond).toBe(3)
  })

  it('name who is none of ours as he is', () => {
    const flows = flowsBetween(at(0), at(1, edge({ source: 'outside', requests: 1 })), place)
    expect([...flows.keys()]).toEqual([flowKey('outside', 'api')])
  })

  it('leave out other namespaces, and time that did not pass', () => {
    const elsewhere = edge({ service: { namespace: 'other', name: 'api', port: 80 }, requests: 9 })
    expect(flowsBetween(at(0), at(1, elsewhere), place).size).toBe(0)
    expect(flowsBetween(at(1), at(1, edge({ requests: 9 })), place).size).toBe(0)
  })
})

describe('a quantile of a histogram', () => {
  it('lies inside its bucket in proportion', () => {
    expect(quantile({ buckets: [10, 20], counts: [0, 10, 0] }, 0.5)).toBe(15)
  })

  it('is the last bound for what is above it, and nothing where nothing was measured', () => {
    expect(quantile({ buckets: [10, 20], counts: [0, 0, 5] }, 0.95)).toBe(20)
    expect(quantile({ buckets: [10, 20], counts: [0, 0, 0] }, 0.95)).toBeUndefined()
  })
})
