// The local address of a forward: to open, and to copy for what is no browser.

import type { JSX } from 'react'
import { type Forward, addressOf } from '../data/forwards.ts'
import { toast } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from './icons.tsx'

const tlsPorts: ReadonlySet<number> = new Set([443, 8443])

export function ForwardAddress({ forward }: { forward: Forward }): JSX.Element {
  const address = addressOf(forward)
  return (
    <span className="forward-address">
      <a
        className="mono"
        href={`${tlsPorts.has(forward.port) ? 'https' : 'http'}://${address}`}
        target="_blank"
        rel="noreferrer"
      >
        {address}
      </a>
      <button
        className="btn bare icon small"
        aria-label={texts.forwards.copy(address)}
        onClick={() => void copy(address)}
      >
        <Icon name="copy" size={13} />
      </button>
    </span>
  )
}

async function copy(address: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(address)
    toast({ severity: 'info', title: texts.forwards.copied(address) })
  } catch {
    toast({ severity: 'bad', title: texts.graph.copyRefused })
  }
}
