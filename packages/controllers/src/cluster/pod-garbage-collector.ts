// Deletes pods that nobody else will: of nodes that are gone, terminating ones that never got a node, and the oldest
// finished ones when there are too many. Upstream: pkg/controller/podgc.

import { formatTime, isNotFound } from '@binnacle/api'
import type { Node, Pod, PodCondition } from '@binnacle/api'
import { nodes, pods } from '@binnacle/client'
import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'
import { runController } from './run-controller.ts'
import { podIsTerminal } from './endpoints/service-pods.ts'

const periodMs = 20_000
/** A node may be made anew under the same name. */
const quarantineMs = 40_000
const terminatedPodThreshold = 12_500
const sweep = 'sweep'

export interface PodGarbageCollectorOptions {
  terminatedPodThreshold?: number
}

export function startPodGarbageCollector(
  context: ControllerContext,
  options: PodGarbageCollectorOptions = {},
): Controller {
  const { client, informers, clock } = context
  const podInformer = informers.of<Pod>(pods)
  const nodeInformer = informers.of<Node>(nodes)
  const threshold = options.terminatedPodThreshold ?? terminatedPodThreshold
  /** Unknown node names, with when they were first missed. */
  const missing = new Map<string, number>()

  const controller = runController(context, {
    name: 'pod-garbage-collector-controller',
    workers: 1,
    reconcile: async () => {
      const all = podInformer.list()
      for (const pod of excessTerminated(all, threshold)) await remove(pod)
      for (const pod of await orphans(all)) await markAndRemove(pod)
      for (const pod of all) {
        if (pod.metadata.deletionTimestamp !== undefined && !pod.spec?.nodeName) await remove(pod)
      }
      return { requeueAfterMs: periodMs }
    },
  })

  async function orphans(all: readonly Pod[]): Promise<Pod[]> {
    const unknown = all.filter((pod) => pod.spec?.nodeName && !nodeInformer.get(pod.spec.nodeName))
    const names = new Set(unknown.map((pod) => pod.spec?.nodeName ?? ''))
    for (const name of missing.keys()) if (!names.has(name)) missing.delete(name)
    const gone = new Set<string>()
    for (const name of names) {
      const since = missing.get(name) ?? clock.now()
      missing.set(name, since)
      if (clock.now() - since >= quarantineMs && !(await nodeExists(name))) gone.add(name)
    }
    return unknown.filter((pod) => gone.has(pod.spec?.nodeName ?? ''))
  }

  async function nodeExists(name: string): Promise<boolean> {
    try {
      await client.get<Node>(nodes, { name })
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  /** A pod that had not ended says in its status why it did. */
  async function markAndRemove(pod: Pod): Promise<void> {
    if (!podIsTerminal(pod)) {
      const condition: PodCondition = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByPodGC',
        message: 'PodGC: node no longer exists',
        lastTransitionTime: formatTime(clock.now()),
      }
      const { name = '', namespace = '', uid } = pod.metadata
      await client
        .patch<Pod>(
          pods,
          { namespace, name },
          {
            type: 'application/strategic-merge-patch+json',
            subresource: 'status',
            body: { metadata: { uid }, status: { phase: 'Failed', conditions: [condition] } },
          },
        )
        .catch(ignoreNotFound)
    }
    await remove(pod)
  }

  async function remove({ metadata: { name = '', namespace = '', uid = '' } }: Pod): Promise<void> {
    await client
      .delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } })
      .catch(ignoreNotFound)
  }

  void Promise.all([podInformer.synced, nodeInformer.synced]).then(
    () => controller.enqueue(sweep),
    // Stopped before the first list.
    () => undefined,
  )
  return controller
}

function excessTerminated(all: readonly Pod[], threshold: number): Pod[] {
  const terminated = all.filter(podIsTerminal)
  const excess = terminated.length - threshold
  if (threshold <= 0 || excess <= 0) return []
  const age = ({ metadata }: Pod): string => metadata.creationTimestamp ?? ''
  return terminated.sort((a, b) => (age(a) < age(b) ? -1 : 1)).slice(0, excess)
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}
