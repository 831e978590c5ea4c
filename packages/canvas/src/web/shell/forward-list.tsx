// All ports that this Canvas's server forwards, of whatever application: where each leads, how it is, and its end.

import type { JSX } from 'react'
import { type Forward, addressOf } from '../data/forwards.ts'
import { stopForward, useForwards } from '../state/forwards.ts'
import { texts } from '../texts.ts'
import { ForwardAddress } from '../ui/forward-address.tsx'

export function ForwardList(): JSX.Element {
  const forwards = useForwards()
  if (forwards === undefined) return <p className="sec quiet">{texts.loading}</p>
  if (forwards.length === 0) return <p className="sec quiet">{texts.forwards.none}</p>
  return (
    <ul className="list forwards" aria-label={texts.forwards.title}>
      {forwards.map((forward) => (
        <Row key={forward.id} forward={forward} />
      ))}
    </ul>
  )
}

function Row({ forward }: { forward: Forward }): JSX.Element {
  const { id, kind, namespace, name, port, state, pod } = forward
  const isEnded = state === 'Ended'
  const address = addressOf(forward)
  return (
    <li className="list-row wrapping">
      <span className="dot" style={{ color: isEnded ? 'var(--idle)' : 'var(--ok)' }} />
      <b className="clip">{name}</b>
      <span className="meta">{texts.forwards.target(kind, namespace, port)}</span>
      {isEnded ? <span className="mono quiet">{address}</span> : <ForwardAddress forward={forward} />}
      <span className="meta grow" role="status">
        <Condition forward={forward} />
        {pod !== undefined && kind === 'Service' && !isEnded && <span className="mono"> · {pod}</span>}
      </span>
      <button
        className="btn"
        aria-label={isEnded ? texts.forwards.removePort(address) : texts.forwards.stopPort(address)}
        onClick={({ currentTarget }) => {
          // The row goes, and the focus would go with it.
          const view = currentTarget.closest<HTMLElement>('.tab')
          void stopForward(id).then(() => view?.focus())
        }}
      >
        {isEnded ? texts.remove : texts.forwards.stop}
      </button>
    </li>
  )
}

function Condition({ forward: { state, connections, message } }: { forward: Forward }): JSX.Element {
  if (state === 'Ended') return <>{message === undefined ? texts.forwards.endedWord : texts.forwards.ended(message)}</>
  return (
    <>
      {connections === 0 ? texts.forwards.listening : texts.forwards.connections(connections)}
      {message !== undefined && <span className="problem-text"> {texts.forwards.failed(message)}</span>}
    </>
  )
}
