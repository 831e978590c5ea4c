// Deletes pods that do not bear a NoExecute taint of their node, when their time is up. Upstream: pkg/controller/tainteviction.

import { formatTime, isNotFound } from '@binnacle/api'
import type { Node, Pod, PodCondition, Taint, Toleration } from '@binnacle/api'
import { nodes, pods } from '@binnacle/client'
import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../../context.ts'
import { runController } from '../run-controller.ts'
import { tolerates } from '../../scheduler/taints.ts'
import { podIsTerminal } from '../endpoints/service-pods.ts'

export function startTaintEvictionController(context: ControllerContext): Controller {
  const { client, informers, events, clock } = context
  const nodeInformer = informers.of<Node>(nodes)
  const podInformer = informers.of<Pod>(pods, { node: ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []) })
  /** When the pod first met taints that end its time, by uid. */
  const since = new Map<string, number>()

  const controller = runController(context, {
    name: 'taint-eviction-controller',
    workers: 8,
    reconcile: async (key) => {
      const pod = podInformer.get(key)
      if (!pod || pod.metadata.deletionTimestamp !== undefined || podIsTerminal(pod)) return undefined
      const uid = pod.metadata.uid ?? ''
      const taints = noExecuteTaints(nodeInformer.get(pod.spec?.nodeName ?? ''))
      const allowance = toleratedMs(taints, pod.spec?.tolerations ?? [])
      if (allowance === Infinity) {
        if (since.delete(uid)) {
          events.record(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`)
        }
        return undefined
      }
      const start = since.get(uid) ?? clock.now()
      since.set(uid, start)
      const left = start + allowance - clock.now()
      if (left > 0) return { requeueAfterMs: left }
      since.delete(uid)
      events.record(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`)
      await evict(pod)
      return undefined
    },
  })

  async function evict({ metadata: { name = '', namespace = '', uid } }: Pod): Promise<void> {
    const condition: PodCondition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      lastTransitionTime: formatTime(clock.now()),
    }
    try {
      await client.patch<Pod>(
        pods,
        { namespace, name },
        {
          type: 'application/strategic-merge-patch+json',
          subresource: 'status',
          body: { metadata: { uid }, status: { conditions: [condition] } },
        },
      )
      await client.delete(pods, { namespace, name }, uid === undefined ? {} : { preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  const enqueuePod = ({ metadata }: Pod): void => controller.enqueue(`${metadata.namespace}/${metadata.name}`)
  const enqueuePodsOf = (node: Node): void => {
    for (const pod of podInformer.byIndex('node', node.metadata.name ?? '')) enqueuePod(pod)
  }
  nodeInformer.on({
    added: (node) => {
      if (noExecuteTaints(node).length > 0) enqueuePodsOf(node)
    },
    updated: (node, old) => {
      if (JSON.stringify(noExecuteTaints(node)) !== JSON.stringify(noExecuteTaints(old))) enqueuePodsOf(node)
    },
  })
  podInformer.on({
    added: (pod) => {
      if (isOnTaintedNode(pod)) enqueuePod(pod)
    },
    updated: (pod, old) => {
      const changed =
        pod.spec?.nodeName !== old.spec?.nodeName || pod.spec?.tolerations?.length !== old.spec?.tolerations?.length
      if (changed && (isOnTaintedNode(pod) || since.has(pod.metadata.uid ?? ''))) enqueuePod(pod)
    },
    deleted: ({ metadata }) => {
      since.delete(metadata.uid ?? '')
    },
  })
  const isOnTaintedNode = (pod: Pod): boolean => noExecuteTaints(nodeInformer.get(pod.spec?.nodeName ?? '')).length > 0
  return controller
}

function noExecuteTaints(node: Node | undefined): Taint[] {
  return node?.spec?.taints?.filter(({ effect }) => effect === 'NoExecute') ?? []
}

/** How long the pod may stay: the shortest toleration that counts, 0 where a taint is not tolerated, Infinity for good. */
export function toleratedMs(taints: readonly Taint[], tolerations: readonly Toleration[]): number {
  let shortest = Infinity
  for (const taint of taints) {
    const matching = tolerations.filter((toleration) => tolerates(toleration, taint))
    if (matching.length === 0) return 0
    for (const { tolerationSeconds } of matching) {
      if (tolerationSeconds !== undefined) shortest = Math.min(shortest, Math.max(0, tolerationSeconds) * 1000)
    }
  }
  return shortest
}
