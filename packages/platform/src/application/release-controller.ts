// Says what became of a Release: the objects and images that its resources became, and whether they came to be ready.

import type { KubeObject } from '@binnacle/api'
import { type Controller, type Result, objectKey, startController } from '@binnacle/client'
import type { Microservice, Release, ReleaseStatus, ReleasedImage, ReleasedResource } from '@binnacle/model'
import { type Finding, conditionOf, conditionsOf, isReady, writeStatus } from '../conditions.ts'
import type { PlatformContext } from '../context.ts'
import { says } from '../owned-objects.ts'
import { releases } from '../resources.ts'
import type { Shared } from '../shared.ts'
import { type Member, applicationOfRelease, membersOf } from './members.ts'

/** As the default of a Deployment's progressDeadlineSeconds. */
const patienceMs = 600_000
/** These do not mend themselves. */
const hopeless: ReadonlySet<string> = new Set([
  'BuildFailed',
  'NoBuilder',
  'NameTaken',
  'Invalid',
  'JobFailed',
  'ProgramNotFound',
  'ProgressDeadlineExceeded',
])

export function startReleaseController(context: PlatformContext, shared: Shared): Controller {
  const { client, events, clock, onError } = context
  const { owned } = shared
  const members = membersOf(context)
  const name = 'release-controller'

  const controller = startController({
    name,
    clock,
    onError: (error, key) => onError(error, `${name} ${key}`),
    reconcile: async (key) => {
      await shared.inStep()
      const release = members.releases.get(key)
      if (release === undefined || release.metadata.deletionTimestamp !== undefined) return undefined
      return reconcile(release)
    },
  })

  async function reconcile(release: Release): Promise<Result> {
    const before = conditionOf(release, 'Deployed')
    // What it became is written once.
    if (before?.reason === 'Complete' || before?.reason === 'Superseded') return undefined
    const resources = release.spec.resources.flatMap((resource) => {
      const live = members.get(resource.kind ?? '', release.metadata.namespace ?? '', resource.metadata.name ?? '')
      return [{ resource, live }].filter(() => resource.kind === 'Microservice' || resource.kind === 'DataSource')
    })
    const age = clock.now() - Date.parse(release.metadata.creationTimestamp ?? '')
    const [newest] = members.releasesOf(applicationOfRelease(release))
    const isNewest = newest === undefined || newest.spec.revision <= release.spec.revision
    const deployed = deployedOf(resources, { isNewest, isLate: age >= patienceMs })
    await report(
      release,
      deployed,
      resources.flatMap(({ live }) => (live === undefined ? [] : [live])),
    )
    return deployed.reason === 'Progressing' ? { requeueAfterMs: Math.max(1, patienceMs - age) } : undefined
  }

  async function report(release: Release, deployed: Finding, live: readonly Member[]): Promise<void> {
    const before = conditionOf(release, 'Deployed')
    const status: ReleaseStatus = {
      observedGeneration: release.metadata.generation ?? 0,
      conditions: conditionsOf(release, [deployed], clock),
      ...(deployed.reason === 'Superseded'
        ? pick(release.status)
        : { images: live.flatMap(imageOf), objects: live.flatMap(objectsOf) }),
    }
    if (!(await writeStatus(client, releases, { resource: release, status }))) return
    if (before?.reason === deployed.reason) return
    events.record(release, deployed.reason === 'Failed' ? 'Warning' : 'Normal', deployed.reason, deployed.message)
  }

  /** As they were applied, with the digest of what runs; a Secret without what it holds. */
  function objectsOf(resource: Member): ReleasedResource[] {
    const image = resource.kind === 'Microservice' ? resource.status?.image : undefined
    return owned.appliedFor(resource).map((object) => {
      const { ownerReferences: _owners, ...metadata } = object.metadata
      const { data: _data, ...rest } = { data: undefined, ...object, metadata }
      if (object.kind === 'Secret') return rest
      return image === undefined ? { ...object, metadata } : withImage({ ...object, metadata }, resource, image)
    })
  }

  const enqueue = (release: Release): void => controller.enqueue(objectKey(release))
  members.onChange((application) => members.releasesOf(application).forEach(enqueue))
  return controller
}

interface Deployed {
  resource: ReleasedResource
  live: Member | undefined
}

function deployedOf(
  resources: readonly Deployed[],
  { isNewest, isLate }: { isNewest: boolean; isLate: boolean },
): Finding {
  const open = resources.filter(({ resource, live }) => !isDeployed(resource, live))
  if (open.length === 0)
    return {
      type: 'Deployed',
      status: 'True',
      reason: 'Complete',
      message: `all ${resources.length} resources are ready`,
    }
  if (!isNewest)
    return {
      type: 'Deployed',
      status: 'False',
      reason: 'Superseded',
      message: 'another release came before this one was complete',
    }
  const texts = open.map(({ resource, live }) => `${resource.kind} ${resource.metadata.name}: ${stateOf(live)}`)
  const stuck = open.find(({ live }) => live !== undefined && hopeless.has(conditionOf(live, 'Ready')?.reason ?? ''))
  const isFailed = stuck !== undefined || isLate
  return {
    type: 'Deployed',
    status: isFailed ? 'False' : 'Unknown',
    reason: isFailed ? 'Failed' : 'Progressing',
    message: texts.join('; '),
  }
}

/** It is there as it was released, and ready in that form. */
function isDeployed(resource: ReleasedResource, live: Member | undefined): boolean {
  return live !== undefined && says(live.spec, resource['spec']) && isReady(live)
}

function stateOf(live: Member | undefined): string {
  if (live === undefined) return 'not there'
  return conditionOf(live, 'Ready')?.message ?? 'not looked at yet'
}

function imageOf(resource: Member): ReleasedImage[] {
  if (resource.kind !== 'Microservice' || resource.status?.image === undefined) return []
  const [image = '', digest] = resource.status.image.split('@')
  return [{ resource: `Microservice/${resource.metadata.name}`, image, ...(digest === undefined ? {} : { digest }) }]
}

interface Workload extends KubeObject {
  spec?: { template?: { spec?: { containers?: readonly { name: string; image?: string }[] } } }
}

function withImage(object: Workload, { metadata }: Microservice | Member, image: string): ReleasedResource {
  const pod = object.spec?.template?.spec
  if (pod?.containers === undefined || (object.kind !== 'Deployment' && object.kind !== 'StatefulSet'))
    return { ...object }
  const containers = pod.containers.map((one) => (one.name === metadata.name ? { ...one, image } : one))
  return {
    ...object,
    spec: { ...object.spec, template: { ...object.spec?.template, spec: { ...pod, containers } } },
  }
}

function pick(status: ReleaseStatus | undefined): Pick<ReleaseStatus, 'images' | 'objects'> {
  return {
    ...(status?.images === undefined ? {} : { images: status.images }),
    ...(status?.objects === undefined ? {} : { objects: status.objects }),
  }
}
