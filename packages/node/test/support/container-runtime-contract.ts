// What every ContainerRuntime promises the node agent, whatever a container is to it.

import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import type { ContainerConfig, ContainerRuntime, ContainerSnapshot, RuntimeEvent } from '../../src/index.ts'

export interface RuntimeUnderTest extends AsyncDisposable {
  runtime: ContainerRuntime
  /** A container that runs until it is told to end, and then ends by itself. */
  config(podUid: string, more?: Partial<ContainerConfig>): ContainerConfig
}

/** Promises of a runtime whose containers are programs. */
export interface ProgramRuntimeUnderTest extends RuntimeUnderTest {
  /** Another runtime over the same data. */
  reopen(): Promise<ContainerRuntime>
  /** A container that ends by itself with that code. */
  ending(podUid: string, exitCode: number): ContainerConfig
}

async function started(
  subject: RuntimeUnderTest,
  podUid: string,
  more: Partial<ContainerConfig> = {},
): Promise<ContainerSnapshot> {
  const { runtime } = subject
  const wanted = subject.config(podUid, more)
  const { podNamespace: namespace, podName: name, hostname, directory } = wanted
  if (runtime.containers(podUid).length === 0)
    await runtime.createSandbox({ podUid, namespace, name, hostname, directory })
  return runtime.startContainer(wanted)
}

/** Resolves when the container has ended. */
async function ended(runtime: ContainerRuntime, id: string): Promise<ContainerSnapshot> {
  const look = (): ContainerSnapshot | undefined =>
    runtime.containers().find((container) => container.id === id && container.state === 'exited')
  const { promise, resolve } = Promise.withResolvers<ContainerSnapshot>()
  const check = (): void => {
    const found = look()
    if (found !== undefined) resolve(found)
  }
  const unsubscribe = runtime.subscribe(check)
  check()
  return promise.finally(unsubscribe)
}

export function containerRuntimeContract(name: string, open: () => Promise<RuntimeUnderTest>): void {
  describe(`${name} keeps the contract of runtimes`, () => {
    test('a sandbox has an address', async () => {
      await using subject = await open()
      const { podName, hostname, directory } = subject.config('a')
      const made = await subject.runtime.createSandbox({
        podUid: 'a',
        namespace: 'default',
        name: podName,
        hostname,
        directory,
      })
      expect(made.addresses.length).toBeGreaterThan(0)
    })

    test('a started container is shown as running, by its pod and among all', async () => {
      await using subject = await open()
      const { runtime } = subject
      const container = await started(subject, 'a', { name: 'main', attempt: 0 })
      expect(container).toMatchObject({ podUid: 'a', name: 'main', attempt: 0, state: 'running' })
      await started(subject, 'b')
      expect(runtime.containers('a').map(({ id }) => id)).toEqual([container.id])
      expect(runtime.containers()).toHaveLength(2)
      expect(runtime.containers('nobody')).toEqual([])
    })

    test('a stopped container is shown as exited, says so to subscribers, and may be stopped again', async () => {
      await using subject = await open()
      const { runtime } = subject
      const { id, startedAt } = await started(subject, 'a')
      const events: RuntimeEvent[] = []
      runtime.subscribe((event) => events.push(event))
      await runtime.stopContainer(id, 10_000)
      const [found] = runtime.containers('a')
      expect(found).toMatchObject({ id, state: 'exited', reason: expect.any(String), exitCode: expect.any(Number) })
      expect(found?.finishedAt).toBeGreaterThanOrEqual(startedAt)
      expect(events).toContainEqual({ podUid: 'a', containerId: id })
      await runtime.stopContainer(id, 0)
    })

    test('who no longer subscribes hears nothing', async () => {
      await using subject = await open()
      const { id } = await started(subject, 'a')
      const events: RuntimeEvent[] = []
      subject.runtime.subscribe((event) => events.push(event))()
      await subject.runtime.stopContainer(id, 0)
      expect(events).toEqual([])
    })

    test('the next attempt stands after the one before, with its host ports', async () => {
      await using subject = await open()
      const { runtime } = subject
      const ports = [
        { name: 'http', containerPort: 8080, protocol: 'TCP' },
        { containerPort: 53, protocol: 'UDP' },
      ]
      const first = await started(subject, 'a', { ports })
      await runtime.stopContainer(first.id, 0)
      const second = await started(subject, 'a', { attempt: 1, ports })
      expect(second.id).not.toBe(first.id)
      expect(runtime.containers('a').map(({ attempt }) => attempt)).toEqual([0, 1])
      expect(second.hostPorts).toEqual(first.hostPorts)
    })

    test('what is removed, or never was, is no error to stop or remove', async () => {
      await using subject = await open()
      const { runtime } = subject
      const { id } = await started(subject, 'a')
      await runtime.stopContainer(id, 0)
      await runtime.removeContainer(id)
      expect(runtime.containers()).toEqual([])
      await runtime.removeContainer(id)
      await runtime.stopContainer(id, 0)
      await runtime.removeSandbox('nobody')
    })

    test('a removed sandbox takes its running containers along, and no others', async () => {
      await using subject = await open()
      const { runtime } = subject
      await started(subject, 'a', { name: 'one' })
      await started(subject, 'a', { name: 'two' })
      const other = await started(subject, 'b')
      await runtime.removeSandbox('a')
      expect(runtime.containers().map(({ id }) => id)).toEqual([other.id])
    })

    test('a container that is removed while it starts leaves nothing that runs', async () => {
      await using subject = await open()
      const { runtime } = subject
      const starting = started(subject, 'a').then(
        () => 'started',
        () => 'refused',
      )
      // Its turn comes at an arbitrary step of the start, which is the point.
      await new Promise(setImmediate)
      await runtime.removeSandbox('a')
      await starting
      await runtime.removeSandbox('a')
      expect(runtime.containers('a')).toEqual([])
    })

    test('a running container has figures', async () => {
      await using subject = await open()
      const { id } = await started(subject, 'a')
      const figures = { cpuNanoseconds: expect.any(Number), memoryBytes: expect.any(Number) }
      expect(await subject.runtime.stats(id)).toMatchObject(figures)
    })
  })
}

const streams = { stdin: false, stdout: true, stderr: true, tty: false }

/** For runtimes that play the life of a pod. */
export function playingRuntimeContract(name: string, open: () => Promise<RuntimeUnderTest>): void {
  test(`${name} refuses programs by name`, async () => {
    await using subject = await open()
    const { runtime } = subject
    const { id } = await started(subject, 'a')
    await expect(runtime.exec(id, ['true'], streams)).rejects.toThrow('exec is not supported')
    await expect(runtime.attach(id, streams)).rejects.toThrow('attach is not supported')
  })
}

/** For runtimes whose containers are programs. */
export function programRuntimeContract(name: string, open: () => Promise<ProgramRuntimeUnderTest>): void {
  describe(`${name} keeps the contract of runtimes of programs`, () => {
    test('a command runs in a container and gives its exit code', async () => {
      await using subject = await open()
      const { id } = await started(subject, 'a')
      const session = await subject.runtime.exec(id, ['sh', '-c', 'exit 3'], streams)
      expect(await session.exit).toBe(3)
    })

    test('a program that ends by itself is seen to, with its code', async () => {
      await using subject = await open()
      const { id } = await started(subject, 'a', subject.ending('a', 7))
      expect(await ended(subject.runtime, id)).toMatchObject({ exitCode: 7, reason: 'Error' })
    })

    test('what has ended is neither attached to nor given commands', async () => {
      await using subject = await open()
      const { runtime } = subject
      const { id } = await started(subject, 'a', subject.ending('a', 0))
      await ended(runtime, id)
      await expect(runtime.attach(id, streams)).rejects.toThrow('container is in CONTAINER_EXITED state')
      await expect(runtime.exec(id, ['true'], streams)).rejects.toThrow('container is in CONTAINER_EXITED state')
    })

    test('the one client that input is kept open for gets the output from its start', async () => {
      await using subject = await open()
      const { runtime } = subject
      const argv = ['sh', '-c', 'echo first; cat']
      const { id } = await started(subject, 'a', { argv, stdin: true, stdinOnce: true })
      const written = runtime.readLog(id, { follow: true, timestamps: false }, new AbortController().signal)
      for await (const line of written) {
        expect(line.toString()).toBe('first\n')
        break
      }
      const session = await runtime.attach(id, { ...streams, stdin: true })
      session.stdin?.end('second\n')
      expect(await text(session.stdout ?? Readable.from([]))).toBe('first\nsecond\n')
    })

    // Only root may become somebody else.
    test.skipIf(process.getuid?.() !== 0)(
      'a program and its commands have the user and all groups asked for',
      async () => {
        await using subject = await open()
        const { runtime } = subject
        const user = { uid: 1000, gid: 2000, groups: [3000, 4000] }
        const argv = ['sh', '-c', 'id -u; id -G; exec sleep 1000']
        const { id } = await started(subject, 'a', { argv, user })
        const lines: string[] = []
        for await (const line of runtime.readLog(
          id,
          { follow: true, timestamps: false },
          new AbortController().signal,
        )) {
          lines.push(...line.toString().trim().split('\n'))
          if (lines.length === 2) break
        }
        expect(lines).toEqual(['1000', '2000 3000 4000'])
        const session = await runtime.exec(id, ['id', '-G'], streams)
        expect(await text(session.stdout ?? Readable.from([]))).toBe('2000 3000 4000\n')
      },
    )

    test('the next runtime finds what runs, with its ports', async () => {
      await using subject = await open()
      const ports = [{ containerPort: 8080, protocol: 'TCP' }]
      const before = await started(subject, 'a', { ports })
      await subject.runtime.close()
      const next = await subject.reopen()
      expect(next.containers('a')).toMatchObject([{ id: before.id, state: 'running', hostPorts: before.hostPorts }])
      await next.stopContainer(before.id, 0)
      const again = await next.startContainer(subject.config('a', { attempt: 1, ports }))
      expect(again.hostPorts).toEqual(before.hostPorts)
    })
  })
}
