// The figures as Prometheus text. Names and labels are those of Linkerd's proxy seen from the caller
// (https://linkerd.io/2/reference/proxy-metrics/), whose meaning they share: response_latency_ms too is the time to the
// first byte.

import type { TrafficEdge, TrafficSnapshot } from './snapshot.ts'

interface Sample {
  /** Appended to the metric's name. */
  suffix?: string
  labels?: Readonly<Record<string, string>>
  value: number
}

interface Metric {
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  samples: (edge: TrafficEdge) => Sample[]
}

const isHttp = ({ protocol }: TrafficEdge): boolean => protocol === 'http'

const metrics: readonly Metric[] = [
  {
    name: 'request_total',
    type: 'counter',
    help: 'HTTP requests.',
    samples: (edge) => (isHttp(edge) ? [{ value: edge.requests }] : []),
  },
  {
    name: 'response_total',
    type: 'counter',
    help: 'HTTP responses by status code; 0 for a connection that ended without one.',
    samples: ({ codes }) =>
      Object.entries(codes).map(([code, value]) => ({
        labels: { classification: code === '0' || code.startsWith('5') ? 'failure' : 'success', status_code: code },
        value,
      })),
  },
  {
    name: 'response_latency_ms',
    type: 'histogram',
    help: "Milliseconds from a request's last byte to its response's first.",
    samples: (edge) => (isHttp(edge) ? latencySamples(edge) : []),
  },
  {
    name: 'tcp_open_total',
    type: 'counter',
    help: 'Connections opened; for UDP, flows.',
    samples: ({ connectionsOpened }) => [{ labels: { peer: 'src' }, value: connectionsOpened }],
  },
  {
    name: 'tcp_open_connections',
    type: 'gauge',
    help: 'Connections open; for UDP, flows.',
    samples: ({ connectionsOpen }) => [{ labels: { peer: 'src' }, value: connectionsOpen }],
  },
  {
    name: 'tcp_read_bytes_total',
    type: 'counter',
    help: 'Bytes from the caller to the Service.',
    samples: ({ bytesIn }) => [{ labels: { peer: 'src' }, value: bytesIn }],
  },
  {
    name: 'tcp_write_bytes_total',
    type: 'counter',
    help: 'Bytes from the Service to the caller.',
    samples: ({ bytesOut }) => [{ labels: { peer: 'src' }, value: bytesOut }],
  },
  {
    name: 'outbound_tcp_errors_total',
    type: 'counter',
    help: 'Connections that no backend accepted.',
    samples: ({ failures }) => [{ labels: { error: 'connect' }, value: failures }],
  },
]

/** Text exposition format 0.0.4. */
export function trafficMetrics({ edges }: TrafficSnapshot): string {
  return metrics
    .flatMap(({ name, type, help, samples }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...edges.flatMap((edge) =>
        samples(edge).map(({ suffix = '', labels, value }) => {
          const all = Object.entries({ ...edgeLabels(edge), ...labels })
          return `${name}${suffix}{${all.map(([label, text]) => `${label}="${escape(text)}"`).join(',')}} ${value}`
        }),
      ),
    ])
    .map((line) => `${line}\n`)
    .join('')
}

/** Where the caller is no pod, `src` says what it is. */
function edgeLabels({ source, service, protocol }: TrafficEdge): Record<string, string> {
  const caller: Record<string, string> =
    typeof source === 'string'
      ? { src: source }
      : { src: 'pod', namespace: source.pod.namespace, pod: source.pod.name, container: source.container }
  return {
    direction: 'outbound',
    ...caller,
    dst_namespace: service.namespace,
    dst_service: service.name,
    dst_port: String(service.port),
    protocol,
  }
}

function latencySamples({ latencyMs: { buckets, counts, sum } }: TrafficEdge): Sample[] {
  let below = 0
  const samples = [...buckets.map(String), '+Inf'].map((le, index) => {
    below += counts[index] ?? 0
    return { suffix: '_bucket', labels: { le }, value: below }
  })
  return [...samples, { suffix: '_sum', value: sum }, { suffix: '_count', value: below }]
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
