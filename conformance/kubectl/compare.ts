// Compares what two servers answered to a transcript, and writes the table of it.

import { readFileSync } from 'node:fs'
import type { Entry } from './transcript.ts'

export interface Answer {
  code: number
  output: string
}

export interface Result {
  client: string
  section: string
  command: string
  compared: boolean
  verdict: 'same' | 'listed' | 'asserted' | 'unlisted'
  detail: string
}

/** Reasons by command; a line is a command's first line, a tab, and the reason. */
export function listedDifferences(file: string): Map<string, string> {
  const lines = readFileSync(file, 'utf8').split('\n').slice(1)
  return new Map(
    lines.filter((line) => line !== '').map((line) => [line.split('\t')[0] ?? '', line.split('\t')[1] ?? '']),
  )
}

interface Comparison {
  client: string
  entries: readonly Entry[]
  ours: readonly Answer[]
  theirs: readonly Answer[]
  listed: ReadonlyMap<string, string>
}

/** The output of a command that only prepares does not count; its exit code does. */
export function compare({ client, entries, ours, theirs, listed }: Comparison): Result[] {
  return entries.map((entry, at) => {
    const [our, their] = [ours[at], theirs[at]]
    const same = our?.code === their?.code && (!entry.compared || our?.output === their?.output)
    const reason = listed.get(entry.title)
    const common = { client, section: entry.section, command: entry.title, compared: entry.compared }
    if (same) return { ...common, verdict: 'same', detail: '' }
    if (reason !== undefined) return { ...common, verdict: 'listed', detail: reason }
    return { ...common, verdict: 'unlisted', detail: lineDifference(their, our) }
  })
}

/** Lines that only upstream (-) or only this engine (+) has. */
function lineDifference(theirs: Answer | undefined, ours: Answer | undefined): string {
  const [before, after] = [lines(theirs), lines(ours)]
  return [
    ...without(before, after).map((line) => `- ${line}`),
    ...without(after, before).map((line) => `+ ${line}`),
  ].join('\n')
}

function lines(answer: Answer | undefined): string[] {
  return [...(answer?.output ?? '').split('\n'), `[exit ${answer?.code}]`]
}

function without(all: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return all.filter((line) => {
    const at = left.indexOf(line)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

export function describe(results: readonly Result[]): string {
  const counted = results.filter((result) => result.compared)
  const count = (verdict: Result['verdict']): number => counted.filter((result) => result.verdict === verdict).length
  const text = [
    '# kubectl',
    '',
    'Written by `conformance/kubectl/run.ts`: stock kubectl commands against this engine (with its simulated node) and',
    'against kube-apiserver, kube-controller-manager and kube-scheduler 1.36 with kwok for the node, with kubectl 1.36',
    '(`peer`) and the one of the machine. Exit code and output are equal, but for identities, times, addresses and',
    'random names. Commands that need a running program have their output asserted on this engine.',
    '',
    `${count('same')} same, ${count('listed')} differ for the reason given, ${count('asserted')} asserted, ${count('unlisted')} not explained.`,
  ]
  const byCommand = Map.groupBy(counted, (result) => `${result.section}\0${result.command}`)
  let section = ''
  for (const group of byCommand.values()) {
    const [first] = group
    if (first === undefined) continue
    if (first.section !== section) {
      section = first.section
      text.push('', `## ${section}`, '', '| command | result |', '| --- | --- |')
    }
    text.push(`| \`${first.command.replaceAll('|', '\\|')}\` | ${verdictOf(group)} |`)
  }
  return `${text.join('\n')}\n`
}

function verdictOf(group: readonly Result[]): string {
  const worst = group.find(({ verdict }) => verdict === 'unlisted') ?? group.find(({ verdict }) => verdict === 'listed')
  if (worst?.verdict === 'unlisted') return `**differs, not explained** (kubectl: ${worst.client})`
  if (worst !== undefined) return `differs: ${worst.detail}`
  return group[0]?.verdict ?? ''
}
