// The pages of docs/ that the Canvas speaks of, within it: they are read without a network, in the version that runs.

import { type JSX, useEffect, useRef, useState } from 'react'
import { setView, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { type Block, type Span, blocksOf, spansOf } from './markdown.ts'

const pages: Readonly<Record<string, () => Promise<{ default: string }>>> = {
  'canvas.md': async () => import('../../../../../docs/canvas.md'),
  'import.md': async () => import('../../../../../docs/import.md'),
  'failures.md': async () => import('../../../../../docs/failures.md'),
}

export function GuideDialog(): JSX.Element | undefined {
  const guide = useCanvas((state) => state.guide)
  if (guide === undefined) return undefined
  return (
    <Dialog title={texts.guide.title} open onClose={() => setView({ guide: undefined })}>
      <Page key={guide} at={guide} />
    </Dialog>
  )
}

/** `canvas.md`, or a section of it: `canvas.md#environments`. */
function Page({ at }: { at: string }): JSX.Element {
  const [page = '', section] = at.split('#')
  const [blocks, setBlocks] = useState<readonly Block[]>()
  const body = useRef<HTMLElement>(null)
  useEffect(() => {
    let isWanted = true
    const load = async (): Promise<void> => {
      const read = await pages[page]?.()
      if (isWanted && read !== undefined) setBlocks(blocksOf(read.default))
    }
    void load()
    return () => {
      isWanted = false
    }
  }, [page])
  useEffect(() => {
    if (blocks === undefined) return
    const heading = section === undefined ? null : body.current?.querySelector(`#${CSS.escape(section)}`)
    heading?.scrollIntoView({ block: 'start' })
  }, [blocks, section])
  if (blocks === undefined) return <p className="quiet">{texts.loading}</p>
  return (
    <article className="guide" ref={body}>
      {page !== 'canvas.md' && (
        <button className="link" onClick={() => setView({ guide: 'canvas.md' })}>
          {texts.guide.back}
        </button>
      )}
      {numbered(blocks).map(([key, block]) => (
        <BlockView key={key} block={block} />
      ))}
    </article>
  )
}

function BlockView({ block }: { block: Block }): JSX.Element {
  switch (block.type) {
    case 'heading': {
      // The dialog's own title is the second level.
      const Heading = block.level === 1 ? 'h3' : 'h4'
      return (
        <Heading id={block.id}>
          <Spans text={block.text} />
        </Heading>
      )
    }
    case 'paragraph':
      return (
        <p>
          <Spans text={block.text} />
        </p>
      )
    case 'list':
      return (
        <ul>
          {block.items.map((item) => (
            <li key={item}>
              <Spans text={item} />
            </li>
          ))}
        </ul>
      )
    case 'code':
      return <pre tabIndex={0}>{block.text}</pre>
    default:
      return <Table head={block.head} rows={block.rows} />
  }
}

function Table({ head, rows }: Pick<Extract<Block, { type: 'table' }>, 'head' | 'rows'>): JSX.Element {
  return (
    <div className="guide-table" tabIndex={0} role="group" aria-label={head.join(', ')}>
      <table>
        <thead>
          <tr>
            {head.map((cell) => (
              <th key={cell}>
                <Spans text={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.join('|')}>
              {row.map((cell, column) => (
                <td key={head[column] ?? column}>
                  <Spans text={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Spans({ text }: { text: string }): readonly JSX.Element[] {
  return numbered(spansOf(text)).map(([key, span]) => <SpanView key={key} span={span} />)
}

/** What is read never changes its order: the number is name enough. */
function numbered<T>(parts: readonly T[]): readonly (readonly [number, T])[] {
  return parts.map((part, index) => [index, part])
}

function SpanView({ span }: { span: Span }): JSX.Element {
  switch (span.type) {
    case 'code':
      return <code className="mono">{span.text}</code>
    case 'strong':
      return <b>{span.text}</b>
    case 'emphasis':
      return <em>{span.text}</em>
    case 'link': {
      const [page = ''] = span.target.split('#')
      if (page in pages)
        return (
          <button className="link" onClick={() => setView({ guide: span.target })}>
            {span.text}
          </button>
        )
      if (!/^https?:/.test(span.target)) return <>{span.text}</>
      return (
        <a href={span.target} target="_blank" rel="noreferrer">
          {span.text}
        </a>
      )
    }
    default:
      return <>{span.text}</>
  }
}
