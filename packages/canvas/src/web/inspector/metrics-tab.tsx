// The figures of a node over the last quarter of an hour, with the moments of releases.

import type { GraphNode } from '@binnacle/canvas-core'
import { type JSX, Suspense } from 'react'
import { useSeries } from '../state/figures.ts'
import { useCanvas } from '../state/store.ts'
import { useTelemetry } from '../state/telemetry.ts'
import { texts } from '../texts.ts'
import { lazyPart } from '../ui/lazy-part.ts'
import { bytes, cores, milliseconds, rate } from '../ui/format.ts'

const Chart = lazyPart(async () => (await import('./chart.tsx')).Chart)

export function MetricsTab({ node }: { node: GraphNode }): JSX.Element {
  const hasTraffic = useTelemetry((state) => state.hasTraffic)
  const hasUsage = useTelemetry((state) => state.usage !== undefined)
  const marks = useReleaseTimes()
  const requests = useSeries(node, ({ requestsPerSecond }) => requestsPerSecond)
  const errors = useSeries(node, ({ requestsPerSecond, errorShare }) =>
    requestsPerSecond === undefined || errorShare === undefined ? undefined : requestsPerSecond * errorShare,
  )
  const latency = useSeries(node, ({ p95Ms }) => p95Ms)
  const cpu = useSeries(node, (figures) => figures.cpu)
  const memory = useSeries(node, (figures) => figures.bytes)
  return (
    <Suspense fallback={<p className="sec quiet">{texts.loading}</p>}>
      <section className="sec">
        <h3>{texts.metrics.requests}</h3>
        {hasTraffic ? (
          <>
            <Chart
              title={texts.metrics.requests}
              times={requests.times}
              marks={marks}
              format={rate}
              series={[
                { label: texts.metrics.requestsSeries, hue: '--run', values: requests.values },
                { label: texts.metrics.errors, hue: '--bad', values: errors.values, area: true },
              ]}
            />
            <Chart
              title={texts.metrics.latency}
              times={latency.times}
              marks={marks}
              format={milliseconds}
              series={[{ label: texts.figures.p95, hue: '--run', values: latency.values }]}
            />
          </>
        ) : (
          <p className="quiet">{texts.metrics.absent}</p>
        )}
      </section>
      <section className="sec">
        <h3>{texts.metrics.cpu}</h3>
        {hasUsage ? (
          <>
            <Chart
              title={texts.metrics.cpu}
              times={cpu.times}
              marks={marks}
              format={cores}
              series={[{ label: texts.metrics.used, hue: '--svc', values: cpu.values }]}
            />
            <Chart
              title={texts.metrics.memory}
              times={memory.times}
              marks={marks}
              format={bytes}
              series={[{ label: texts.metrics.memory, hue: '--db', values: memory.values }]}
            />
          </>
        ) : (
          <p className="quiet">{texts.metrics.absent}</p>
        )}
      </section>
    </Suspense>
  )
}

/** Seconds since the epoch at which releases were made. */
export function useReleaseTimes(): readonly number[] {
  const live = useCanvas((state) => state.editor.document.live)
  const times: number[] = []
  for (const { kind, metadata } of live.values()) {
    if (kind === 'Release' && metadata.creationTimestamp !== undefined)
      times.push(Date.parse(metadata.creationTimestamp) / 1000)
  }
  return times
}
