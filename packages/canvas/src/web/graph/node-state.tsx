// A state as people see it everywhere on the page: shape, word and colour together, never colour alone.

import type { GraphNode, NodeState } from '@binnacle/canvas-core'
import type { JSX } from 'react'
import { texts } from '../texts.ts'
import { Icon, type IconName } from '../ui/icons.tsx'

const looks: Readonly<Record<NodeState, { icon: IconName; colour: string }>> = {
  ready: { icon: 'ok', colour: '--ok' },
  progressing: { icon: 'run', colour: '--run' },
  degraded: { icon: 'warn', colour: '--warn' },
  failed: { icon: 'bad', colour: '--bad' },
  asleep: { icon: 'zzz', colour: '--idle' },
  staged: { icon: 'run', colour: '--staged' },
  unknown: { icon: 'unknown', colour: '--idle' },
}

/** Words of what is staged of a node; undefined where nothing is. */
export function stagedWord({ staged, edits }: GraphNode): string | undefined {
  if (staged === 'create') return texts.state.new
  if (staged === 'delete') return texts.state.removed
  return staged === 'update' ? texts.state.edits(edits) : undefined
}

/** `2 of 3`, `Ready`, `Crashing`. */
export function stateWord({ status, counts }: GraphNode): string {
  if (counts === undefined || status.state === 'asleep' || status.state === 'unknown') return status.word
  if (counts.desired > 1 || counts.ready !== counts.desired) return texts.state.of(counts.ready, counts.desired)
  return status.word
}

export interface StateMarkProps {
  node: GraphNode
  /** The state itself, whatever is staged. */
  full?: boolean
  /** Without the shape, for a node that is too far away to see it. */
  plain?: boolean
}

export function StateMark({ node, full = false, plain = false }: StateMarkProps): JSX.Element {
  const staged = stagedWord(node)
  const { icon, colour } = looks[node.status.state]
  if (staged !== undefined && !full)
    return (
      <span className="state" style={{ color: 'var(--staged)' }}>
        <span className="diamond" />
        {staged}
      </span>
    )
  return (
    <span className="state" style={{ color: `var(${colour})` }}>
      {!plain && <Icon name={icon} size={14} />}
      {full ? node.status.word : stateWord(node)}
    </span>
  )
}

export function colourOf(state: NodeState): string {
  return looks[state].colour
}
