// The sample application of `npm start`: its folders are built as images, its manifests applied, and the address of its
// LoadBalancer Service is said once it answers.

import { readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeObject, Service } from '@binnacle/api'
import { reachableAddress } from '@binnacle/api'
import { type ResourceRef, services } from '@binnacle/client'
import { buildImage } from '@binnacle/images'
import type { Engine } from './engine.ts'
import type { Progress } from './progress.ts'

const tag = '1.0.0'
const fieldManager = 'binnacle-sample'
const patienceMs = 30_000
const pollMs = 50

export async function deploySample(engine: Engine, directory: string, steps: Progress): Promise<void> {
  const name = basename(directory)
  const entries = await readdir(directory, { withFileTypes: true })
  for (const entry of entries.filter((one) => one.isDirectory())) {
    await buildImage({
      store: engine.images,
      directory: join(directory, entry.name),
      repository: `${name}/${entry.name}`,
      tag,
    })
  }
  steps.step(`built the images of ${name}`)
  const applied: KubeObject[] = []
  for (const file of entries.filter((one) => one.isFile() && /\.ya?ml$/.test(one.name))) {
    applied.push(...(await applyFile(engine, join(directory, file.name))))
  }
  const front = applied.find(
    (object): object is Service => object.kind === 'Service' && (object as Service).spec?.type === 'LoadBalancer',
  )
  if (front === undefined) return
  const url = await firstAnswer(engine, front)
  console.log(
    url === undefined
      ? `${name} is applied; its Service does not answer yet: kubectl get pods says why`
      : `${name} answers at ${url}`,
  )
}

async function applyFile(engine: Engine, file: string): Promise<KubeObject[]> {
  const { parseAllDocuments } = await import('yaml')
  const served = await engine.admin.discover()
  const applied = []
  for (const document of parseAllDocuments(await readFile(file, 'utf8'))) {
    const object = document.toJS() as KubeObject | null
    if (object === null) continue
    const found = served.find(({ ref, kind }) => kind === object.kind && apiVersionOf(ref) === object.apiVersion)
    if (found === undefined) throw new Error(`${file}: nothing serves ${object.kind} in ${object.apiVersion}`)
    const namespaced = found.namespaced ? { ...object, metadata: { namespace: 'default', ...object.metadata } } : object
    applied.push(await engine.admin.apply(found.ref, namespaced, { fieldManager, force: true }))
  }
  return applied
}

function apiVersionOf({ group, version }: ResourceRef): string {
  return group === '' ? version : `${group}/${version}`
}

async function firstAnswer(engine: Engine, { metadata }: Service): Promise<string | undefined> {
  const until = Date.now() + patienceMs
  const key = { namespace: metadata.namespace ?? 'default', name: metadata.name ?? '' }
  while (Date.now() < until) {
    const service = await engine.admin.get<Service>(services, key)
    const url = addressOf(service)
    if (url !== undefined && (await answers(url))) return url
    await delay(pollMs)
  }
  return undefined
}

function addressOf(service: Service): string | undefined {
  const ip = service.status?.loadBalancer?.ingress?.[0]?.ip
  const port = service.spec?.ports?.[0]?.port
  if (ip === undefined || port === undefined) return undefined
  // Where the machine refuses the Service's own port, the address is a port of 127.0.0.1.
  const reachable = ip === '127.0.0.1' ? reachableAddress(service, port) : { host: ip, port }
  if (reachable === undefined) return undefined
  return `http://${reachable.host}${reachable.port === 80 ? '' : `:${reachable.port}`}/`
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => {
      await response.body?.cancel()
      return response.ok
    },
    () => false,
  )
}
