// One field before and after.

import type { DiffLine } from '@binnacle/canvas-core'
import type { JSX } from 'react'
import { texts } from '../texts.ts'

/** What was, and what will be. */
export function Change({ line }: { line: DiffLine }): JSX.Element {
  return (
    <span className="v">
      <span className="was">
        <span className="sr">{texts.staged.was} </span>
        {line.before === undefined ? texts.staged.notSet : shownValue(line.before)}
      </span>
      <span aria-hidden="true">→</span>
      <span className="now">
        <span className="sr">{texts.staged.becomes} </span>
        {line.after === undefined ? texts.staged.notSet : shownValue(line.after)}
      </span>
    </span>
  )
}

export function shownValue(value: unknown): string {
  if (value === undefined || value === null) return texts.staged.notSet
  if (typeof value === 'string') return value === '' ? '""' : value
  const text = JSON.stringify(value)
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
