// A field, or a whole object, that was edited here and by somebody else: before, theirs and mine, and who decides.

import { type Conflict, type ConflictSide, conflictView } from '@binnacle/canvas-core'
import type { JSX } from 'react'
import { stringify } from 'yaml'
import { act, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { Change, shownValue } from './change.tsx'
import { lineDiff } from './line-diff.ts'

export function ConflictRow({ conflict }: { conflict: Conflict }): JSX.Element {
  const document = useCanvas((state) => state.editor.document)
  const { key, path } = conflict
  const { type, label, base, mine, theirs } = conflictView(document, conflict)
  const words = texts.conflict[type]
  return (
    <div className="why warn" role="alert">
      <Icon name="warn" />
      <div className="grow">
        <b>{words.title}</b>
        <p>
          {label} {path !== '' && <code className="mono">{path}</code>}
        </p>
        <dl>
          <div className="conflict-side">
            <dt>{texts.staged.base}</dt>
            <dd>
              <Side side={base} />
            </dd>
          </div>
          <div className="conflict-side">
            <dt>{texts.staged.minesWord}</dt>
            <dd>
              <Side side={mine} from={base} />
            </dd>
          </div>
          <div className="conflict-side">
            <dt>{texts.staged.theirsWord}</dt>
            <dd>
              <Side side={theirs} from={base} />
            </dd>
          </div>
        </dl>
        <div className="links">
          <button onClick={() => act({ type: 'keepMine', key, path }, { label: texts.staged.mine })}>
            {words.mine}
          </button>
          <button onClick={() => act({ type: 'takeTheirs', key, path }, { label: texts.staged.theirs })}>
            {words.theirs}
          </button>
        </div>
      </div>
    </div>
  )
}

function Side({ side, from }: { side: ConflictSide; from?: ConflictSide }): JSX.Element {
  if (side.type === 'object') return <>{texts.conflict.there}</>
  if (side.type === 'deleted') return <>{texts.conflict.deleted}</>
  if (side.type === 'value')
    return <Value value={side.value} before={from?.type === 'value' ? from.value : side.value} />
  return (
    <ul>
      {side.lines.map((line) => (
        <li key={line.path}>
          {line.label} <Change line={line} />
        </li>
      ))}
    </ul>
  )
}

/** What has parts is shown line by line, against what was before. */
function Value({ value, before }: { value: unknown; before: unknown }): JSX.Element {
  if (!hasParts(value)) return <>{shownValue(value)}</>
  const lines = lineDiff(linesOf(hasParts(before) ? before : undefined), linesOf(value))
  return (
    <pre className="conflict-value">
      {lines.map(({ text, type }, index) => {
        const Line = type === 'added' ? 'ins' : type === 'removed' ? 'del' : 'span'
        return <Line key={index}>{text}</Line>
      })}
    </pre>
  )
}

function hasParts(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function linesOf(value: object | undefined): string[] {
  return value === undefined ? [] : stringify(value, { lineWidth: 0 }).trimEnd().split('\n')
}
