// Who owns whom, from the metadata of all objects. Owners that are only heard of through their dependents are virtual
// nodes until an informer shows them or a look at the API shows that they are absent. Pure: says what to look at next.
// Upstream: pkg/controller/garbagecollector/graph.go and graph_builder.go.

import type { KubeObject, OwnerReference } from '@binnacle/api'

export interface Identity {
  apiVersion: string
  kind: string
  /** '' for cluster-scoped objects. */
  namespace: string
  name: string
  uid: string
}

export interface GraphNode {
  identity: Identity
  owners: readonly OwnerReference[]
  readonly dependents: Set<GraphNode>
  beingDeleted: boolean
  /** Deleted in the foreground: waits until its blocking dependents are gone. */
  deletingDependents: boolean
  /** Not seen by any informer. */
  virtual: boolean
}

/** What the graph asks its user to do, by node. */
export interface GraphActions {
  /** Look whether the object has an owner left; if not, delete it. */
  attemptToDelete(node: GraphNode): void
  /** Take the references to this owner out of its dependents, then let it go. */
  attemptToOrphan(node: GraphNode): void
  /** A reference to an owner in another namespace. */
  invalidOwner(dependent: GraphNode, owner: OwnerReference): void
}

export const foregroundFinalizer = 'foregroundDeletion'
export const orphanFinalizer = 'orphan'

export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>()
  readonly #absent = new AbsentOwners()
  readonly #actions: GraphActions

  constructor(actions: GraphActions) {
    this.#actions = actions
  }

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid)
  }

  get size(): number {
    return this.#nodes.size
  }

  /** A copy, which may be walked while nodes go. */
  nodes(): GraphNode[] {
    return [...this.#nodes.values()]
  }

  /** An informer showed the object; `old` is the version before. */
  observe(identity: Identity, object: KubeObject, old?: KubeObject): void {
    let node = this.#nodes.get(identity.uid)
    const owners = object.metadata.ownerReferences ?? none
    const beingDeleted = object.metadata.deletionTimestamp !== undefined
    if (!node) {
      node = {
        identity,
        owners,
        dependents: new Set(),
        beingDeleted,
        deletingDependents: beingDeleted && hasFinalizer(object, foregroundFinalizer),
        virtual: false,
      }
      this.#nodes.set(identity.uid, node)
      if (owners.length > 0) this.#link(node, owners)
    } else {
      if (node.virtual) this.#reveal(node, identity)
      if (owners !== node.owners && (owners.length > 0 || node.owners.length > 0)) this.#relink(node, owners)
      if (beingDeleted) node.beingDeleted = true
    }
    if (beingDeleted) this.#startTransition(node, object, old)
  }

  /** The object is gone: an informer said so, or a look at the API (`virtual`). */
  remove(identity: Identity, options: { virtual: boolean }): void {
    const node = this.#nodes.get(identity.uid)
    if (!node) return
    if (options.virtual && !sameIdentity(node.identity, identity)) {
      // Only those who meant the object that is absent are affected.
      this.#absent.add(identity)
      for (const dependent of node.dependents) {
        if (dependent.owners.some((owner) => refersTo(owner, dependent, identity))) {
          this.#actions.attemptToDelete(dependent)
        }
      }
      return
    }
    const strangers = options.virtual && node.virtual ? this.#dependentsThatMeanAnother(node) : []
    this.#nodes.delete(identity.uid)
    if (node.dependents.size > 0) this.#absent.add(identity)
    for (const owner of node.owners) {
      const ownerNode = this.#nodes.get(owner.uid)
      ownerNode?.dependents.delete(node)
      if (ownerNode?.deletingDependents) this.#actions.attemptToDelete(ownerNode)
    }
    for (const dependent of node.dependents)
      if (!strangers.includes(dependent)) this.#actions.attemptToDelete(dependent)
    // The others know the owner by another name: it may exist under that one.
    for (const dependent of strangers)
      this.#link(
        dependent,
        dependent.owners.filter(({ uid }) => uid === identity.uid),
      )
  }

  /** Whether this owner was found to be absent lately. */
  isAbsent(owner: OwnerReference, namespace: string): boolean {
    return this.#absent.has({ ...owner, namespace }) || this.#absent.has({ ...owner, namespace: '' })
  }

  markAbsent(owner: OwnerReference, namespace: string): void {
    this.#absent.add({ ...owner, namespace })
  }

  /** Dependents that keep a foreground-deleted owner alive. */
  blockingDependents(node: GraphNode): GraphNode[] {
    return [...node.dependents].filter((dependent) =>
      dependent.owners.some((owner) => owner.uid === node.identity.uid && owner.blockOwnerDeletion === true),
    )
  }

  #link(node: GraphNode, owners: readonly OwnerReference[]): void {
    let suspect = false
    for (const owner of owners) {
      const known = this.#nodes.get(owner.uid)
      if (!known) {
        const { apiVersion, kind, name, uid } = owner
        const virtual: GraphNode = {
          identity: { apiVersion, kind, namespace: node.identity.namespace, name, uid },
          owners: none,
          dependents: new Set([node]),
          beingDeleted: false,
          deletingDependents: false,
          virtual: true,
        }
        this.#nodes.set(uid, virtual)
        this.#actions.attemptToDelete(virtual)
        continue
      }
      known.dependents.add(node)
      const ownerNamespace = known.identity.namespace
      if (ownerNamespace !== '' && ownerNamespace !== node.identity.namespace) {
        if (!known.virtual) this.#actions.invalidOwner(node, owner)
        suspect = true
      } else if (!matchesCoordinates(owner, known.identity)) {
        suspect = true
      } else if (ownerNamespace === '' && node.identity.namespace !== '' && known.virtual) {
        suspect = true
      }
    }
    if (suspect) this.#actions.attemptToDelete(node)
  }

  #relink(node: GraphNode, owners: readonly OwnerReference[]): void {
    const before = new Map(node.owners.map((owner) => [owner.uid, owner]))
    const added: OwnerReference[] = []
    const unblocked: string[] = []
    for (const owner of owners) {
      const old = before.get(owner.uid)
      before.delete(owner.uid)
      if (!old) added.push(owner)
      else if (old.blockOwnerDeletion && !owner.blockOwnerDeletion) unblocked.push(owner.uid)
    }
    for (const removed of before.values()) {
      this.#nodes.get(removed.uid)?.dependents.delete(node)
      if (removed.blockOwnerDeletion) unblocked.push(removed.uid)
    }
    node.owners = owners
    if (added.length > 0) this.#link(node, added)
    for (const uid of unblocked) {
      const owner = this.#nodes.get(uid)
      if (owner) this.#actions.attemptToDelete(owner)
    }
  }

  /** A virtual node turns out to be a real object, perhaps not the one that its dependents meant. */
  #reveal(node: GraphNode, identity: Identity): void {
    node.virtual = false
    if (sameIdentity(node.identity, identity)) return
    node.identity = identity
    for (const dependent of node.dependents) {
      const wrong = dependent.owners.find(
        (owner) => owner.uid === identity.uid && !refersTo(owner, dependent, identity),
      )
      if (!wrong) continue
      if (identity.namespace !== '' && dependent.identity.namespace !== identity.namespace) {
        this.#actions.invalidOwner(dependent, wrong)
      }
      this.#actions.attemptToDelete(dependent)
    }
  }

  #startTransition(node: GraphNode, object: KubeObject, old: KubeObject | undefined): void {
    const startsWith = (finalizer: string): boolean =>
      hasFinalizer(object, finalizer) &&
      (old === undefined || old.metadata.deletionTimestamp === undefined || !hasFinalizer(old, finalizer))
    if (startsWith(orphanFinalizer)) {
      this.#actions.attemptToOrphan(node)
    } else if (startsWith(foregroundFinalizer)) {
      node.deletingDependents = true
      for (const dependent of node.dependents) this.#actions.attemptToDelete(dependent)
      this.#actions.attemptToDelete(node)
    }
  }

  #dependentsThatMeanAnother(node: GraphNode): GraphNode[] {
    return [...node.dependents].filter((dependent) =>
      dependent.owners.every((owner) => owner.uid !== node.identity.uid || !refersTo(owner, dependent, node.identity)),
    )
  }
}

const none: readonly OwnerReference[] = []

/** Bounded: an owner that fell out is looked up once more, which is never wrong. */
class AbsentOwners {
  readonly #keys = new Set<string>()

  has(identity: Identity): boolean {
    return this.#keys.has(identityKey(identity))
  }

  add(identity: Identity): void {
    this.#keys.add(identityKey(identity))
    if (this.#keys.size <= 1000) return
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest)
      return
    }
  }
}

function identityKey({ apiVersion, kind, namespace, name, uid }: Identity): string {
  return `${uid}/${apiVersion}/${kind}/${namespace}/${name}`
}

function sameIdentity(a: Identity, b: Identity): boolean {
  return identityKey(a) === identityKey(b)
}

function matchesCoordinates(owner: OwnerReference, identity: Identity): boolean {
  return (
    owner.uid === identity.uid &&
    owner.name === identity.name &&
    owner.kind === identity.kind &&
    owner.apiVersion === identity.apiVersion
  )
}

/** Whether the reference in `dependent` means exactly this object. */
function refersTo(owner: OwnerReference, dependent: GraphNode, identity: Identity): boolean {
  const inReach = identity.namespace === '' || identity.namespace === dependent.identity.namespace
  return inReach && matchesCoordinates(owner, identity)
}

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false
}
