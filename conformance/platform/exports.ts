// What `binnacle export` writes, applied by the tool that it is for, against what `binnacle deploy` made of the same
// application.

import { join } from 'node:path'
import type { KubeObject, Secret } from '@binnacle/api'
import { type RealCluster, context, succeeded } from './cluster.ts'
import { type Comparison, compareObjects } from './compare.ts'

export interface Application {
  name: string
  /** Its files. */
  path: string
  /** Further words for every command that builds. */
  build: readonly string[]
  /** Exported as it is in the cluster, with the credentials that were made there; else from its files. */
  isLive: boolean
}

export interface Exported extends Comparison {
  application: string
  /** As it is written in the table. */
  way: string
}

interface Way {
  name: string
  /** Fields whose value cannot be the same this way. */
  ignored?: { path: RegExp; what: string; why: string }
  /** Puts the application into the namespace. */
  apply: (application: Application, place: { cluster: RealCluster; namespace: string }) => Promise<void>
}

export const ways: readonly Way[] = [
  {
    name: 'YAML, `kubectl apply -f`',
    async apply(application, { cluster, namespace }) {
      const yaml = await exported(application, { cluster, words: [] })
      await cluster.kubectl(['apply', '-n', namespace, '-f', '-'], { input: yaml })
    },
  },
  {
    name: 'Kustomize, `kubectl apply -k`',
    async apply(application, { cluster, namespace }) {
      const out = join(cluster.folder, `${application.name}-kustomize`)
      await exported(application, { cluster, words: ['--format', 'kustomize', '--out', out] })
      await cluster.kubectl(['apply', '-n', namespace, '-k', join(out, 'base')])
    },
  },
  {
    name: 'Helm, `helm lint --strict`, `helm install`',
    ignored: {
      path: /\.annotations\.binnacle\.dev\/config-hash$/,
      what: 'Helm only: value of the annotation `binnacle.dev/config-hash` of pods that read a Secret',
      why: 'a chart is written before its passwords are known, and hashes them itself; that it is there is compared',
    },
    async apply(application, { cluster, namespace }) {
      const out = join(cluster.folder, `${application.name}-helm`)
      await exported(application, { cluster, words: ['--format', 'helm', '--out', out] })
      const values = await secretValues(application, cluster)
      await cluster.helm(['lint', out, '--strict', ...values])
      await cluster.helm(['install', application.name, out, '-n', namespace, ...values])
    },
  },
  {
    name: '`binnacle deploy --plain`',
    async apply(application, { cluster, namespace }) {
      await copyCredentials(application, { cluster, namespace })
      const words = ['deploy', application.path, ...application.build, '--context', context, '-n', namespace]
      succeeded('deploy --plain', await cluster.binnacle([...words, '--plain', '--no-wait']))
    },
  },
]

/** Each way in a namespace of its own; the application is deployed in the namespace of its name. */
export async function compareExports(application: Application, cluster: RealCluster): Promise<Exported[]> {
  const wanted = await cluster.objectsIn(application.name)
  const results: Exported[] = []
  for (const [index, way] of ways.entries()) {
    const namespace = `${application.name}-${index + 1}`
    await cluster.kubectl(['create', 'namespace', namespace])
    await way.apply(application, { cluster, namespace })
    const found = await cluster.objectsIn(namespace)
    results.push({
      application: application.name,
      way: way.name,
      ...compareObjects({ wanted, found, ignoring: way.ignored?.path }),
    })
  }
  return results
}

async function exported(
  { name, path, build, isLive }: Application,
  { cluster, words }: { cluster: RealCluster; words: readonly string[] },
): Promise<string> {
  const from = isLive ? [name, '--context', context, '-n', name] : [path, ...build]
  return succeeded('export', await cluster.binnacle(['export', ...from, ...words]))
}

/** A chart holds no passwords: those of the deployed application, as values. */
async function secretValues({ name }: Application, cluster: RealCluster): Promise<string[]> {
  const { items } = JSON.parse(await cluster.kubectl(['get', 'secrets', '-n', name, '-o', 'json'])) as {
    items: Secret[]
  }
  return items.flatMap((secret) => {
    const data = Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()])
    const texts = Object.fromEntries(data) as Record<string, string>
    const source = secret.metadata.labels?.['app.kubernetes.io/name']
    if (!isBinding(secret))
      return Object.entries(texts).flatMap(([key, text]) => [
        '--set-string',
        `secrets.${secret.metadata.name}.${key}=${text}`,
      ])
    return texts['password'] === undefined
      ? []
      : ['--set-string', `dataSources.${source}.password=${texts['password']}`]
  })
}

/** A deploy of plain objects finds the credentials that there are, and makes new ones otherwise. */
async function copyCredentials(
  { name }: Application,
  { cluster, namespace }: { cluster: RealCluster; namespace: string },
): Promise<void> {
  const secrets = (await cluster.objectsIn(name)).filter(isBinding)
  for (const { metadata, ...fields } of secrets) {
    const copy = { ...fields, metadata: { name: metadata.name, labels: metadata.labels } }
    await cluster.kubectl(['create', '-n', namespace, '-f', '-'], { input: JSON.stringify(copy) })
  }
}

function isBinding(object: KubeObject): boolean {
  const { type = '' } = object as Secret
  return object.kind === 'Secret' && type.startsWith('servicebinding.io/')
}
