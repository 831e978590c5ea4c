// Deploy: what is staged becomes true, all of it or nothing. Each object is tried on the server first (dry run), then
// written with the user's own credentials; where one fails half-way, those before it are put back. At the end stands a
// Release, the record that a rollback starts from.

import type { Unstructured } from '@binnacle/api'
import {
  type CanvasDocument,
  type ObjectKey,
  type StagedChange,
  asNew,
  contentOf,
  formatPosition,
  objectsOf,
  recordedObjects,
  sameContent,
  withContent,
} from '@binnacle/canvas-core'
import { apiVersion, groupAnnotation, partOfLabel, positionAnnotation, overriddenAnnotation } from '@binnacle/model'
import { KubeError, ask, fieldManager, isKubeError, kube, pathOf } from '../data/kube-api.ts'
import { learnResourcesOf, resourceOf } from '../data/resources.ts'

export interface DeployProblem {
  key: ObjectKey
  message: string
  /** Fields that the server named. */
  fields: readonly { path: string; message: string }[]
}

export interface DeployStep {
  key: ObjectKey
  change: StagedChange
}

/** Order in which kinds are best written: what others read comes first. */
const ranks = ['Application', 'Secret', 'ConfigMap', 'DataSource', 'Microservice']

export function deploySteps(document: CanvasDocument): readonly DeployStep[] {
  const rank = (step: DeployStep): number => {
    const { change } = step
    if (change.type === 'delete') return ranks.length + 1
    const known = ranks.indexOf(change.object.kind ?? '')
    return known < 0 ? ranks.length : known
  }
  return [...document.staged]
    .map(([key, change]) => ({ key, change }))
    .toSorted((a, b) => rank(a) - rank(b) || (a.key < b.key ? -1 : 1))
}

/** Asks the server whether it would take what is staged and decided; empty where it would. */
export async function checkDeploy(document: CanvasDocument): Promise<readonly DeployProblem[]> {
  const steps = deploySteps(document).filter(({ change }) => change.type === 'create' || change.conflicts.length === 0)
  await learnResourcesOf(steps.map(({ change }) => (change.type === 'delete' ? change.base : change.object)))
  const found = await Promise.all(
    steps.map(async (step) => {
      try {
        await write(document, step, true)
        return undefined
      } catch (error) {
        return problemOf(step.key, error)
      }
    }),
  )
  return found.filter((problem) => problem !== undefined)
}

/** Where what is deployed ran before. */
export interface PromotedFrom {
  environment: string
  revision: number
  /** Value of the annotation `binnacle.dev/without-overrides`. */
  withoutOverrides: string
}

export interface DeployOptions {
  note: string
  rollbackTo?: number
  promotion?: PromotedFrom
  /** Told after each object. */
  onWritten: (key: ObjectKey) => void
}

/**
 * Writes what is staged and records the release; answers with its revision.
 * @throws DeployFailure after everything that was written is put back
 */
export async function deploy(document: CanvasDocument, options: DeployOptions): Promise<number | undefined> {
  const problems = await checkDeploy(document)
  if (problems.length > 0) throw new DeployFailure(problems)
  const undo: (() => Promise<unknown>)[] = []
  let last: DeployStep | undefined
  try {
    for (const step of deploySteps(document)) {
      last = step
      const written = await write(document, step, false)
      undo.push(() => putBack(step, written))
      options.onWritten(step.key)
    }
    last = undefined
    return await recordRelease(document, options)
  } catch (error) {
    const problem = last === undefined ? problemOf('', error) : problemOf(last.key, error)
    const notPutBack: DeployProblem[] = []
    for (const back of undo.toReversed()) {
      await back().catch((reason: unknown) => notPutBack.push(problemOf('', reason)))
    }
    throw new DeployFailure([problem, ...notPutBack], { cause: error })
  }
}

export class DeployFailure extends Error {
  readonly problems: readonly DeployProblem[]
  constructor(problems: readonly DeployProblem[], options?: ErrorOptions) {
    super(problems[0]?.message ?? 'the deploy failed', options)
    this.name = 'DeployFailure'
    this.problems = problems
  }
}

function problemOf(key: ObjectKey, error: unknown): DeployProblem {
  if (!isKubeError(error)) throw error
  return {
    key,
    message: error.message,
    fields: error.causes.flatMap(({ field, message }) =>
      field === undefined ? [] : [{ path: field, message: message ?? error.message }],
    ),
  }
}

function pathOfObject(object: Unstructured, { withName }: { withName: boolean }): string {
  const resource = resourceOf(object)
  const { namespace, name = '' } = object.metadata
  return pathOf(resource, { namespace, ...(withName ? { name } : {}) })
}

async function write(document: CanvasDocument, { key, change }: DeployStep, dryRun: boolean): Promise<Unstructured> {
  if (change.type === 'delete') {
    await remove(change.base, dryRun)
    return change.base
  }
  if (change.type === 'create')
    return kube.create(pathOfObject(change.object, { withName: false }), placed(document, key, change.object), dryRun)
  return update(change.object, change.base, dryRun)
}

/** A new object stands where it was put. */
function placed(document: CanvasDocument, key: ObjectKey, object: Unstructured): Unstructured {
  const place = document.layout.places.get(key)
  const fresh = asNew(object)
  const annotations = {
    ...fresh.metadata.annotations,
    ...(place?.position === undefined ? {} : { [positionAnnotation]: formatPosition(place.position) }),
    ...(place?.group === undefined ? {} : { [groupAnnotation]: place.group }),
  }
  return { ...fresh, metadata: { ...fresh.metadata, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) } }
}

const tries = 5

/** An update on the version that the edit was made on, or on a newer one with the same content. */
function update(wanted: Unstructured, base: Unstructured, dryRun: boolean): Promise<Unstructured> {
  const path = pathOfObject(base, { withName: true })
  return onUnchanged(base, (onto) => kube.update<Unstructured>(path, withContent(contentOf(wanted), onto), dryRun))
}

/** A removal of what a person saw when they staged it. */
function remove(base: Unstructured, dryRun: boolean): Promise<unknown> {
  const path = pathOfObject(base, { withName: true })
  return onUnchanged(base, ({ metadata: { resourceVersion } }) => kube.remove(path, { dryRun, resourceVersion }))
}

/**
 * Writes onto the version that is known. A controller may note its status at any moment, which is no change of content:
 * what is written is then carried over to the newer version.
 */
async function onUnchanged<T>(base: Unstructured, write: (onto: Unstructured) => Promise<T>): Promise<T> {
  let onto = base
  for (let attempt = 1; ; attempt++) {
    try {
      return await write(onto)
    } catch (error) {
      if (!isKubeError(error) || error.reason !== 'Conflict' || attempt === tries) throw error
      const newest = await kube.get<Unstructured>(pathOfObject(base, { withName: true }))
      if (!sameContent(newest, base))
        throw new KubeError({ ...error.status, message: 'somebody else changed this just now: look at it again' })
      onto = newest
    }
  }
}

async function putBack({ change }: DeployStep, written: Unstructured): Promise<unknown> {
  if (change.type === 'create') return kube.remove(pathOfObject(written, { withName: true }))
  if (change.type === 'delete') return kube.create(pathOfObject(change.base, { withName: false }), asNew(change.base))
  return update(change.base, written, false)
}

async function recordRelease(
  document: CanvasDocument,
  { note, rollbackTo, promotion }: DeployOptions,
): Promise<number | undefined> {
  const { application, namespace } = document
  if (application === undefined) return undefined
  const path = pathOf({ group: 'binnacle.dev', version: 'v1alpha1', resource: 'releases' }, { namespace })
  const author = await whoAmI()
  for (let attempt = 1; ; attempt++) {
    const { items } = await kube.list<Unstructured>(path)
    const newest = items.toSorted((a, b) => revisionOf(b, application) - revisionOf(a, application))[0]
    const revision = 1 + (newest === undefined ? 0 : revisionOf(newest, application))
    // What is particular to an environment stays so from one release of it to the next.
    const particular = promotion?.withoutOverrides ?? newest?.metadata.annotations?.[overriddenAnnotation]
    try {
      await kube.create(path, {
        apiVersion,
        kind: 'Release',
        metadata: {
          name: `${application}-${revision}`,
          namespace,
          labels: { [partOfLabel]: application },
          ...(particular === undefined ? {} : { annotations: { [overriddenAnnotation]: particular } }),
        },
        spec: {
          application,
          revision,
          ...(author === undefined ? {} : { author }),
          ...(note.trim() === '' ? {} : { note: note.trim() }),
          ...(rollbackTo === undefined ? {} : { rollbackTo }),
          ...(promotion === undefined
            ? {}
            : { promotedFrom: { environment: promotion.environment, revision: promotion.revision } }),
          resources: recordedObjects(objectsOf(document).values(), application),
        },
      })
      return revision
    } catch (error) {
      // Somebody else's release took the number.
      if (!isKubeError(error) || error.reason !== 'AlreadyExists' || attempt === tries) throw error
    }
  }
}

export function revisionOf(release: Unstructured, application: string): number {
  const spec = release['spec'] as { application?: string; revision?: number } | undefined
  return spec?.application === application ? (spec.revision ?? 0) : 0
}

async function whoAmI(): Promise<string | undefined> {
  try {
    const review = await ask<{ status?: { userInfo?: { username?: string } } }>(
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      {
        method: 'POST',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
        query: { fieldManager },
      },
    )
    return review.status?.userInfo?.username
  } catch (error) {
    if (isKubeError(error)) return undefined
    throw error
  }
}
