// Finds nodes by what a person types: name, kind, image, labels. Letters may be left out.

import type { Graph, GraphNode } from './graph.ts'

export interface SearchHit {
  readonly node: GraphNode
  /** Higher is better. */
  readonly score: number
  /** Letters of the title that matched, for marking; empty where something else did. */
  readonly matched: readonly number[]
}

/** Best first; every word has to be found. All nodes by name where nothing is typed. */
export function searchNodes({ nodes }: Graph, query: string, limit = 50): readonly SearchHit[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return nodes
    .flatMap((node) => hitOf(node, words) ?? [])
    .toSorted((a, b) => b.score - a.score || (a.node.title < b.node.title ? -1 : 1))
    .slice(0, limit)
}

function hitOf(node: GraphNode, words: readonly string[]): SearchHit | undefined {
  const matched = new Set<number>()
  let score = 0
  for (const word of words) {
    const inTitle = fuzzy(node.title.toLowerCase(), word)
    const elsewhere = fieldsOf(node).reduce((best, [text, weight]) => Math.max(best, plain(text, word) * weight), 0)
    const best = Math.max((inTitle?.score ?? 0) * 4, elsewhere)
    if (best === 0) return undefined
    score += best
    if (inTitle !== undefined && inTitle.score * 4 >= elsewhere) for (const index of inTitle.matched) matched.add(index)
  }
  return { node, score, matched: [...matched].toSorted((a, b) => a - b) }
}

/** Texts beside the title, with their weights. */
function fieldsOf({ kindTitle, kind, subtitle, object, status }: GraphNode): [string, number][] {
  const labels = Object.entries(object.metadata.labels ?? {}).map(([name, value]): [string, number] => [
    `${name}=${value}`,
    1,
  ])
  return [[kindTitle, 2], [kind, 2], [subtitle, 2], [status.word, 1], ...labels]
}

function plain(text: string, word: string): number {
  const at = text.toLowerCase().indexOf(word)
  return at === -1 ? 0 : at === 0 ? 1 : 0.7
}

/** Whole 1, start of the text 0.9, start of a word 0.8, inside 0.6, letters in their order up to 0.4. */
function fuzzy(text: string, word: string): { score: number; matched: number[] } | undefined {
  const at = text.indexOf(word)
  if (at !== -1) {
    const score = text === word ? 1 : at === 0 ? 0.9 : /[-._/]/.test(text[at - 1] ?? '') ? 0.8 : 0.6
    return { score, matched: Array.from(word, (_, index) => at + index) }
  }
  const matched: number[] = []
  for (const letter of word) {
    const next = text.indexOf(letter, (matched.at(-1) ?? -1) + 1)
    if (next === -1) return undefined
    matched.push(next)
  }
  const spread = (matched.at(-1) ?? 0) - (matched[0] ?? 0) + 1
  return { score: (0.4 * word.length) / spread, matched }
}
