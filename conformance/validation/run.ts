// Sends tables of good and bad objects to this engine's API server and to upstream's, and compares what both answer: HTTP
// code, reason, message, causes and Warning headers. Nothing else runs on either side, so that no controller interferes.
//
//   node conformance/validation/run.ts                    compares; exit code 1 where a difference has no reason
//   node conformance/validation/run.ts --only StatefulSet only cases whose name matches
//   node conformance/validation/run.ts --save FILE        keeps upstream's answers
//   node conformance/validation/run.ts --peer FILE        takes upstream's answers from there instead of starting it

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createApiServer } from '@binnacle/apiserver'
import { createMemoryStore } from '@binnacle/store'
import { startPeer } from '../peer.ts'
import { type Answer, connect } from './answer.ts'
import { cases } from './cases/index.ts'

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, save: { type: 'string' }, peer: { type: 'string' } },
})

/** Reasons by the name of the case: a line is the name, a tab, and the reason. */
const listed = new Map(
  readFileSync(join(import.meta.dirname, 'differences.tsv'), 'utf8')
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => [line.split('\t')[0] ?? '', line.split('\t')[1] ?? '']),
)

const theirs = options.peer === undefined ? await peerAnswers() : savedAnswers(options.peer)
if (options.save !== undefined) writeFileSync(options.save, JSON.stringify(Object.fromEntries(theirs), undefined, 1))
const ours = await ownAnswers()

const wanted = new RegExp(options.only ?? '')
const compared = cases.filter(({ name, prepares }) => prepares !== true && wanted.test(name))
let [same, explained] = [0, 0]
for (const { name, anyOrder } of compared) {
  const [their, our] = [theirs, ours].map((answers) =>
    anyOrder === true ? sorted(answers.get(name)) : answers.get(name),
  )
  if (JSON.stringify(their) === JSON.stringify(our)) same++
  else if (listed.has(name)) {
    explained++
    console.log(`~ ${name}\n    ${listed.get(name)}`)
  } else console.log(`✗ ${name}\n${lineDifference(their, our)}`)
}
for (const name of listed.keys()) {
  if (JSON.stringify(theirs.get(name)) === JSON.stringify(ours.get(name))) console.log(`listed, but the same: ${name}`)
}
const different = compared.length - same
console.log(`${same} same, ${different} different, ${explained} of them with a reason`)
process.exitCode = different === explained ? 0 : 1

async function answersFrom(kubeconfig: string): Promise<Map<string, Answer>> {
  const send = await connect(kubeconfig)
  const answers = new Map<string, Answer>()
  for (const one of cases) {
    if (answers.has(one.name)) throw new Error(`two cases have the name ${one.name}`)
    answers.set(one.name, await send(one))
  }
  return answers
}

async function peerAnswers(): Promise<Map<string, Answer>> {
  const peer = startPeer(['etcd', 'apiserver'])
  try {
    return await answersFrom(peer.kubeconfig)
  } finally {
    peer.stop()
  }
}

function savedAnswers(file: string): Map<string, Answer> {
  return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Answer>))
}

async function ownAnswers(): Promise<Map<string, Answer>> {
  const store = createMemoryStore()
  const server = await createApiServer({
    store,
    port: 0,
    // As upstream's is started, since messages name it.
    serviceClusterIPRange: '10.96.0.0/16',
    onError: (error) => console.error(error),
  })
  const folder = mkdtempSync(join(tmpdir(), 'binnacle-validation-'))
  try {
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, await server.adminKubeconfig(), { mode: 0o600 })
    return await answersFrom(kubeconfig)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    await server.close()
    await store.close()
  }
}

/** Without the message, which repeats the causes in their order. */
function sorted(answer: Answer | undefined): Answer | undefined {
  if (!Array.isArray(answer?.causes)) return answer
  const causes = answer.causes.map((cause) => JSON.stringify(cause)).sort()
  return { ...answer, message: '', causes }
}

/** Lines that only upstream (-) or only this engine (+) has. */
function lineDifference(their: Answer | undefined, our: Answer | undefined): string {
  const [before, after] = [lines(their), lines(our)]
  const gone = before.filter((line) => !after.includes(line)).map((line) => `  - ${line}`)
  const come = after.filter((line) => !before.includes(line)).map((line) => `  + ${line}`)
  return gone.length + come.length === 0 ? `  in another order:\n${before.join('\n')}` : [...gone, ...come].join('\n')
}

/** The message repeats the causes. */
function lines(answer: Answer | undefined): string[] {
  if (answer === undefined) return ['no answer']
  const causes = Array.isArray(answer.causes) ? answer.causes.map((cause) => JSON.stringify(cause)) : []
  const message = causes.length > 0 ? [] : [`${answer.message}`]
  return [`${answer.code} ${answer.reason ?? ''}`, ...message, ...causes, ...answer.warnings]
}
