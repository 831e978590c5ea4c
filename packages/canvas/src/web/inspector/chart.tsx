// A time chart over uPlot, in the page's colours. Loaded only when a chart is looked at.

import { type JSX, useEffect, useRef } from 'react'
import uPlot from 'uplot'

export interface Series {
  label: string
  /** Name of a token, `--run`. */
  hue: string
  values: readonly (number | null)[]
  area?: boolean
}

interface ChartProps {
  title: string
  /** Seconds since the epoch. */
  times: readonly number[]
  series: readonly Series[]
  format: (value: number) => string
  /** Moments of releases, in seconds. */
  marks?: readonly number[]
  /** The lines alone, for a glance: the figures stand beside it. */
  isSmall?: boolean
}

/** `10:42:08` */
function clockTime(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 8)
}

const leastSpanSeconds = 60

/** The first samples stand at the right edge of a minute, not spread over the whole width. */
function timeRange(_plot: uPlot, min: number | null, max: number | null): [number, number] {
  const end = max ?? 0
  return [Math.min(min ?? end, end - leastSpanSeconds), end]
}

export function Chart({ title, times, series, format, marks = [], isSmall = false }: ChartProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const height = isSmall ? 72 : 130
  const shape = series.map(({ label, hue }) => `${label}${hue}`).join(',')
  const marksNow = useRef(marks)
  marksNow.current = marks

  useEffect(() => {
    const element = host.current
    if (element === null) return undefined
    // Read at each drawing: the theme may change meanwhile.
    const style = getComputedStyle(element)
    const colour = (name: string): string => style.getPropertyValue(name).trim()
    const tint = (name: string) => (): string => colour(name)
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height,
        cursor: { y: false },
        legend: { show: false },
        scales: {
          x: { time: true, range: timeRange },
          y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.15 : 1] },
        },
        axes: [
          {
            show: !isSmall,
            stroke: tint('--tx-3'),
            grid: { show: false },
            ticks: { show: false },
            font: '11px system-ui',
            size: 24,
            space: 64,
            // Before the first sample there is no time to name.
            values: (plot, splits) => (plot.data[0].length === 0 ? [] : splits.map(clockTime)),
          },
          {
            show: !isSmall,
            stroke: tint('--tx-3'),
            grid: { stroke: tint('--line'), width: 1 },
            ticks: { show: false },
            font: '11px system-ui',
            size: 62,
            values: (_plot, splits) => splits.map((value) => format(value)),
          },
        ],
        series: [
          {},
          ...series.map(({ label, hue, area }) => ({
            label,
            stroke: tint(hue),
            width: 1.6,
            points: { show: false },
            ...(area === true ? { fill: () => `color-mix(in srgb, ${colour(hue)} 22%, transparent)` } : {}),
          })),
        ],
        hooks: {
          draw: [
            (chart) => {
              const { ctx, bbox } = chart
              ctx.strokeStyle = colour('--staged')
              ctx.setLineDash([4, 4])
              for (const mark of marksNow.current) {
                const x = chart.valToPos(mark, 'x', true)
                if (x < bbox.left || x > bbox.left + bbox.width) continue
                ctx.beginPath()
                ctx.moveTo(x, bbox.top)
                ctx.lineTo(x, bbox.top + bbox.height)
                ctx.stroke()
              }
              ctx.setLineDash([])
            },
          ],
        },
      },
      [[], ...series.map(() => [])],
      element,
    )
    plot.current = chart
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    const themes = new MutationObserver(() => chart.redraw(false, true))
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    return () => {
      observer.disconnect()
      themes.disconnect()
      chart.destroy()
    }
    // The chart is made anew only when its lines are others; values go in below.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [shape])

  useEffect(() => {
    plot.current?.setData([[...times], ...series.map(({ values }) => [...values])])
  }, [times, series])

  const newest = series.map(({ label, values }) => {
    const value = values.at(-1)
    return `${label} ${value === null || value === undefined ? '–' : format(value)}`
  })
  return (
    <figure className="chart-box" aria-label={`${title}: ${newest.join(', ')}`}>
      {!isSmall && (
        <figcaption className="legend">
          {series.map(({ label, hue, values }) => {
            const value = values.at(-1)
            return (
              <span key={label} style={{ color: `var(${hue})` }}>
                <b>{value === null || value === undefined ? '–' : format(value)}</b> {label}
              </span>
            )
          })}
        </figcaption>
      )}
      <div ref={host} className="chart" style={{ height }} aria-hidden="true" />
    </figure>
  )
}
