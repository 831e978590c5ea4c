import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Block, blocksOf, slug, spansOf } from '../../src/web/guide/markdown.ts'
import { texts } from '../../src/web/texts.ts'

const docs = join(import.meta.dirname, '../../../../docs')
const pages = ['canvas.md', 'import.md', 'failures.md']

function linksOf(block: Block): string[] {
  const written =
    block.type === 'list'
      ? block.items
      : block.type === 'table'
        ? [...block.head, ...block.rows.flat()]
        : block.type === 'code'
          ? []
          : [block.text]
  return written.flatMap(spansOf).flatMap((span) => (span.type === 'link' ? [span.target] : []))
}

describe('the guide', () => {
  it('reads headings, paragraphs, lists, tables and code', () => {
    const text =
      '# One\nTwo\nlines.\n\nAs follows:\n- a\n  b\n- c\n\n    code\n\n| x | y |\n| --- | --- |\n| 1 | `a \\| b` |\n'
    expect(blocksOf(text)).toEqual([
      { type: 'heading', level: 1, text: 'One', id: 'one' },
      { type: 'paragraph', text: 'Two lines.' },
      { type: 'paragraph', text: 'As follows:' },
      { type: 'list', items: ['a b', 'c'] },
      { type: 'code', text: 'code' },
      { type: 'table', head: ['x', 'y'], rows: [['1', '`a | b`']] },
    ])
  })

  it('reads what stands within a line', () => {
    expect(spansOf('Press `A`, *or* **drag**: [more](import.md#x).')).toEqual([
      { type: 'text', text: 'Press ' },
      { type: 'code', text: 'A' },
      { type: 'text', text: ', ' },
      { type: 'emphasis', text: 'or' },
      { type: 'text', text: ' ' },
      { type: 'strong', text: 'drag' },
      { type: 'text', text: ': ' },
      { type: 'link', text: 'more', target: 'import.md#x' },
      { type: 'text', text: '.' },
    ])
  })

  it('has each page that it names, and each section that the tour leads to', () => {
    const guide = blocksOf(readFileSync(join(docs, 'canvas.md'), 'utf8'))
    const named = guide.flatMap(linksOf).map((target) => target.split('#')[0] ?? '')
    expect(pages).toEqual(expect.arrayContaining(named))
    const sections = guide.flatMap((block) => (block.type === 'heading' ? [block.id] : []))
    expect(sections).toEqual(expect.arrayContaining(texts.tour.steps.map(({ guide: section }) => section)))
    expect(slug('When something is wrong')).toBe('when-something-is-wrong')
  })
})
