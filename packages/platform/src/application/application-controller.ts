// Counts what belongs to an Application and how much of it is ready, and drops releases that are kept no longer.

import { isNotFound } from '@binnacle/api'
import { type Controller, objectKey, startController } from '@binnacle/client'
import type { Application, Release } from '@binnacle/model'
import { type Finding, conditionOf, conditionsOf, isReady, tellOfReady, writeStatus } from '../conditions.ts'
import type { PlatformContext } from '../context.ts'
import { applications, releases } from '../resources.ts'
import type { Shared } from '../shared.ts'
import { type Member, membersOf } from './members.ts'

/** As the schema's default says; objects from before it had one lack the field. */
const usualLimit = 20
/** Names in a message; the rest is counted. */
const shownNames = 3

export function startApplicationController(context: PlatformContext, shared: Shared): Controller {
  const { client, informers, events, clock, onError } = context
  const informer = informers.of<Application>(applications)
  const members = membersOf(context)
  const name = 'application-controller'

  const controller = startController({
    name,
    clock,
    onError: (error, key) => onError(error, `${name} ${key}`),
    reconcile: async (key) => {
      await shared.inStep()
      const application = informer.get(key)
      if (application === undefined || application.metadata.deletionTimestamp !== undefined) return undefined
      const kept = members.releasesOf(key)
      await report(application, members.of(key), kept[0])
      await prune(kept, application.spec.revisionHistoryLimit ?? usualLimit)
      return undefined
    },
  })

  async function report(
    application: Application,
    resources: readonly Member[],
    newest: Release | undefined,
  ): Promise<void> {
    const waiting = resources.filter((resource) => !isReady(resource))
    const conditions = conditionsOf(application, [readyOf(resources, waiting)], clock)
    const status = {
      observedGeneration: application.metadata.generation ?? 0,
      conditions,
      resources: resources.length,
      readyResources: resources.length - waiting.length,
      ...(newest === undefined ? {} : { revision: newest.spec.revision }),
    }
    if (await writeStatus(client, applications, { resource: application, status }))
      tellOfReady(events, application, conditions)
  }

  /** The newest that was complete stays also: it is what a rollback wants. */
  async function prune(newestFirst: readonly Release[], limit: number): Promise<void> {
    const lastComplete = newestFirst.find((release) => conditionOf(release, 'Deployed')?.reason === 'Complete')
    for (const release of newestFirst.slice(limit)) {
      if (release === lastComplete || release.metadata.deletionTimestamp !== undefined) continue
      const { namespace = '', name: releaseName = '' } = release.metadata
      await client.delete(releases, { namespace, name: releaseName }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error
      })
    }
  }

  const enqueue = (application: Application): void => controller.enqueue(objectKey(application))
  informer.on({ added: enqueue, updated: enqueue })
  members.onChange((key) => controller.enqueue(key))
  return controller
}

function readyOf(resources: readonly Member[], waiting: readonly Member[]): Finding {
  if (resources.length === 0)
    return {
      type: 'Ready',
      status: 'True',
      reason: 'Empty',
      message: 'nothing belongs to it yet: label resources app.kubernetes.io/part-of',
    }
  if (waiting.length === 0)
    return {
      type: 'Ready',
      status: 'True',
      reason: 'Available',
      message: `all ${resources.length} resources are ready`,
    }
  const [first] = waiting
  const reason = (first && conditionOf(first, 'Ready')?.reason) ?? 'Progressing'
  const names = waiting.slice(0, shownNames).map(({ kind, metadata }) => `${kind} ${metadata.name}`)
  const further = waiting.length > shownNames ? ` and ${waiting.length - shownNames} more` : ''
  return {
    type: 'Ready',
    status: 'False',
    reason: waiting.every((one) => conditionOf(one, 'Ready')?.reason === reason) ? reason : 'NotAllReady',
    message: `not ready: ${names.join(', ')}${further}; their own conditions say why`,
  }
}
