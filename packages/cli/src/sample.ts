// The sample application of `npm start`: deployed like any other the first time. Afterwards it is the user's, and what was
// changed on the Canvas stays.

import { type KubeObject, systemClock } from '@binnacle/api'
import type { ResourceRef } from '@binnacle/client'
import { buildImages } from './deploy/build-images.ts'
import { deploy } from './deploy/deploy.ts'
import { type Project, isMicroservice, loadProject } from './deploy/project.ts'
import { waitUntilReady } from './deploy/wait.ts'
import type { Engine } from './engine.ts'
import type { Progress } from './progress.ts'

const namespace = 'default'
const patienceMs = 60_000
const ours = (resource: string): ResourceRef => ({
  group: 'binnacle.dev',
  version: 'v1alpha1',
  resource,
  namespaced: true,
})

/** @throws CliError with the cause where it does not become Ready */
export async function deploySample(engine: Engine, directory: string, steps: Progress): Promise<void> {
  const loaded = await loadProject(directory)
  const url = (await isThere(engine, loaded))
    ? await urlOfRunning(engine, loaded)
    : await firstDeploy(engine, loaded, steps)
  console.log(url === undefined ? `${loaded.application} is deployed` : `${loaded.application} answers at ${url}`)
}

async function isThere({ admin }: Engine, { application }: Project): Promise<boolean> {
  const { items } = await admin.list(ours('applications'), { namespace })
  return items.some(({ metadata }) => metadata.name === application)
}

async function firstDeploy(engine: Engine, loaded: Project, steps: Progress): Promise<string | undefined> {
  const project = await buildImages(loaded, { store: engine.images, onStep: (text) => steps.step(text) })
  const { ready } = await deploy({
    client: engine.admin,
    clock: systemClock,
    namespace,
    project,
    release: { note: 'the sample of npm start' },
    steps,
    waitMs: patienceMs,
  })
  const front = frontOf(loaded)
  return urlOf(ready.find(({ metadata }) => metadata.name === front))
}

/** The front may have been removed or renamed since. */
async function urlOfRunning({ admin }: Engine, project: Project): Promise<string | undefined> {
  const { items } = await admin.list(ours('microservices'), { namespace })
  const front = items.find(({ metadata }) => metadata.name === frontOf(project))
  if (front === undefined) return undefined
  const object = { ...front, apiVersion: 'binnacle.dev/v1alpha1', kind: 'Microservice' }
  const [ready] = await waitUntilReady({
    client: admin,
    clock: systemClock,
    timeoutMs: patienceMs,
    objects: [{ ref: ours('microservices'), object }],
    report: { ready: () => undefined, waiting: () => undefined },
  })
  return urlOf(ready)
}

/** What the outside reaches. */
function frontOf({ objects }: Project): string | undefined {
  const found = objects.find(({ object }) => isMicroservice(object) && object.spec.serviceType === 'LoadBalancer')
  return found?.object.metadata.name
}

function urlOf(object: (KubeObject & { status?: { url?: string } }) | undefined): string | undefined {
  return object?.status?.url
}
