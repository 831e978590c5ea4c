// Events of a node and of what belongs to it, newest first.

import type { Event as KubeEvent } from '@binnacle/api'
import { type GraphNode, parseKey } from '@binnacle/canvas-core'
import type { JSX } from 'react'
import { useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { age } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'

/** Of one node; of the whole namespace without one. */
export function EventList({ node }: { node?: GraphNode }): JSX.Element {
  const live = useCanvas((state) => state.editor.document.live)
  const about = node === undefined ? undefined : new Set([node.key, ...node.children].map(nameOf))
  const events: KubeEvent[] = []
  for (const object of live.values()) {
    if (object.kind !== 'Event') continue
    const event = object as unknown as KubeEvent
    const { kind = '', name = '' } = event.involvedObject
    if (about === undefined || about.has(`${kind}/${name}`)) events.push(event)
  }
  events.sort((a, b) => timeOf(b) - timeOf(a))
  if (events.length === 0) return <p className="sec quiet">{texts.events.none}</p>
  const now = Date.now()
  return (
    <ul className="list sec">
      {events.slice(0, 200).map((event) => (
        <li key={event.metadata.uid ?? event.metadata.name} className="event">
          <span style={{ color: event.type === 'Warning' ? 'var(--warn)' : 'var(--tx-3)' }}>
            <Icon name={event.type === 'Warning' ? 'warn' : 'ok'} size={14} />
          </span>
          <div className="grow">
            <b>{event.reason}</b>{' '}
            <span className="meta">
              {event.involvedObject.kind} {event.involvedObject.name}
            </span>
            <p>{event.message}</p>
          </div>
          <span className="meta">
            {(event.count ?? 1) > 1 && `${texts.events.times(event.count ?? 1)} · `}
            {age(timeOf(event), now)}
          </span>
        </li>
      ))}
    </ul>
  )
}

function nameOf(key: string): string {
  const { kind, name } = parseKey(key)
  return `${kind}/${name}`
}

function timeOf({ lastTimestamp, eventTime, metadata }: KubeEvent): number {
  return Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0
}
