import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type KubeObject, type PersistentVolume, type PersistentVolumeClaim, systemClock } from '@binnacle/api'
import { createApiServer } from '@binnacle/apiserver'
import {
  Informers,
  type ResourceRef,
  createClient,
  createEventRecorder,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
} from '@binnacle/client'
import { createMemoryStore } from '@binnacle/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { standardStorageClass, startFolderProvisioner } from '../src/index.ts'

const namespace = 'default'
const nodeName = 'here'
let directory = ''
const ends: (() => unknown)[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'binnacle-volumes-'))
  ends.push(() => rm(directory, { recursive: true, force: true }))
})
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function start() {
  const store = createMemoryStore({ clock: systemClock })
  const server = await createApiServer({ store, clock: systemClock })
  const client = createClient(server.transport({ username: 'tester', groups: ['system:masters'] }))
  const stop = new AbortController()
  const informers = new Informers({ client })
  await client.create(storageClasses, standardStorageClass)
  const events = createEventRecorder({ client, component: 'folder-provisioner', clock: systemClock })
  const provisioner = startFolderProvisioner({ client, informers, events, clock: systemClock, directory, nodeName })
  informers.start(stop.signal)
  ends.push(async () => {
    stop.abort()
    await provisioner.stop()
    await server.close()
  })
  const claim = (annotations: Record<string, string>): Promise<PersistentVolumeClaim> =>
    client.create<PersistentVolumeClaim>(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace, annotations },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    })
  const next = async (ref: ResourceRef, holds: (type: string, object: KubeObject) => boolean): Promise<KubeObject> => {
    const found = new AbortController()
    for await (const batch of await client.watch(ref, {}, found.signal)) {
      for (const event of batch) {
        if (event.type === 'BOOKMARK' || !holds(event.type, event.object)) continue
        found.abort()
        return event.object
      }
    }
    throw new Error('the watch ended')
  }
  return { client, claim, next }
}

it('makes a folder and a volume for a claim whose pod is to run here, and removes both when it is released', async () => {
  const { client, claim, next } = await start()
  const made = await claim({ 'volume.kubernetes.io/selected-node': nodeName })
  expect(made.spec?.storageClassName).toBe('standard')
  const volume = (await next(persistentVolumes, (type) => type === 'ADDED')) as PersistentVolume
  const name = `pvc-${made.metadata.uid}`
  expect(volume).toMatchObject({
    metadata: { name },
    spec: { claimRef: { name: 'data', namespace, uid: made.metadata.uid }, hostPath: { path: join(directory, name) } },
  })
  expect(await readdir(directory)).toEqual([name])
  const gone = next(
    persistentVolumes,
    (type, { metadata }) => type === 'DELETED' || metadata.deletionTimestamp !== undefined,
  )
  await client.updateStatus<PersistentVolume>(persistentVolumes, { ...volume, status: { phase: 'Released' } })
  await gone
  expect(await readdir(directory)).toEqual([])
})

it('leaves a claim alone until its pod has a node', async () => {
  const { client, claim, next } = await start()
  const waiting = await claim({})
  const other = next(persistentVolumes, (type) => type === 'ADDED')
  await client.patch(
    persistentVolumeClaims,
    { namespace, name: 'data' },
    {
      type: 'application/merge-patch+json',
      body: { metadata: { annotations: { 'volume.kubernetes.io/selected-node': nodeName } } },
    },
  )
  expect((await other).metadata.name).toBe(`pvc-${waiting.metadata.uid}`)
})
