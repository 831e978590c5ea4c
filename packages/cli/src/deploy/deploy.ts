// One deploy: a project's objects tried on the server, applied as one transaction, recorded as a Release, and waited for.

import { type Clock, type KubeObject, type Namespace, type Unstructured, isForbidden, isNotFound } from '@binnacle/api'
import { type Client, namespaces } from '@binnacle/client'
import type { Release, ReleaseSpec } from '@binnacle/model'
import { CliError } from '../cli-error.ts'
import type { Progress } from '../progress.ts'
import { showChanges } from './object-diff.ts'
import { type Planned, planObjects, servesOurKinds } from './plan.ts'
import { type Project, isImplied } from './project.ts'
import { prune, unwanted } from './prune.ts'
import { createRelease, releasedResources } from './releases.ts'
import { type Applied, type Transaction, applyObjects, fieldManager, nameOf, tryObjects } from './transaction.ts'
import { waitUntilReady } from './wait.ts'

export interface DeployOptions {
  client: Client
  clock: Clock
  namespace: string
  /** Images are built already. */
  project: Project
  /** What the release says of itself. */
  release: Omit<ReleaseSpec, 'application' | 'revision' | 'author' | 'resources'>
  /** Annotations of the release. */
  annotations?: Record<string, string>
  steps: Progress
  prune?: boolean
  /** Milliseconds to wait for all to be Ready; not at all where absent. */
  waitMs?: number
  signal?: AbortSignal
}

export interface Deployed {
  objects: readonly Applied[]
  /** None on a cluster without our kinds. */
  release: Release | undefined
  /** What was waited for, as it is now. */
  ready: readonly KubeObject[]
}

/** What a deploy would do. */
export interface Trial {
  objects: readonly Applied[]
  /** The namespace that it would create first, where it is not there. */
  newNamespace: string | undefined
}

/** The objects as the server would have them, and nothing changed. @throws CliError as `tryObjects` */
export async function tryDeploy(
  options: Pick<DeployOptions, 'client' | 'namespace' | 'project' | 'steps'>,
): Promise<Trial> {
  const { client, namespace, steps } = options
  const plan = await planOf(options)
  if (await hasNamespace(client, namespace)) return { objects: await tryObjects(client, plan), newNamespace: undefined }
  steps.step(`namespace ${namespace} is not there and will be created first: the server checks nothing in it before`)
  const objects = plan.map((planned) => ({ ...planned, before: undefined, after: planned.object }))
  return { objects, newNamespace: namespace }
}

/** What the deploy would change, and what it would remove. */
export function showDeploy(
  { objects, newNamespace }: Trial,
  removed: readonly Unstructured[],
  stream: NodeJS.WritableStream,
): { text: string; count: number } {
  return showChanges(
    [
      ...(newNamespace === undefined || objects.some(({ object }) => isNamespace(object, newNamespace))
        ? []
        : [{ name: `Namespace/${newNamespace}`, before: undefined, after: namespaceObject(newNamespace) }]),
      ...objects.map((one) => ({ name: nameOf(one), before: one.before, after: one.after })),
      ...removed.map((object) => ({ name: nameOf({ object }), before: object, after: undefined })),
    ],
    stream,
  )
}

/** @throws CliError where anything is refused, with everything as it was before; or where it does not become Ready */
export async function deploy(options: DeployOptions): Promise<Deployed> {
  const { client, namespace, steps } = options
  const plan = await planOf(options)
  const isNew = await ensureNamespace(client, namespace)
  if (isNew) steps.step(`Namespace/${namespace} created`)
  const { transaction, release } = await change(options, plan).catch(async (error: unknown) => {
    if (isNew) await client.delete(namespaces, { name: namespace })
    throw error
  })
  if (release !== undefined) await removeUnwanted(options, transaction)
  const { waitMs } = options
  const ready =
    waitMs === undefined
      ? []
      : await waitUntilReady({
          client,
          clock: options.clock,
          timeoutMs: waitMs,
          objects: transaction.applied,
          report: { ready: (line) => steps.step(line), waiting: (line) => steps.warn(line) },
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        })
  return { objects: transaction.applied, release, ready }
}

/** What earlier releases had and this one has not is removed, or said to go on. */
async function removeUnwanted(options: DeployOptions, { applied }: Transaction): Promise<void> {
  const left = await unwanted(options, applied)
  for (const object of left)
    if (options.prune === true) options.steps.step(`${nameOf({ object })} removed`)
    else options.steps.warn(`${nameOf({ object })} is of an earlier release and goes on: --prune removes it`)
  if (options.prune === true) await prune(options.client, left)
}

/** Everything that is put back where a part of it fails. */
async function change(
  options: DeployOptions,
  plan: readonly Planned[],
): Promise<{ transaction: Transaction; release: Release | undefined }> {
  const { client, steps } = options
  // What the project's own definitions bring cannot be tried before they are there.
  if (!plan.some(({ object }) => object.kind === 'CustomResourceDefinition')) await tryObjects(client, plan)
  const transaction = await applyObjects(client, plan)
  for (const line of summary(transaction.applied)) steps.step(line)
  try {
    return { transaction, release: (await servesOurKinds(client)) ? await record(options, transaction) : undefined }
  } catch (error) {
    const failed = await transaction.undo()
    for (const line of failed) steps.warn(line)
    throw new CliError(`cannot record the release: ${errorText(error)}; what was applied is put back`, { cause: error })
  }
}

function record(
  { client, namespace, project, release, annotations }: DeployOptions,
  { applied }: Transaction,
): Promise<Release> {
  const resources = releasedResources(
    applied.map(({ object }) => object),
    namespace,
  )
  return createRelease(
    { client, namespace, application: project.application },
    { annotations, spec: { ...release, resources } },
  )
}

/** A cluster without our kinds gets the plain objects, and no Application that nobody wrote down. */
async function planOf({
  client,
  namespace,
  project,
}: Pick<DeployOptions, 'client' | 'namespace' | 'project'>): Promise<Planned[]> {
  const served = await servesOurKinds(client)
  const sources = served ? project.objects : project.objects.filter((source) => !isImplied(source))
  return planObjects(client, sources, namespace)
}

async function hasNamespace(client: Client, name: string): Promise<boolean> {
  return client.get(namespaces, { name }).then(
    () => true,
    (error: unknown) => {
      if (isNotFound(error)) return false
      // Who may not read namespaces may still write into theirs.
      if (isForbidden(error)) return true
      throw error
    },
  )
}

/** Whether it was made. */
async function ensureNamespace(client: Client, name: string): Promise<boolean> {
  if (await hasNamespace(client, name)) return false
  await client.create(namespaces, namespaceObject(name), { fieldManager })
  return true
}

function namespaceObject(name: string): Namespace {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
}

function isNamespace({ kind, metadata }: Unstructured, name: string): boolean {
  return kind === 'Namespace' && metadata.name === name
}

function summary(applied: readonly Applied[]): string[] {
  return applied.map((one) => {
    const { before, after } = one
    const what =
      before === undefined
        ? 'created'
        : before.metadata.resourceVersion === after.metadata.resourceVersion
          ? 'unchanged'
          : 'changed'
    return `${nameOf(one)} ${what}`
  })
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
