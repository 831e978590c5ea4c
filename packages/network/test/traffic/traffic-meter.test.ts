import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { createFakeClock, settle } from '@binnacle/testing'
import { afterEach, describe, expect, it } from 'vitest'
import type { Caller } from '../../src/traffic/callers.ts'
import { bucketOf, latencyBuckets } from '../../src/traffic/latency-histogram.ts'
import { trafficMetrics } from '../../src/traffic/metrics.ts'
import { TrafficMeter } from '../../src/traffic/traffic-meter.ts'

const minute = 60_000
const pods = { one: 'uid-1', two: 'uid-2' }
const web = { namespace: 'default', name: 'web', port: 80 }

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

function createMeter() {
  const clock = createFakeClock()
  const live = new Set<string>(Object.values(pods))
  let caller: Caller = 'outside'
  let hasService = true
  const meter = new TrafficMeter({
    workloads: {
      marker: 'UNUSED',
      containerOf: async (id) => {
        const uid = id === 'one' ? pods.one : pods.two
        return { pod: { namespace: 'default', name: `pod-"${id}"`, uid }, container: 'main' }
      },
      hasPod: async (uid) => live.has(uid),
    },
    hasService: () => hasService,
    clock,
    callers: { find: async () => caller, close: () => undefined },
    onError: (error) => {
      throw error
    },
  })
  cleanups.push(() => meter.close())
  /** A flow of `bytes` that is over. */
  const call = async (from: Caller, bytes: number): Promise<void> => {
    caller = from
    const tally = meter.udp(
      { address: '127.0.0.1', port: 1, family: 'IPv4', size: 0 },
      { address: '127.0.0.1', port: 2 },
      web,
    )
    tally.counters.bytesIn += bytes
    await settle()
  }
  const sources = (): string[] =>
    meter.snapshot().edges.map(({ source }) => (typeof source === 'string' ? source : source.pod.uid))
  return { clock, live, meter, call, sources, removeService: () => (hasService = false) }
}

describe('the meter', () => {
  it('adds up by caller', async () => {
    const { meter, call } = createMeter()
    await call({ containerId: 'one' }, 5)
    await call('outside', 1)
    await call({ containerId: 'one' }, 7)
    await call('unknown', 2)
    expect(meter.snapshot().edges.map(({ bytesIn }) => bytesIn)).toEqual([12, 1, 2])
  })

  it('forgets a pod ten minutes after its last traffic when it is gone', async () => {
    const { clock, live, call, sources } = createMeter()
    await call({ containerId: 'one' }, 1)
    await call({ containerId: 'two' }, 1)
    await call('outside', 1)
    live.delete(pods.one)
    await clock.advanceAsync(9 * minute)
    expect(sources()).toEqual([pods.one, pods.two, 'outside'])
    await clock.advanceAsync(2 * minute)
    expect(sources()).toEqual([pods.two, 'outside'])
  })

  it('forgets what called a Service that is gone', async () => {
    const { clock, call, sources, removeService } = createMeter()
    await call('outside', 1)
    removeService()
    await clock.advanceAsync(11 * minute)
    expect(sources()).toEqual([])
  })

  it('keeps a pod with an open connection', async () => {
    const { clock, live, meter, call, sources } = createMeter()
    await call({ containerId: 'one' }, 1)
    const tally = meter.udp(
      { address: '127.0.0.1', port: 1, family: 'IPv4', size: 0 },
      { address: '127.0.0.1', port: 2 },
      web,
    )
    tally.counters.open++
    await settle()
    live.clear()
    await clock.advanceAsync(30 * minute)
    expect(sources()).toEqual([pods.one])
  })

  it('is told as Prometheus text', async () => {
    const { meter, call } = createMeter()
    await call({ containerId: 'one' }, 12)
    expect(trafficMetrics(meter.snapshot())).toContain(
      'tcp_read_bytes_total{direction="outbound",src="pod",namespace="default",pod="pod-\\"one\\"",container="main",' +
        'dst_namespace="default",dst_service="web",dst_port="80",protocol="udp",peer="src"} 12\n',
    )
  })

  it('tells latencies as a cumulative histogram', async () => {
    const { meter } = createMeter()
    const { client, accepted } = await connection()
    const upstream = await connection()
    const tcp = meter.tcp(accepted, web)
    tcp.joined(upstream.client)
    client.write('GET / HTTP/1.1\r\n\r\n')
    await once(accepted, 'data')
    upstream.accepted.write('HTTP/1.1 204 No Content\r\n\r\n')
    await once(upstream.client, 'data')
    await settle()
    const text = trafficMetrics(meter.snapshot())
    expect(text).toMatch(/^request_total\{direction="outbound",src="outside",.*protocol="http"\} 1$/m)
    expect(text).toMatch(/^response_total\{.*classification="success",status_code="204"\} 1$/m)
    expect(text).toMatch(/^response_latency_ms_bucket\{.*le="65500"\} 1$/m)
    expect(text).toMatch(/^response_latency_ms_bucket\{.*le="\+Inf"\} 1$/m)
    expect(text).toMatch(/^response_latency_ms_count\{.*\} 1$/m)
  })
})

async function connection(): Promise<{ client: Socket; accepted: Socket }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  cleanups.push(() => {
    client.destroy()
    accepted.destroy()
    server.close()
  })
  return { client, accepted }
}

describe('latency buckets', () => {
  it('hold values up to and with their bound', () => {
    expect(latencyBuckets.slice(0, 5)).toEqual([0.25, 0.354, 0.5, 0.707, 1])
    for (const [index, bound] of latencyBuckets.entries()) {
      expect(bucketOf(bound)).toBe(index)
      expect(bucketOf(bound + 0.0001)).toBe(index + 1)
    }
    expect(bucketOf(0)).toBe(0)
  })
})
