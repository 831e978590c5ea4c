// Deletes objects whose owners are gone, in the background or the foreground, and sets dependents free where the owner's
// deletion says so. Watches the metadata of every resource that can be deleted; those of custom kinds from the moment
// their CustomResourceDefinition is established. Upstream: pkg/controller/garbagecollector.

import { isNotFound } from '@binnacle/api'
import type { KubeObject, OwnerReference } from '@binnacle/api'
import { customResourceDefinitions, Informer } from '@binnacle/client'
import type { Controller, DiscoveredResource, ResourceRef } from '@binnacle/client'
import type { ControllerContext } from '../../context.ts'
import { runController } from '../run-controller.ts'
import { foregroundFinalizer, hasFinalizer, orphanFinalizer, OwnerGraph } from './owner-graph.ts'
import type { GraphNode, Identity } from './owner-graph.ts'
import { ResourceTable } from './resource-table.ts'

const deletePrefix = 'delete/'
const orphanPrefix = 'orphan/'

export function startGarbageCollector(context: ControllerContext): Controller {
  const collector = new GarbageCollector(context)
  return collector.start()
}

class GarbageCollector {
  readonly #context: ControllerContext
  readonly #graph: OwnerGraph
  readonly #resources: ResourceTable
  readonly #controller: Controller
  /** Custom resources watched, with what ends the watch. */
  readonly #monitors = new Map<string, { ref: ResourceRef; kind: string; stop: AbortController | undefined }>()
  #inStep: Promise<unknown> = Promise.resolve()
  #discovering: Promise<unknown> = Promise.resolve()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#resources = new ResourceTable(context.client)
    this.#graph = new OwnerGraph({
      attemptToDelete: ({ identity }) => this.#controller.enqueue(deletePrefix + identity.uid),
      attemptToOrphan: ({ identity }) => this.#controller.enqueue(orphanPrefix + identity.uid),
      invalidOwner: (dependent, owner) => this.#reportInvalidOwner(dependent, owner),
    })
    this.#controller = runController(context, {
      name: 'garbage-collector-controller',
      workers: 20,
      reconcile: async (key) => {
        // Before all kinds are in step, a dependent that blocks could be missing from the graph.
        await this.#inStep
        if (key.startsWith(orphanPrefix)) await this.#orphan(key.slice(orphanPrefix.length))
        else await this.#attemptToDelete(key.slice(deletePrefix.length))
      },
    })
  }

  start(): Controller {
    const definitions = this.#context.informers.of<KubeObject>(customResourceDefinitions)
    const rediscover = (): void => void this.#watchAll()
    definitions.on({ added: rediscover, updated: rediscover, deleted: rediscover })
    this.#inStep = this.#watchAll()
    return this.#controller
  }

  /** One after the other: two at once could watch a resource twice. */
  #watchAll(): Promise<unknown> {
    const next = this.#discovering.then(() => this.#discoverAndWatch())
    this.#discovering = next.catch((error: unknown) => {
      // Without the list of kinds nothing new is watched; the next definition, or this timer, tries again.
      if (this.#context.signal.aborted) return
      this.#context.onError?.(error, 'discovery')
      this.#context.clock.after(1000, () => void this.#watchAll())
    })
    return this.#discovering
  }

  async #discoverAndWatch(): Promise<void> {
    const resources = await this.#resources.refresh()
    const wanted = new Map(resources.filter(isWatchable).map((resource) => [resourceKey(resource.ref), resource]))
    for (const [key, monitor] of this.#monitors) {
      if (wanted.has(key)) continue
      monitor.stop?.abort()
      this.#monitors.delete(key)
      this.#forgetKind(monitor.ref, monitor.kind)
    }
    const synced: Promise<void>[] = []
    for (const [key, { ref, kind }] of wanted) if (!this.#monitors.has(key)) synced.push(this.#watch(key, ref, kind))
    await Promise.all(synced)
  }

  async #watch(key: string, ref: ResourceRef, kind: string): Promise<void> {
    const { client, clock, informers, onError, signal } = this.#context
    const isCustom =
      informers.of<KubeObject>(customResourceDefinitions).get(`${ref.resource}.${ref.group}`) !== undefined
    const stop = isCustom ? new AbortController() : undefined
    // Its own, since all that it keeps is metadata: whole objects of every kind would be most of the engine's memory.
    const informer = new Informer<KubeObject>({
      client,
      ref,
      transform: ownership,
      clock,
      ...(onError === undefined
        ? {}
        : { onError: (error: unknown) => onError(error, `${ref.resource} of the garbage collector`) }),
    })
    this.#monitors.set(key, { ref, kind, stop })
    const apiVersion = ref.group === '' ? ref.version : `${ref.group}/${ref.version}`
    const identityOf = ({ metadata }: KubeObject): Identity => ({
      apiVersion,
      kind,
      namespace: metadata.namespace ?? '',
      name: metadata.name ?? '',
      uid: metadata.uid ?? '',
    })
    informer.on({
      added: (object) => this.#graph.observe(identityOf(object), object),
      updated: (object, old) => this.#graph.observe(identityOf(object), object, old),
      deleted: (object) => this.#graph.remove(identityOf(object), { virtual: false }),
    })
    informer.start(stop ? AbortSignal.any([signal, stop.signal]) : signal)
    await informer.synced
  }

  #forgetKind(ref: ResourceRef, kind: string): void {
    const group = ref.group
    for (const node of this.#graph.nodes()) {
      if (node.identity.kind === kind && groupOf(node.identity.apiVersion) === group && !node.virtual) {
        this.#graph.remove(node.identity, { virtual: false })
      }
    }
  }

  async #attemptToDelete(uid: string): Promise<void> {
    const node = this.#graph.get(uid)
    if (!node) return
    // On its way out already; its dependents are looked at when it is gone.
    if (node.beingDeleted && !node.deletingDependents) return
    const latest = await this.#lookUp(node)
    if (!latest) return
    if (node.deletingDependents) {
      await this.#waitForDependents(node, latest)
      return
    }
    const owners = latest.metadata.ownerReferences ?? []
    if (owners.length === 0) return
    const { solid, dangling, waiting } = await this.#classify(node, owners)
    if (solid.length > 0) {
      const gone = [...dangling, ...waiting].map(({ uid: ownerUid }) => ownerUid)
      if (gone.length > 0) await this.#removeOwners(node, latest, gone)
      return
    }
    if (waiting.length > 0 && node.dependents.size > 0) {
      await this.#deleteInForeground(node, latest)
      return
    }
    await this.#delete(node, latest, policyOf(latest))
  }

  /** The newest state; where there is none, or another object of that name, the node leaves the graph. */
  async #lookUp(node: GraphNode): Promise<KubeObject | undefined> {
    const { identity } = node
    const resource = await this.#resources.find(identity.apiVersion, identity.kind)
    // A kind that nothing serves: whether the object exists cannot be known, and upstream keeps its dependents.
    if (!resource) return undefined
    const key = { name: identity.name, ...(resource.ref.namespaced ? { namespace: identity.namespace } : {}) }
    try {
      // A cluster-scoped object can have no namespaced owner: an owner without namespace cannot be found.
      if (!resource.ref.namespaced || identity.namespace !== '') {
        const latest = await this.#context.client.get<KubeObject>(resource.ref, key)
        if (latest.metadata.uid === identity.uid) return latest
      } else {
        return undefined
      }
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    this.#graph.remove(identity, { virtual: true })
    return undefined
  }

  async #classify(node: GraphNode, owners: readonly OwnerReference[]): Promise<Classified> {
    const result: Classified = { solid: [], dangling: [], waiting: [] }
    for (const owner of owners) {
      const state = await this.#ownerState(node, owner)
      result[state].push(owner)
    }
    return result
  }

  async #ownerState(node: GraphNode, owner: OwnerReference): Promise<keyof Classified> {
    const { namespace } = node.identity
    if (this.#graph.isAbsent(owner, namespace)) return 'dangling'
    const resource = await this.#resources.find(owner.apiVersion, owner.kind)
    // Upstream errors and tries again for a kind that nothing serves; the object stays either way.
    if (!resource) return 'solid'
    if (resource.ref.namespaced && namespace === '') return 'solid'
    try {
      const latest = await this.#context.client.get<KubeObject>(resource.ref, {
        name: owner.name,
        ...(resource.ref.namespaced ? { namespace } : {}),
      })
      if (latest.metadata.uid === owner.uid) {
        const isWaiting = latest.metadata.deletionTimestamp !== undefined && hasFinalizer(latest, foregroundFinalizer)
        return isWaiting ? 'waiting' : 'solid'
      }
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    this.#graph.markAbsent(owner, resource.ref.namespaced ? namespace : '')
    return 'dangling'
  }

  async #waitForDependents(node: GraphNode, latest: KubeObject): Promise<void> {
    const blocking = this.#graph.blockingDependents(node)
    if (blocking.length === 0) {
      await this.#removeFinalizer(node, latest, foregroundFinalizer)
      return
    }
    for (const dependent of blocking) {
      if (!dependent.deletingDependents) this.#controller.enqueue(deletePrefix + dependent.identity.uid)
    }
  }

  async #deleteInForeground(node: GraphNode, latest: KubeObject): Promise<void> {
    // A dependent that waits for its own dependents may wait for this very object: stop blocking, so that a circle ends.
    let current = latest
    if ([...node.dependents].some((dependent) => dependent.deletingDependents)) {
      const ownerReferences = (latest.metadata.ownerReferences ?? []).map((owner) => ({
        ...owner,
        blockOwnerDeletion: false,
      }))
      current = await this.#patchMetadata(node, latest, { ownerReferences })
    }
    await this.#delete(node, current, 'Foreground')
  }

  async #delete(node: GraphNode, latest: KubeObject, propagationPolicy: PropagationPolicy): Promise<void> {
    const resource = await this.#resources.find(node.identity.apiVersion, node.identity.kind)
    if (!resource) return
    const { uid = '', resourceVersion = '' } = latest.metadata
    try {
      await this.#context.client.delete(resource.ref, keyOf(latest), {
        propagationPolicy,
        // Owners may be added at any time: only the version that was judged is deleted; a conflict is tried again later.
        preconditions: { uid, resourceVersion },
      })
    } catch (error) {
      if (isNotFound(error)) this.#graph.remove(node.identity, { virtual: true })
      else throw error
    }
  }

  async #orphan(uid: string): Promise<void> {
    const node = this.#graph.get(uid)
    if (!node) return
    await Promise.all([...node.dependents].map((dependent) => this.#orphanDependent(dependent, uid)))
    const latest = await this.#lookUp(node)
    if (latest) await this.#removeFinalizer(node, latest, orphanFinalizer)
  }

  async #orphanDependent(dependent: GraphNode, ownerUid: string): Promise<void> {
    const latest = await this.#lookUp(dependent)
    if (latest) await this.#removeOwners(dependent, latest, [ownerUid])
  }

  async #removeOwners(node: GraphNode, latest: KubeObject, uids: readonly string[]): Promise<void> {
    const owners = latest.metadata.ownerReferences ?? []
    const left = owners.filter(({ uid }) => !uids.includes(uid))
    if (left.length < owners.length) await this.#patchMetadata(node, latest, { ownerReferences: left })
  }

  async #removeFinalizer(node: GraphNode, latest: KubeObject, finalizer: string): Promise<void> {
    if (!hasFinalizer(latest, finalizer)) return
    const finalizers = latest.metadata.finalizers?.filter((one) => one !== finalizer) ?? []
    try {
      await this.#patchMetadata(node, latest, { finalizers })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  /** With the resource version, so that a change in between is seen as a conflict and the whole step is done again. */
  async #patchMetadata(
    node: GraphNode,
    latest: KubeObject,
    change: { ownerReferences?: OwnerReference[]; finalizers?: string[] },
  ): Promise<KubeObject> {
    const resource = await this.#resources.find(node.identity.apiVersion, node.identity.kind)
    if (!resource) return latest
    return this.#context.client.patch<KubeObject>(resource.ref, keyOf(latest), {
      type: 'application/merge-patch+json',
      body: { metadata: { resourceVersion: latest.metadata.resourceVersion, uid: latest.metadata.uid, ...change } },
    })
  }

  #reportInvalidOwner(dependent: GraphNode, owner: OwnerReference): void {
    const { apiVersion, kind, name, namespace, uid } = dependent.identity
    const reference = `[${owner.apiVersion}/${owner.kind}, namespace: ${namespace}, name: ${owner.name}, uid: ${owner.uid}]`
    this.#context.events.record(
      { apiVersion, kind, metadata: { name, namespace, uid } },
      'Warning',
      'OwnerRefInvalidNamespace',
      `ownerRef ${reference} does not exist in namespace "${namespace}"`,
    )
  }
}

/** What the graph goes by. Upstream: metadata informers, managed fields trimmed. */
function ownership({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, finalizers, ownerReferences } = metadata
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, uid, resourceVersion, deletionTimestamp, finalizers, ownerReferences },
  }
}

type PropagationPolicy = 'Orphan' | 'Background' | 'Foreground'

interface Classified {
  solid: OwnerReference[]
  dangling: OwnerReference[]
  /** Their owner waits in the foreground for this object to go. */
  waiting: OwnerReference[]
}

/** A finalizer that is there already says what the object's own deletion should do. */
function policyOf(object: KubeObject): PropagationPolicy {
  if (hasFinalizer(object, orphanFinalizer)) return 'Orphan'
  return hasFinalizer(object, foregroundFinalizer) ? 'Foreground' : 'Background'
}

function keyOf({ metadata }: KubeObject): { name: string; namespace?: string } {
  const name = metadata.name ?? ''
  return metadata.namespace === undefined ? { name } : { name, namespace: metadata.namespace }
}

function isWatchable({ ref, verbs }: DiscoveredResource): boolean {
  return ref.resource !== 'events' && ['delete', 'list', 'watch'].every((verb) => verbs.includes(verb))
}

function resourceKey({ group, resource, version }: ResourceRef): string {
  return `${resource}.${version}.${group}`
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}
