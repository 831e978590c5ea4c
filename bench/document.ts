// docs/performance.md has two parts, each written by a script: the comparison (run.ts) and the cost of growth (growth.ts).

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './engine.ts'

const path = join(root, 'docs', 'performance.md')
const growthHeading = '## The cost of growth'

function read(): { comparison: string; growth: string } {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const at = text.indexOf(growthHeading)
  return at < 0 ? { comparison: text, growth: '' } : { comparison: text.slice(0, at), growth: text.slice(at) }
}

export function writeComparison(lines: readonly string[]): void {
  const { growth } = read()
  writeFileSync(path, `${lines.join('\n').trim()}\n${growth === '' ? '' : `\n${growth}`}`)
}

export function writeGrowth(lines: readonly string[]): void {
  const { comparison } = read()
  const before = comparison.trim() === '' ? '# Performance' : comparison.trim()
  writeFileSync(path, `${before}\n\n${[growthHeading, '', ...lines].join('\n').trim()}\n`)
}
