// Reads a transcript: "# " opens a section, "$ " a command whose output counts, "% " one that only prepares,
// "> " the output that is expected of the command above, a regular expression.

import { readFileSync } from 'node:fs'

export interface Entry {
  section: string
  /** First line of the script, with a number where another command has the same. */
  title: string
  script: string
  compared: boolean
  expected?: string
}

export function readTranscript(file: string): Entry[] {
  const entries: Entry[] = []
  let section = ''
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const last = entries.at(-1)
    if (line.startsWith('# ')) section = line.slice(2)
    else if (line.startsWith('$ ') || line.startsWith('% '))
      entries.push({ section, title: line.slice(2), script: line.slice(2), compared: line.startsWith('$ ') })
    else if (line.startsWith('> ') && last !== undefined)
      last.expected = last.expected === undefined ? line.slice(2) : `${last.expected}\n${line.slice(2)}`
    else if (line !== '' && last !== undefined) last.script += `\n${line}`
  }
  // Commands that begin alike are told apart, so that a listed difference is of one of them only.
  const seen = new Map<string, number>()
  for (const entry of entries) {
    const count = (seen.get(entry.title) ?? 0) + 1
    seen.set(entry.title, count)
    if (count > 1) entry.title += ` (${count})`
  }
  return entries
}
