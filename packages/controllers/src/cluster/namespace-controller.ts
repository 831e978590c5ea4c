// Empties a namespace that is being deleted, pods first, and lets it go. Upstream: pkg/controller/namespace.
// Where upstream waits for half the estimated grace before it looks again, this one looks when a pod of the namespace is
// gone, and after 25 ms to 1 s while something else holds.

import { StatusError, formatTime, isConflict, isNotFound } from '@binnacle/api'
import type { KubeObject, Namespace, Pod } from '@binnacle/api'
import { namespaces, pods } from '@binnacle/client'
import type { Client, Controller, ResourceRef } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'
import { runController } from './run-controller.ts'
import { preferredOnly } from './garbage-collector/resource-table.ts'
import { emptySummary, updateConditions } from './namespace-conditions.ts'
import type { ContentSummary } from './namespace-conditions.ts'

const finalizer = 'kubernetes'
const firstRecheckMs = 25
const lastRecheckMs = 1000

export function startNamespaceController(context: ControllerContext): Controller {
  const { informers } = context
  /** What holds is mostly a finalizer that another controller is about to take off: soon at first, then less often. */
  const rechecks = new Map<string, number>()
  const controller = runController(context, {
    name: 'namespace-controller',
    workers: 10,
    reconcile: async (name) => {
      if (await emptyNamespace(name, context)) {
        rechecks.delete(name)
        return undefined
      }
      const requeueAfterMs = rechecks.get(name) ?? firstRecheckMs
      rechecks.set(name, Math.min(lastRecheckMs, requeueAfterMs * 2))
      return { requeueAfterMs }
    },
  })
  const enqueue = (namespace: Namespace): void => {
    if (namespace.metadata.deletionTimestamp !== undefined) controller.enqueue(namespace.metadata.name ?? '')
  }
  const namespaceInformer = informers.of<Namespace>(namespaces)
  namespaceInformer.on({ added: enqueue, updated: enqueue })
  informers.of<Pod>(pods).on({
    deleted: ({ metadata: { namespace = '' } }) => {
      if (namespaceInformer.get(namespace)?.metadata.deletionTimestamp !== undefined) controller.enqueue(namespace)
    },
  })
  return controller
}

/** True when nothing is left to do. */
async function emptyNamespace(name: string, { client, clock }: ControllerContext): Promise<boolean> {
  let namespace: Namespace
  try {
    namespace = await client.get<Namespace>(namespaces, { name })
    if (namespace.metadata.deletionTimestamp === undefined) return true
    if (namespace.status?.phase !== 'Terminating') {
      namespace = await client.updateStatus<Namespace>(namespaces, {
        ...namespace,
        status: { ...namespace.status, phase: 'Terminating' },
      })
    }
  } catch (error) {
    if (isNotFound(error)) return true
    throw error
  }
  if (!namespace.spec?.finalizers?.includes(finalizer)) return true

  const summary = await deleteContent(client, name)
  const conditions = updateConditions(namespace.status?.conditions ?? [], { summary, now: formatTime(clock.now()) })
  if (conditions !== (namespace.status?.conditions ?? [])) {
    namespace = await client.updateStatus<Namespace>(namespaces, {
      ...namespace,
      status: { ...namespace.status, conditions: [...conditions] },
    })
  }
  const [failure] = summary.deleteErrors
  if (failure !== undefined) throw new Error(`namespace ${name}: ${failure}`)
  if (summary.discoveryError !== undefined) throw new Error(`namespace ${name}: ${summary.discoveryError}`)
  if (summary.remaining.size > 0) return false
  await finalize(client, namespace)
  return true
}

async function finalize(client: Client, namespace: Namespace): Promise<void> {
  const rest = namespace.spec?.finalizers?.filter((one) => one !== finalizer) ?? []
  try {
    await client.subresource(namespaces, 'finalize', {
      verb: 'update',
      name: namespace.metadata.name ?? '',
      body: { ...namespace, spec: { ...namespace.spec, finalizers: rest } },
    })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

async function deleteContent(client: Client, namespace: string): Promise<ContentSummary> {
  const summary = emptySummary()
  await deleteResource(client, { ref: pods, namespace, summary })
  // Everything that pods use stays until the last pod is gone (OrderedNamespaceDeletion).
  if (summary.remaining.size > 0 || summary.deleteErrors.length > 0) return summary
  const resources = await client.discover().catch((error: unknown) => {
    summary.discoveryError = error instanceof Error ? error.message : String(error)
    return []
  })
  for (const { ref, verbs } of preferredOnly(resources)) {
    if (!ref.namespaced || !verbs.includes('delete') || !verbs.includes('list')) continue
    if (ref.group === '' && ref.resource === 'pods') continue
    await deleteResource(client, { ref, namespace, summary, oneByOne: !verbs.includes('deletecollection') })
  }
  return summary
}

interface ResourceDeletion {
  ref: ResourceRef
  namespace: string
  summary: ContentSummary
  oneByOne?: boolean
}

async function deleteResource(client: Client, { ref, namespace, summary, oneByOne }: ResourceDeletion): Promise<void> {
  const list = async (): Promise<readonly KubeObject[]> => (await client.list<KubeObject>(ref, { namespace })).items
  try {
    const found = await list()
    if (found.length === 0) return
    if (oneByOne) await deleteEach(client, ref, found)
    else await client.deleteCollection(ref, { namespace, propagationPolicy: 'Background' })
    const left = await list()
    if (left.length === 0) return
    summary.remaining.set(`${ref.resource}.${ref.group}`, left.length)
    for (const name of left.flatMap(({ metadata }) => metadata.finalizers ?? [])) {
      summary.finalizers.set(name, (summary.finalizers.get(name) ?? 0) + 1)
    }
  } catch (error) {
    // A resource that went away between discovery and now has nothing left either.
    if (isNotFound(error)) return
    if (!(error instanceof StatusError) || isConflict(error)) throw error
    summary.deleteErrors.push(error.message)
  }
}

async function deleteEach(client: Client, ref: ResourceRef, objects: readonly KubeObject[]): Promise<void> {
  for (const { metadata } of objects) {
    try {
      await client.delete(
        ref,
        { name: metadata.name ?? '', ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) },
        { propagationPolicy: 'Background' },
      )
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}
