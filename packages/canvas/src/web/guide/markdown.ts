// The Markdown that docs/ is written in, as blocks to be drawn: headings, paragraphs, lists, tables and code. No HTML.

export type Block =
  | { type: 'heading'; level: number; text: string; id: string }
  | { type: 'paragraph'; text: string }
  | { type: 'list'; items: readonly string[] }
  | { type: 'code'; text: string }
  | { type: 'table'; head: readonly string[]; rows: readonly (readonly string[])[] }

export type Span =
  | { type: 'text' | 'code' | 'strong' | 'emphasis'; text: string }
  | { type: 'link'; text: string; target: string }

/** As a link to a heading has it: `When something is wrong` → `when-something-is-wrong`. */
export function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .trim()
    .replaceAll(' ', '-')
}

export function blocksOf(markdown: string): readonly Block[] {
  return markdown
    .split(/\n(?:[ \t]*\n)+/)
    .filter((part) => part.trim() !== '')
    .flatMap(blocksOfPart)
}

/** Of what stands between empty lines. */
function blocksOfPart(part: string): readonly Block[] {
  const lines = part.split('\n').filter((line) => line.trim() !== '')
  const [first = '', second = ''] = lines
  if (lines.every((line) => line.startsWith('    ')))
    return [{ type: 'code', text: lines.map((line) => line.slice(4)).join('\n') }]
  const heading = /^(#{1,4}) (.+)$/.exec(first)
  if (heading !== null) {
    const [, marks = '', text = ''] = heading
    const rest = lines.slice(1).join('\n')
    return [{ type: 'heading', level: marks.length, text, id: slug(text) }, ...(rest === '' ? [] : blocksOfPart(rest))]
  }
  if (first.startsWith('|') && /^\|[\s|:-]+\|$/.test(second))
    return [{ type: 'table', head: cellsOf(first), rows: lines.slice(2).map(cellsOf) }]
  const begin = lines.findIndex((line) => line.startsWith('- '))
  if (begin < 0) return [{ type: 'paragraph', text: joined(lines) }]
  const items = joined(lines.slice(begin), '\n')
    .split(/^- |\n- /)
    .filter((item) => item !== '')
    .map((item) => item.replaceAll('\n', ' '))
  return [...(begin === 0 ? [] : blocksOfPart(lines.slice(0, begin).join('\n'))), { type: 'list', items }]
}

function joined(lines: readonly string[], by = ' '): string {
  return lines.map((line) => line.trim()).join(by)
}

function cellsOf(line: string): readonly string[] {
  return line
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))
}

const spanPattern = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)/g

export function spansOf(text: string): readonly Span[] {
  const spans: Span[] = []
  let at = 0
  for (const match of text.matchAll(spanPattern)) {
    const [whole, code, strong, emphasis, label, target] = match
    if (match.index > at) spans.push({ type: 'text', text: text.slice(at, match.index) })
    if (code !== undefined) spans.push({ type: 'code', text: code })
    else if (strong !== undefined) spans.push({ type: 'strong', text: strong })
    else if (emphasis !== undefined) spans.push({ type: 'emphasis', text: emphasis })
    else if (label !== undefined && target !== undefined) spans.push({ type: 'link', text: label, target })
    at = match.index + whole.length
  }
  if (at < text.length) spans.push({ type: 'text', text: text.slice(at) })
  return spans
}
