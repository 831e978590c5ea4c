// The Shop on its way from one environment to the next: namespaces and contexts of the real cluster, and from an engine to
// it. What differs in an environment stays there; the images have the same digests everywhere.

import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Deployment } from '@binnacle/api'
import type { Release } from '@binnacle/model'
import { type CommandResult, type TestEngine, root } from '../../e2e/support.ts'
import { type RealCluster, context, succeeded } from './cluster.ts'

export interface EnvironmentRow {
  name: string
  where: string
  revision: number
  promotedFrom: string
  /** `api 2, cache 1, …`. */
  replicas: string
  /** Whether all images are those of the first environment, by their digests. */
  sameImages: boolean
}

export interface Promotions {
  rows: readonly EnvironmentRow[]
  /** What a promotion shows before it is confirmed, where one service changed. */
  diff: string
  differences: readonly string[]
}

interface Place {
  binnacle: (...args: string[]) => Promise<CommandResult>
  kubectl: (...args: string[]) => Promise<string>
}

interface Step {
  name: string
  from?: string
  /** As it is written in the table. */
  where: string
  home: Place
  /** Where its objects are. */
  at: Place
  replicas: string
}

const production = 'production'

export async function promoteThrough({
  engine,
  cluster,
}: {
  engine: TestEngine
  cluster: RealCluster
}): Promise<Promotions> {
  const real: Place = {
    binnacle: (...args) => cluster.binnacle([...args, '--context', context]),
    kubectl: (...args) => cluster.kubectl(args),
  }
  const ends: Place = { ...real, kubectl: (...args) => cluster.kubectl([...args, '--context', production]) }
  const laptop: Place = engine
  await cluster.kubectl(['config', 'set-context', production, '--cluster=peer', '--user=admin'])
  await engine.kubectl('create', 'secret', 'generic', 'cloud', `--from-file=kubeconfig=${cluster.kubeconfig}`)
  const push = ['--push', engine.record.registry]
  const steps: readonly Step[] = [
    { name: 'dev', where: 'namespace', home: real, at: real, replicas: 'api 2, cache 1, web 1, worker 1' },
    {
      name: 'staging',
      from: 'dev',
      where: 'namespace',
      home: real,
      at: real,
      replicas: 'api 2, cache 1, web 2, worker 0',
    },
    {
      name: production,
      from: 'staging',
      where: 'context',
      home: real,
      at: ends,
      replicas: 'api 2, cache 1, web 3, worker 1',
    },
    { name: 'laptop', where: 'engine', home: laptop, at: laptop, replicas: 'api 2, cache 1, web 1, worker 1' },
    {
      name: 'cloud',
      from: 'laptop',
      where: 'kubeconfig in a Secret',
      home: laptop,
      at: real,
      replicas: 'api 3, cache 1, web 2, worker 1',
    },
  ]
  const projects = new Map([
    [real, projectWith('real.yaml', cluster)],
    [laptop, projectWith('laptop.yaml', cluster)],
  ])
  for (const [home, path] of projects) await home.kubectl('apply', '-f', join(path, 'environments'))
  const rows: EnvironmentRow[] = []
  const differences: string[] = []
  let first: string | undefined
  for (const step of steps) {
    const { name, from, home, at } = step
    const words =
      from === undefined
        ? ['deploy', projects.get(home) ?? '', '--env', name, ...push]
        : ['promote', 'shop', '--to', name, '--yes']
    succeeded(`${words[0]} to ${name}`, await home.binnacle(...words))
    const { images, replicas } = await workloads(`shop-${name}`, at)
    first ??= images
    if (replicas !== step.replicas) differences.push(`${name}: replicas ${replicas}, not ${step.replicas}`)
    if (images !== first) differences.push(`${name}: images ${images}, not ${first}`)
    rows.push({
      name,
      where: step.where,
      ...(await releaseIn(`shop-${name}`, at)),
      replicas,
      sameImages: images === first,
    })
  }
  for (const { name, promotedFrom } of rows) {
    const { from = '' } = steps.find((step) => step.name === name) ?? {}
    if (promotedFrom !== from) differences.push(`${name}: its release says that it comes from ${promotedFrom}`)
  }
  return { rows, diff: await diffOf(real, { path: projects.get(real) ?? '', push }), differences }
}

/** One field is changed in the first environment: what the next promotion shows. Nobody confirms it. */
async function diffOf({ binnacle }: Place, { path, push }: { path: string; push: string[] }): Promise<string> {
  const file = join(path, 'app.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('memory: 48Mi', 'memory: 64Mi'))
  succeeded('deploy', await binnacle('deploy', path, '--env', 'dev', ...push))
  const { code, stderr } = await binnacle('promote', 'shop', '--to', 'staging')
  if (code !== 1) throw new Error(`nobody confirmed the promotion: ${stderr}`)
  return stderr.trim()
}

function projectWith(environments: string, { folder }: RealCluster): string {
  const path = join(folder, environments.replace('.yaml', ''), 'shop')
  mkdirSync(join(path, 'environments'), { recursive: true })
  cpSync(join(root, 'examples', 'shop'), path, { recursive: true })
  cpSync(join(import.meta.dirname, 'environments', environments), join(path, 'environments', environments))
  return path
}

async function workloads(namespace: string, { kubectl }: Place): Promise<{ images: string; replicas: string }> {
  const { items } = JSON.parse(await kubectl('get', 'deployments', '-n', namespace, '-o', 'json')) as {
    items: Deployment[]
  }
  const digests = items.flatMap(({ spec }) => spec?.template.spec?.containers.map(({ image = '' }) => image) ?? [])
  const replicas = items.map(({ metadata, spec }) => `${metadata.name} ${spec?.replicas}`)
  return { images: digests.map((image) => image.slice(image.indexOf('/'))).join(' '), replicas: replicas.join(', ') }
}

async function releaseIn(
  namespace: string,
  { kubectl }: Place,
): Promise<Pick<EnvironmentRow, 'revision' | 'promotedFrom'>> {
  const { items } = JSON.parse(await kubectl('get', 'releases', '-n', namespace, '-o', 'json')) as { items: Release[] }
  const newest = items.toSorted((a, b) => a.spec.revision - b.spec.revision).at(-1)
  return { revision: newest?.spec.revision ?? 0, promotedFrom: newest?.spec.promotedFrom?.environment ?? '' }
}
