// Results of what went on in the background. Read out politely; what failed stays until it is closed.

import type { JSX } from 'react'
import { dismiss, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'

const looks = {
  ok: ['ok', '--ok'],
  bad: ['bad', '--bad'],
  info: ['run', '--run'],
} as const

export function Toasts(): JSX.Element {
  const toasts = useCanvas((state) => state.toasts)
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, severity, title, text }) => (
        <div key={id} className="toast">
          <span style={{ color: `var(${looks[severity][1]})` }}>
            <Icon name={looks[severity][0]} />
          </span>
          <div className="grow">
            <b>{title}</b>
            {text !== undefined && text !== title && <p>{text}</p>}
          </div>
          <button className="btn bare icon small" aria-label={texts.close} onClick={() => dismiss(id)}>
            <Icon name="close" size={12} />
          </button>
        </div>
      ))}
    </div>
  )
}
