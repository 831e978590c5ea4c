// Runs upstream's conformance suite (e2e.test 1.36, built from Go modules) against the embedded engine and writes
// docs/conformance.md. Needs Go to build the suite once.
//
//   node conformance/run.ts api ctl               the tests that need the API server or its controllers
//   node conformance/run.ts --focus 'Watchers'    only those whose name matches; the document is left as it is
//   node conformance/run.ts --kubeconfig FILE api against a server that runs already

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..')
const peers = process.env['PEERS'] ?? join(tmpdir(), 'binnacle-peers')
const document = join(root, 'docs', 'conformance.md')

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    focus: { type: 'string' },
    kubeconfig: { type: 'string' },
    processes: { type: 'string', default: String(availableParallelism() + 1) },
    runtime: { type: 'string', default: 'simulated' },
    /** The program under test; by default a bundle made now. */
    binnacle: { type: 'string' },
  },
})

interface Test {
  class: string
  name: string
}

interface Outcome extends Test {
  result: 'passed' | 'failed' | 'not run'
  seconds: number
  reason: string
}

const tests = readTsv(join(import.meta.dirname, 'upstream', 'tests.tsv')).map(([kind = '', name = '']): Test => ({
  class: kind,
  name,
}))
/** Why a test cannot pass here, where that is known better than from its message. */
const knownReasons = new Map(
  readTsv(join(import.meta.dirname, 'upstream', 'reasons.tsv')).map(([name = '', reason = '']) => [name, reason]),
)

const chosen =
  options.focus === undefined
    ? tests.filter((test) => positionals.includes(test.class))
    : tests.filter(({ name }) => new RegExp(options.focus ?? '').test(name))
if (chosen.length === 0) {
  console.error('usage: node conformance/run.ts CLASS... | --focus REGEX   (classes: api, ctl, pod, net)')
  process.exit(2)
}

for (const name of ['e2e.test', 'ginkgo', 'kubectl']) {
  if (!existsSync(join(peers, 'bin', name)))
    execFileSync(join(root, 'bench', 'peer', 'build'), [name], {
      stdio: 'inherit',
      env: { ...process.env, PEERS: peers },
    })
}

const engine = options.kubeconfig === undefined ? await startEngine() : undefined
try {
  const report = await runSuite(options.kubeconfig ?? engine?.kubeconfig ?? '')
  const outcomes = chosen.map((test) => outcomeOf(test, report))
  for (const { result, seconds, name, reason } of outcomes)
    console.log(`${result} ${seconds.toFixed(1)} ${name}${reason === '' ? '' : `\n    ${reason}`}`)
  const passed = outcomes.filter(({ result }) => result === 'passed').length
  const failed = outcomes.filter(({ result }) => result === 'failed').length
  console.log(`${passed} passed, ${failed} failed, ${outcomes.length - passed - failed} skipped`)
  if (options.focus === undefined) writeFileSync(document, describe(outcomes))
  process.exitCode = failed === 0 ? 0 : 1
} finally {
  engine?.process.kill('SIGTERM')
}

function readTsv(file: string): string[][] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => line.split('\t'))
}

async function startEngine(): Promise<{ kubeconfig: string; process: ChildProcess }> {
  const flags = ['up', '--ephemeral', '--port', '0', '--registry-port', '0', '--runtime', options.runtime, '-o', 'json']
  if (options.binnacle === undefined)
    execFileSync(process.execPath, [join(root, 'scripts', 'bundle.ts')], { cwd: root, stdio: 'inherit' })
  const program = options.binnacle ?? join(root, 'dist', 'binnacle.mjs')
  const child = spawn(process.execPath, [program, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    return { kubeconfig: (JSON.parse(line) as { kubeconfig: string }).kubeconfig, process: child }
  }
  throw new Error('the engine ended before it was ready')
}

/** Runs what was chosen and returns the JUnit report. The suite's own exit code only says that something failed. */
async function runSuite(kubeconfig: string): Promise<string> {
  const output = mkdtempSync(join(tmpdir(), 'binnacle-conformance-'))
  const focus = chosen.map(
    ({ name }) => `--focus=${name.replaceAll(/\s+/g, ' ').split(' ').map(escapeRegex).join('.*')}`,
  )
  const ginkgo = [
    `--nodes=${options.processes}`,
    '--no-color',
    '--timeout=3h',
    '--silence-skips',
    `--output-dir=${output}`,
    '--junit-report=junit.xml',
    ...focus,
  ]
  const suite = [
    '--provider=skeleton',
    `--kubeconfig=${kubeconfig}`,
    `--kubectl-path=${join(peers, 'bin', 'kubectl')}`,
    '--kube-api-content-type=application/json',
    '--disable-log-dump',
    '--dump-logs-on-failure=false',
  ]
  const child = spawn(join(peers, 'bin', 'ginkgo'), [...ginkgo, join(peers, 'bin', 'e2e.test'), '--', ...suite], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, KUBECONFIG: kubeconfig },
  })
  const log: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => log.push(chunk))
  await new Promise((resolve) => child.on('close', resolve))
  writeFileSync(join(output, 'log'), Buffer.concat(log))
  console.error(`log and report of the suite: ${output}`)
  return readFileSync(join(output, 'junit.xml'), 'utf8')
}

function escapeRegex(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** Names are compared without labels in brackets, whose order differs between versions. */
function bare(name: string): string {
  return name
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

function outcomeOf(test: Test, report: string): Outcome {
  for (const [, attributes = '', body = ''] of report.matchAll(/<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const attribute = (name: string): string => unescapeXml(new RegExp(`${name}="([^"]*)"`).exec(attributes)?.[1] ?? '')
    const status = attribute('status')
    if (status === 'skipped' || bare(attribute('name')) !== bare(test.name)) continue
    const seconds = Number(attribute('time'))
    if (status === 'passed') return { ...test, result: 'passed', seconds, reason: '' }
    return { ...test, result: 'failed', seconds, reason: knownReasons.get(test.name) ?? firstFailure(body) }
  }
  return { ...test, result: 'not run', seconds: 0, reason: knownReasons.get(test.name) ?? 'the suite did not run it' }
}

function firstFailure(body: string): string {
  const message = unescapeXml(/<failure message="([^"]*)"/.exec(body)?.[1] ?? '')
  return message.replaceAll(/\s+/g, ' ').slice(0, 300)
}

function unescapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
  return text.replaceAll(
    /&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
      return names[name ?? ''] ?? whole
    },
  )
}

function describe(outcomes: readonly Outcome[]): string {
  const titles: Readonly<Record<string, string>> = {
    api: 'need the API server only',
    ctl: 'need controllers too, but no running container',
    pod: 'need running containers',
    net: 'need the pod network',
  }
  const lines = [
    '# Conformance',
    '',
    'Written by `conformance/run.ts`: the tests of upstream’s conformance suite (e2e.test 1.36, unmodified,',
    '`--kube-api-content-type=application/json`) against the embedded engine.',
    '',
    '| class | tests | passed | failed | not run |',
    '| --- | --- | --- | --- | --- |',
  ]
  for (const kind of Object.keys(titles)) {
    const all = outcomes.filter((outcome) => outcome.class === kind)
    if (all.length === 0) continue
    const count = (result: Outcome['result']): number => all.filter((outcome) => outcome.result === result).length
    lines.push(
      `| \`${kind}\`: ${titles[kind]} | ${all.length} | ${count('passed')} | ${count('failed')} | ${count('not run')} |`,
    )
  }
  lines.push('', '## What does not pass, and why', '', '| class | test | reason |', '| --- | --- | --- |')
  for (const { class: kind, name, result, reason } of outcomes) {
    if (result !== 'passed') lines.push(`| ${kind} | ${cell(name)} | ${cell(reason)} |`)
  }
  lines.push(
    '',
    '## What passes',
    '',
    ...outcomes.filter(({ result }) => result === 'passed').map(({ class: kind, name }) => `- ${kind}: ${name}`),
    '',
  )
  return lines.join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}
