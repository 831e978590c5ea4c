// CPU and memory of a node over the last two minutes, as two small lines behind its figures.

import { type JSX, memo } from 'react'
import { useTelemetry } from '../state/telemetry.ts'
import { lineHeight, linePath, lineWidth } from './line-path.ts'

export const Sparkline = memo(function Sparkline({ pods }: { pods: readonly string[] }): JSX.Element | undefined {
  // Text, so that a node is drawn anew only where a line is another one.
  const cpu = useTelemetry(({ samples }) => linePath(samples, pods, 'cpu'))
  const memory = useTelemetry(({ samples }) => linePath(samples, pods, 'bytes'))
  if (cpu === '' && memory === '') return undefined
  return (
    <svg className="spark" viewBox={`0 0 ${lineWidth} ${lineHeight}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={memory} style={{ stroke: 'var(--db)' }} />
      <path d={cpu} style={{ stroke: 'var(--svc)' }} />
    </svg>
  )
})
