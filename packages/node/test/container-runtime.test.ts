import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@binnacle/api'
import {
  type ContainerConfig,
  type ContainerRuntime,
  createProcessRuntime,
  createSimulatedRuntime,
} from '../src/index.ts'
import {
  type ProgramRuntimeUnderTest,
  type RuntimeUnderTest,
  containerRuntimeContract,
  playingRuntimeContract,
  programRuntimeContract,
} from './support/container-runtime-contract.ts'

function configIn(directory: string, podUid: string, more: Partial<ContainerConfig>): ContainerConfig {
  return {
    podUid,
    podNamespace: 'default',
    podName: `pod-${podUid}`,
    hostname: `pod-${podUid}`,
    directory: join(directory, 'pods', podUid),
    name: 'main',
    attempt: 0,
    image: 'any:v1',
    imageId: 'any@sha256:1',
    argv: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1000 & wait; done'],
    workingDirectory: '/',
    environment: {},
    mounts: [],
    stdin: false,
    stdinOnce: false,
    tty: false,
    ports: [],
    ...more,
  }
}

function simulated(): Promise<RuntimeUnderTest> {
  return Promise.resolve({
    runtime: createSimulatedRuntime({ clock: systemClock }),
    config: (podUid, more = {}) => configIn('/', podUid, more),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  })
}

async function processes(): Promise<ProgramRuntimeUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), 'binnacle-runtime-'))
  const open = async (): Promise<ContainerRuntime> => {
    const runtime = await createProcessRuntime({ directory, clock: systemClock })
    await runtime.start()
    return runtime
  }
  let runtime = await open()
  return {
    runtime,
    config: (podUid, more = {}) => configIn(directory, podUid, more),
    ending: (podUid, exitCode) => configIn(directory, podUid, { argv: ['sh', '-c', `exit ${exitCode}`] }),
    async reopen() {
      runtime = await open()
      return runtime
    },
    async [Symbol.asyncDispose]() {
      const uids = new Set(runtime.containers().map(({ podUid }) => podUid))
      await Promise.all([...uids].map((uid) => runtime.removeSandbox(uid)))
      await runtime.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

containerRuntimeContract('the simulated runtime', simulated)
playingRuntimeContract('the simulated runtime', simulated)
containerRuntimeContract('the process runtime', processes)
programRuntimeContract('the process runtime', processes)
