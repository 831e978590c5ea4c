// Metrics under upstream's names, and the delay of the event loop, which is our own bar.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export interface RequestLabels {
  verb: string
  group: string
  version: string
  resource: string
  subresource: string
  scope: string
}

const labelNames = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'] as const

/** The metrics of one kind of request. */
interface Series {
  readonly byCode: Map<number, Counter.Internal>
  readonly duration: Histogram.Internal<string>
  readonly longRunning: Gauge.Internal<string>
}

export class Metrics {
  readonly #registry = new Registry()
  readonly #requests = new Counter({
    name: 'apiserver_request_total',
    help: 'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
    labelNames: [...labelNames, 'code', 'component', 'dry_run'],
    registers: [this.#registry],
  })
  readonly #duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
    labelNames: [...labelNames, 'component', 'dry_run'],
    buckets: [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60],
    registers: [this.#registry],
  })
  readonly #inflight = new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
    labelNames: ['request_kind'],
    registers: [this.#registry],
  })
  readonly #longRunning = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
    labelNames: [...labelNames, 'component'],
    registers: [this.#registry],
  })
  readonly #inflightOf = {
    mutating: this.#inflight.labels({ request_kind: 'mutating' }),
    readOnly: this.#inflight.labels({ request_kind: 'readOnly' }),
  }
  readonly #series = new Map<string, Series>()
  readonly #delay = monitorEventLoopDelay({ resolution: 10 })

  /** `objects` counts what is stored, by resource; it is asked when metrics are. */
  constructor(objects: () => Iterable<readonly [resource: string, count: number]>) {
    this.#delay.enable()
    const delay = this.#delay
    const collected = [
      new Gauge({
        name: 'apiserver_storage_objects',
        help: 'Number of stored objects at the time of last check split by kind.',
        labelNames: ['resource'],
        registers: [],
        collect() {
          for (const [resource, count] of objects()) this.set({ resource }, count)
        },
      }),
      new Gauge({
        name: 'nodejs_eventloop_delay_seconds',
        help: 'Delay of the event loop since the last scrape.',
        labelNames: ['quantile'],
        registers: [],
        collect() {
          for (const quantile of [0.5, 0.99, 1])
            this.set({ quantile: String(quantile) }, delay.percentile(quantile * 100) / 1e9)
          delay.reset()
        },
      }),
      new Gauge({
        name: 'process_resident_memory_bytes',
        help: 'Resident memory size in bytes.',
        registers: [],
        collect() {
          this.set(process.memoryUsage.rss())
        },
      }),
    ]
    for (const gauge of collected) this.#registry.registerMetric(gauge)
  }

  /** The returned function is called when the request is answered. */
  begin(labels: RequestLabels, options: { isMutating: boolean; isLongRunning: boolean }): (code: number) => void {
    const started = performance.now()
    const series = this.#seriesOf(labels)
    const kind = options.isMutating ? 'mutating' : 'readOnly'
    const gauge = options.isLongRunning ? series.longRunning : this.#inflightOf[kind]
    gauge.inc()
    return (code) => {
      let count = series.byCode.get(code)
      if (count === undefined) {
        count = this.#requests.labels({ ...labels, component: 'apiserver', dry_run: '', code: String(code) })
        series.byCode.set(code, count)
      }
      count.inc()
      gauge.dec()
      if (!options.isLongRunning) series.duration.observe((performance.now() - started) / 1000)
    }
  }

  /** prom-client sorts and hashes labels on each call; the children that it made are kept instead. */
  #seriesOf(labels: RequestLabels): Series {
    const { verb, group, version, resource, subresource, scope } = labels
    const key = `${verb} ${group}/${version}/${resource}/${subresource} ${scope}`
    let series = this.#series.get(key)
    if (series === undefined) {
      series = {
        byCode: new Map(),
        duration: this.#duration.labels({ ...labels, component: 'apiserver', dry_run: '' }),
        longRunning: this.#longRunning.labels({ ...labels, component: 'apiserver' }),
      }
      this.#series.set(key, series)
    }
    return series
  }

  async text(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() }
  }

  close(): void {
    this.#delay.disable()
  }
}
