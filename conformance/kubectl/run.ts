// Runs transcript.txt, stock kubectl commands, against this engine and against upstream's control plane with kwok for
// the node, compares exit codes and output, and writes docs/kubectl.md. running.txt, commands that need programs which
// run, goes to this engine only; its output is written beside the commands.
//
//   node conformance/kubectl/run.ts                       with upstream's kubectl 1.36 and the machine's
//   node conformance/kubectl/run.ts --save DIR            keeps what each server answered, for comparing by hand

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { peers, startPeer } from '../peer.ts'
import { type Answer, type Result, compare, describe, listedDifferences } from './compare.ts'
import { normalize } from './normalize.ts'
import { type Entry, readTranscript } from './transcript.ts'

const root = join(import.meta.dirname, '..', '..')

const { values: options } = parseArgs({
  options: {
    /** Keeps the answers here, one file per server and kubectl. */
    save: { type: 'string' },
    /** The program under test; by default a bundle made now. */
    binnacle: { type: 'string' },
    /** 'peer', or 'machine' for the kubectl on the path; by default both. */
    kubectl: { type: 'string', multiple: true, default: ['peer', 'machine'] },
  },
})

interface Server {
  kubeconfig: string
  /** Where images are pushed to; upstream's control plane has none. */
  registry?: string
  data?: string
  stop(): Promise<void>
}

if (options.binnacle === undefined)
  execFileSync(process.execPath, [join(root, 'scripts', 'bundle.ts')], { cwd: root, stdio: 'inherit' })
const program = options.binnacle ?? join(root, 'dist', 'binnacle.mjs')

const compared = readTranscript(join(import.meta.dirname, 'transcript.txt'))
const running = readTranscript(join(import.meta.dirname, 'running.txt'))
const listed = listedDifferences(join(import.meta.dirname, 'differences.tsv'))

const results: Result[] = []
for (const client of options.kubectl) {
  const kubectl =
    client === 'peer' ? join(peers, 'bin', 'kubectl') : execFileSync('which', ['kubectl']).toString().trim()
  const [ours, theirs] = await Promise.all([
    answersOf(startEngine('simulated'), { entries: compared, kubectl, name: `ours-${client}` }),
    answersOf(startControlPlane(), { entries: compared, kubectl, name: `peer-${client}` }),
  ])
  const own = await answersOf(startEngine('process'), { entries: running, kubectl, name: `running-${client}` })
  results.push(...compare({ client, entries: compared, ours, theirs, listed }))
  results.push(...running.map((entry, at) => assertion({ client, entry, answer: own[at] })))
}

const unlisted = results.filter(({ verdict }) => verdict === 'unlisted')
for (const { client, command, detail } of unlisted) console.log(`✗ ${client} $ ${command}\n${detail}`)
console.log(
  `${results.length} results of ${compared.length + running.length} entries; ${
    results.filter(({ verdict }) => verdict === 'listed').length
  } differ as listed, ${unlisted.length} unlisted`,
)
writeFileSync(join(root, 'docs', 'kubectl.md'), describe(results))
process.exitCode = unlisted.length === 0 ? 0 : 1

function assertion({ client, entry, answer }: { client: string; entry: Entry; answer: Answer | undefined }): Result {
  const output = answer?.output.trim() ?? ''
  const good =
    answer !== undefined && entry.expected !== undefined && new RegExp(`^(?:${entry.expected})$`, 's').test(output)
  return {
    client,
    section: entry.section,
    command: entry.title,
    compared: entry.compared,
    verdict: !entry.compared || good ? 'asserted' : 'unlisted',
    detail: good ? '' : `expected ${entry.expected}\ngot ${output} (exit ${answer?.code})`,
  }
}

/** Runs every entry in order in a folder of its own; the folder's kubeconfig holds the current namespace. */
async function answersOf(
  starting: Promise<Server>,
  { entries, kubectl, name }: { entries: readonly Entry[]; kubectl: string; name: string },
): Promise<Answer[]> {
  const server = await starting
  const folder = mkdtempSync(join(tmpdir(), 'binnacle-transcript-'))
  try {
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, readFileSync(server.kubeconfig))
    mkdirSync(join(folder, 'bin'))
    symlinkSync(kubectl, join(folder, 'bin', 'kubectl'))
    const env = {
      ...process.env,
      KUBECONFIG: kubeconfig,
      HOME: folder,
      PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`,
      BINNACLE: program,
      ROOT: root,
      NODE: process.execPath,
      REGISTRY: server.registry ?? '',
      DATA: server.data ?? '',
    }
    const node = await nodeName({ cwd: folder, env })
    const answers: Answer[] = []
    for (const entry of entries) {
      const { code, output } = await shell(entry.script, { cwd: folder, env })
      answers.push({ code, output: normalize(output, { folder, node }) })
    }
    if (options.save !== undefined) {
      mkdirSync(options.save, { recursive: true })
      const text = entries.map((entry, at) => `$ ${entry.script}\n${answers[at]?.output}[exit ${answers[at]?.code}]\n`)
      writeFileSync(join(options.save, name), text.join('\n'))
    }
    return answers
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Place {
  cwd: string
  env: NodeJS.ProcessEnv
}

async function nodeName(place: Place): Promise<string> {
  const { output } = await shell("kubectl get nodes -o jsonpath='{.items[0].metadata.name}'", place)
  return output.trim()
}

/** One stream, as a terminal shows it; no command may take longer than a minute. */
function shell(script: string, { cwd, env }: Place): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-o', 'pipefail', '-c', `exec 2>&1\n${script}`], { cwd, env, timeout: 60_000 })
    let output = ''
    child.stdin.end()
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? -1, output }))
  })
}

async function startEngine(runtime: string): Promise<Server> {
  const data = mkdtempSync(join(tmpdir(), 'binnacle-data-'))
  const flags = ['up', '--data', data, '--port', '0', '--registry-port', '0', '--runtime', runtime, '-o', 'json']
  const child = spawn(process.execPath, [program, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  const { kubeconfig, registry } = JSON.parse(await firstLine(child)) as { kubeconfig: string; registry: string }
  return {
    kubeconfig,
    registry,
    data,
    async stop() {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await gone
      rmSync(data, { recursive: true, force: true })
    },
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout?.setEncoding('utf8') ?? []) {
    text += String(chunk)
    const end = text.indexOf('\n')
    if (end >= 0) return text.slice(0, end)
  }
  throw new Error(`the engine ended before it was ready: ${text}`)
}

/** Upstream's control plane, with kwok for the node. */
async function startControlPlane(): Promise<Server> {
  const peer = startPeer(['etcd', 'apiserver', 'controller-manager', 'scheduler', 'kwok'])
  return { kubeconfig: peer.kubeconfig, stop: async () => peer.stop() }
}
