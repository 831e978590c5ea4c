// What happens now in few lines: the figures with a small chart of the last quarter of an hour, and what was logged last.

import type { GraphNode } from '@binnacle/canvas-core'
import { type JSX, Suspense, useMemo } from 'react'
import { useFigures, useSeries } from '../state/figures.ts'
import { mayReadLogs } from '../state/permissions.ts'
import { watchConnection } from '../state/session.ts'
import { setView, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { bytes, cores, milliseconds, percent, rate } from '../ui/format.ts'
import { lazyPart } from '../ui/lazy-part.ts'
import { podHues, shortPod, useLines } from './log-lines.ts'
import { logSources } from './logs-tab.tsx'
import { useReleaseTimes } from './metrics-tab.tsx'
import { usePods } from './pod-list.tsx'

const Chart = lazyPart(async () => (await import('./chart.tsx')).Chart)

export function FiguresNow({ node }: { node: GraphNode }): JSX.Element | undefined {
  const figures = useFigures(node)
  const parts = [
    figures.requestsPerSecond === undefined ? undefined : rate(figures.requestsPerSecond),
    figures.errorShare === undefined ? undefined : texts.figures.errors(percent(figures.errorShare)),
    figures.p95Ms === undefined ? undefined : `${milliseconds(figures.p95Ms)} ${texts.figures.p95}`,
    figures.requestsPerSecond !== undefined || figures.connections === undefined
      ? undefined
      : `${figures.connections} ${texts.figures.connections}`,
    figures.cpu === undefined ? undefined : cores(figures.cpu),
    figures.bytes === undefined ? undefined : `${bytes(figures.bytes)} ${texts.figures.memory}`,
  ].filter((part) => part !== undefined)
  if (parts.length === 0) return undefined
  return (
    <section className="sec">
      <p className="figures">
        {parts.map((part) => (
          <span key={part}>{part}</span>
        ))}
      </p>
      <Suspense fallback={<div className="chart-room" />}>
        <SmallChart node={node} hasRequests={figures.requestsPerSecond !== undefined} />
      </Suspense>
    </section>
  )
}

/** Requests and those that failed; of what has none, the CPU that it used. */
function SmallChart({ node, hasRequests }: { node: GraphNode; hasRequests: boolean }): JSX.Element {
  const marks = useReleaseTimes()
  const requests = useSeries(node, ({ requestsPerSecond }) => requestsPerSecond)
  const errors = useSeries(node, ({ requestsPerSecond, errorShare }) =>
    requestsPerSecond === undefined || errorShare === undefined ? undefined : requestsPerSecond * errorShare,
  )
  const cpu = useSeries(node, (figures) => figures.cpu)
  return hasRequests ? (
    <Chart
      isSmall
      title={texts.metrics.requests}
      times={requests.times}
      marks={marks}
      format={rate}
      series={[
        { label: texts.metrics.requestsSeries, hue: '--run', values: requests.values },
        { label: texts.metrics.errors, hue: '--bad', values: errors.values, area: true },
      ]}
    />
  ) : (
    <Chart
      isSmall
      title={texts.metrics.cpu}
      times={cpu.times}
      marks={marks}
      format={cores}
      series={[{ label: texts.metrics.used, hue: '--svc', values: cpu.values }]}
    />
  )
}

const shownLines = 5

export function LastLines({ node }: { node: GraphNode }): JSX.Element | undefined {
  const canRead = useCanvas(mayReadLogs)
  const sources = logSources(usePods(node))
  return canRead && sources.length > 0 ? <Lines node={node} sources={sources} /> : undefined
}

function Lines({ node, sources }: { node: GraphNode; sources: ReturnType<typeof logSources> }): JSX.Element {
  const namespace = node.object.metadata.namespace ?? ''
  const { lines } = useLines(watchConnection(), { namespace, sources, tailLines: shownLines })
  const hues = useMemo(() => podHues(sources), [sources])
  return (
    <section className="sec">
      <h3>{texts.logs.last}</h3>
      {lines.length === 0 && <p className="quiet">{texts.logs.none}</p>}
      <div className="last-lines">
        {lines.slice(-shownLines).map(({ id, time, pod, text, level }) => (
          <p key={id} className={`clip ${level}`} data-tip={text}>
            <span className="quiet">{time.slice(11, 19)}</span>{' '}
            <span style={{ color: `var(${hues.get(pod) ?? '--tx-3'})` }}>{shortPod(pod)}</span> {text}
          </p>
        ))}
      </div>
      <div className="links">
        <button onClick={() => setView({ tab: 'logs', logBegin: undefined })}>{texts.logs.more}</button>
      </div>
    </section>
  )
}
