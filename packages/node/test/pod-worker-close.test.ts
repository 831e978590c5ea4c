// A worker can be told to close at any moment of a pod's life; whatever it is doing then, it starts nothing more and
// does not wait for programs or hooks.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Pod, systemClock } from '@binnacle/api'
import { createClient } from '@binnacle/client'
import { describe, expect, test } from 'vitest'
import { type ContainerRuntime, type ExecSession, createSimulatedRuntime } from '../src/index.ts'
import { PodWorker } from '../src/pods/pod-worker.ts'
import { StatusManager } from '../src/pods/status-manager.ts'
import { FakeApi } from './fake-api.ts'
import { podOf } from './fixture.ts'

const life = [
  'createSandbox',
  'resolve',
  'rootfs',
  'startContainer',
  'exec postStart',
  'resolve',
  'rootfs',
  'startContainer',
  'exec postStart',
  'exec preStop',
  'stopContainer',
  'removeSandbox',
]

interface Life extends AsyncDisposable {
  worker: PodWorker
  api: FakeApi
  /** What was begun so far. */
  steps: string[]
  /** Resolves when that step is reached and held. */
  reached: Promise<void>
  release(): void
  /** Nothing that was begun has gone wrong. */
  errors: unknown[]
}

/** A pod that starts, ends, is restarted at once and then deleted; held at its step number `hold`. */
async function live(hold: number, hookEnds: (hook: string) => Promise<number>): Promise<Life> {
  const podsDirectory = await mkdtemp(join(tmpdir(), 'binnacle-close-'))
  const api = new FakeApi()
  const errors: unknown[] = []
  const log = (_message: string, error: unknown): void => void errors.push(error)
  const client = createClient(api.transport)
  const steps: string[] = []
  const held = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  const step = async (name: string): Promise<void> => {
    steps.push(name)
    if (steps.length - 1 !== hold) return
    reached.resolve()
    await held.promise
  }
  const simulated = createSimulatedRuntime({ clock: systemClock })
  const runtime: ContainerRuntime = {
    name: 'stepped',
    version: '1',
    plays: false,
    start: () => simulated.start(),
    close: () => simulated.close(),
    subscribe: (listener) => simulated.subscribe(listener),
    containers: (podUid) => simulated.containers(podUid),
    attach: (id, options) => simulated.attach(id, options),
    readLog: (id, options, signal) => simulated.readLog(id, options, signal),
    address: (podUid, port) => simulated.address(podUid, port),
    stats: (id) => simulated.stats(id),
    abilities: () => [],
    async createSandbox(config) {
      await step('createSandbox')
      return simulated.createSandbox(config)
    },
    async removeSandbox(uid) {
      await step('removeSandbox')
      await simulated.removeSandbox(uid)
    },
    async startContainer(config) {
      await step('startContainer')
      return simulated.startContainer(config)
    },
    async stopContainer(id, graceMs) {
      await step('stopContainer')
      await simulated.stopContainer(id, graceMs)
    },
    async removeContainer(id) {
      await step('removeContainer')
      await simulated.removeContainer(id)
    },
    async exec(id, [hook = '']): Promise<ExecSession> {
      await step(`exec ${hook}`)
      const attempt = simulated.containers().find((container) => container.id === id)?.attempt
      if (hook === 'postStart' && attempt === 0) await simulated.stopContainer(id, 0)
      if (hook === 'postStart' && attempt === 1) {
        api.deletePod('default/web', 30)
        worker.update(api.get<Pod>('pods', 'default/web') ?? pod)
      }
      return { exit: hookEnds(hook), resize: () => undefined, close: () => undefined }
    },
  }
  const pod = podOf('web', {
    containers: [
      {
        name: 'main',
        image: 'web:v1',
        lifecycle: { postStart: { exec: { command: ['postStart'] } }, preStop: { exec: { command: ['preStop'] } } },
      },
    ],
  })
  api.put('pods', pod)
  const worker = new PodWorker(
    {
      client,
      clock: systemClock,
      runtime,
      images: {
        async resolve() {
          await step('resolve')
          const rootfs = (): Promise<string> => step('rootfs').then(() => '/')
          return { digest: 'sha256:1', config: {}, rootfs }
        },
      },
      references: { configMap: () => Promise.resolve(undefined), secret: () => Promise.resolve(undefined) },
      services: () => [],
      events: { record: () => undefined },
      statuses: new StatusManager({ client, clock: systemClock, log }),
      nodeName: 'node-1',
      hostIP: '127.0.0.1',
      allocatable: {},
      podsDirectory,
      hostsFile: () => '',
      resolvFile: () => '',
      log,
    },
    pod,
  )
  runtime.subscribe(() => worker.kick())
  worker.kick()
  return {
    worker,
    api,
    steps,
    reached: reached.promise,
    release: held.resolve,
    errors,
    async [Symbol.asyncDispose]() {
      await rm(podsDirectory, { recursive: true, force: true })
    },
  }
}

const atOnce = (): Promise<number> => Promise.resolve(0)
const never = (): Promise<number> => new Promise(() => undefined)

test('the life of a pod that is restarted and deleted has the steps at which it is closed below', async () => {
  await using whole = await live(-1, atOnce)
  await whole.api.until(() => whole.api.get('pods', 'default/web') === undefined)
  expect(whole.steps).toEqual(life)
  expect(whole.errors).toEqual([])
})

describe('a worker that is closed', () => {
  test.for(life.map((name, index) => [index, name] as const))(
    'at step %i, %s, begins no further one',
    async ([index]) => {
      await using pod = await live(index, atOnce)
      await pod.reached
      const closed = pod.worker.close()
      pod.release()
      await closed
      expect(pod.steps).toEqual(life.slice(0, index + 1))
      expect(pod.errors).toEqual([])
    },
  )

  test.for(['postStart', 'preStop'])('does not wait for the hook %s', async (endless) => {
    const { promise: begun, resolve } = Promise.withResolvers<void>()
    await using pod = await live(-1, (hook) => {
      if (hook !== endless) return atOnce()
      resolve()
      return never()
    })
    await begun
    await pod.worker.close()
    expect(pod.steps.at(-1)).toBe(`exec ${endless}`)
  })

  test('does not wait for a program that takes its time to end', async () => {
    const stop = life.indexOf('stopContainer')
    await using pod = await live(stop, atOnce)
    await pod.reached
    await pod.worker.close()
    expect(pod.steps).toEqual(life.slice(0, stop + 1))
  })
})
