// The same application on a real cluster: upstream's control plane 1.36 with kwok for the node, installed to and deployed
// to with this repository's own command line. Compares what the exports make with what the deploy made, and writes
// docs/real-clusters.md. Exit code 1 where anything differs.
//
//   node conformance/platform/run.ts                      all, and writes docs/real-clusters.md
//   node conformance/platform/run.ts --only canvas        a part of it: exports, canvas or environments

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, startEngine } from '../../e2e/support.ts'
import { type Picture, comparePictures } from './canvas.ts'
import { context, requireVersion, startCluster, succeeded } from './cluster.ts'
import { type Promotions, promoteThrough } from './environments.ts'
import { type Application, type Exported, compareExports } from './exports.ts'
import { type Report, describe } from './report.ts'

const { values: options } = parseArgs({ options: { only: { type: 'string' } } })
const isWanted = (part: string): boolean => options.only === undefined || options.only === part

await using engine = await startEngine()
await using cluster = await startCluster({ data: engine.data })
const version = await requireVersion(cluster)
const refusals = [await refusal(['deploy', 'examples/shop', '--context', context, '-n', 'shop', '--push', 'REGISTRY'])]
succeeded('install', await cluster.binnacle(['install', '--context', context]))
// With the rights of the account that `install` made for them, and no more.
await cluster.addContext({ name: 'controllers', account: 'binnacle-controllers', namespace: 'binnacle-system' })
await using controllers = await cluster.serve(['controllers', '--context', 'controllers'])
refusals.push(await refusal(['deploy', 'examples/shop', '--context', context, '-n', 'shop']))

// There is no storage class here: disks as an administrator would provide them.
const disks = { apiVersion: 'v1', kind: 'List', items: [disk(1), disk(2)] }
await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(disks) })
const applications: readonly Application[] = [
  { name: 'shop', path: 'examples/shop', build: ['--push', engine.record.registry], isLive: false },
  { name: 'harbour', path: 'conformance/platform/harbour', build: [], isLive: true },
]
const deployed: string[] = []
const exports: Exported[] = []
for (const application of applications) {
  const { name, path, build } = application
  const words = ['deploy', path, '-n', name, ...build]
  deployed.push(succeeded(`deploy ${name}`, await cluster.binnacle([...words, '--context', context])).trim())
  if (isWanted('exports')) exports.push(...(await compareExports(application, cluster)))
}
for (const { application, way, objects, fields, differences } of exports)
  tell(`${application}, ${way}: ${objects} objects, ${fields} fields`, differences)

let picture: Picture | undefined
if (isWanted('canvas')) {
  const words = ['deploy', 'examples/shop', '-n', 'shop', '--push', engine.record.registry]
  succeeded('deploy shop to the engine', await engine.binnacle(...words))
  picture = await comparePictures('shop', { engine, cluster })
  tell('shop, Canvas', picture.differences)
}

let promotions: Promotions | undefined
if (isWanted('environments')) {
  promotions = await promoteThrough({ engine, cluster })
  tell(`shop, ${promotions.rows.length} environments`, promotions.differences)
}

const isStep = /^· |^$/
tell(
  'controllers, all that they said',
  controllers
    .said()
    .split('\n')
    .filter((line) => !isStep.test(line)),
)

if (picture !== undefined && promotions !== undefined) {
  const report = { version, deployed, refusals, exports, picture, promotions }
  writeFileSync(join(root, 'docs', 'real-clusters.md'), describe(report))
}

function tell(what: string, differences: readonly string[]): void {
  console.log(`${differences.length === 0 ? '✓' : '✗'} ${what}, ${differences.length} differences`)
  for (const line of differences) console.log(`    ${line}`)
  if (differences.length > 0) process.exitCode = 1
}

/** What a command that cannot work says. */
async function refusal(words: readonly string[]): Promise<Report['refusals'][number]> {
  const command = `binnacle ${words.join(' ')}`
  const { code, stderr } = await cluster.binnacle(
    words.map((word) => (word === 'REGISTRY' ? engine.record.registry : word)),
  )
  if (code !== 1) throw new Error(`${command} was not refused: ${stderr}`)
  return { command, said: stderr.trim().split('\n').at(-1) ?? '' }
}

function disk(number: number): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `disk-${number}` },
    spec: { capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: `/disks/${number}` } },
  }
}
