// What is drawn: nodes, wires, frames and notes of a document. Made anew after each change, but a node, wire or list that
// says the same as before is the same value (===), so that only what changed is drawn again.

import { type Unstructured, deepEqual } from '@binnacle/api'
import type { Frame, Note, Place, Position } from './canvas-layout.ts'
import { CopiedMap } from './copied-map.ts'
import { objectDiff } from './diff.ts'
import { type CanvasDocument, type StagedChange } from './document.ts'
import { type ObjectKey, parseKey } from './object-key.ts'
import { type Family, familyOf, isShown, kindTitle, subtitleOf } from './presentation.ts'
import type { Problem } from './problem.ts'
import { type Counts, type NodeStatus, countsOf, stagedStatus, statusOf, urlOf } from './status.ts'
import { type Problems, validate } from './validate.ts'
import { WireIndex, podLabels } from './wires/wire-index.ts'
import { wiresFrom } from './wires/wires.ts'
import type { Wire } from './wires/wire-kind.ts'

export interface GraphNode {
  readonly key: ObjectKey
  /** With its staged edits; of a deletion as it still is. */
  readonly object: Unstructured
  readonly kind: string
  /** Kind in a person's words. */
  readonly kindTitle: string
  readonly family: Family
  readonly title: string
  readonly subtitle: string
  readonly status: NodeStatus
  readonly counts: Counts | undefined
  readonly url: string | undefined
  /** How it is staged; undefined where it is not. */
  readonly staged: StagedChange['type'] | undefined
  /** Lines of its diff. */
  readonly edits: number
  /** Conflicts that have to be decided before it is deployed. */
  readonly conflicts: number
  readonly problems: readonly Problem[]
  /** Undefined until it was put somewhere. */
  readonly position: Position | undefined
  /** Name of the frame that holds it. */
  readonly group: string | undefined
  /** Objects that belong to it and are not drawn by themselves: its workload, pods, Services, … */
  readonly children: readonly ObjectKey[]
}

export interface GraphWire {
  readonly id: string
  /** Id of its WireKind. */
  readonly kind: string
  readonly from: ObjectKey
  readonly to: ObjectKey
  /** All fields that say so; at least one. */
  readonly wires: readonly Wire[]
  readonly isDrawn: boolean
  readonly label: string | undefined
  /** Of a wire that is only staged, or only live. */
  readonly staged: 'added' | 'removed' | undefined
}

export interface GraphFrame extends Frame {
  readonly nodes: readonly ObjectKey[]
}

export interface Graph {
  readonly nodes: readonly GraphNode[]
  readonly wires: readonly GraphWire[]
  readonly frames: readonly GraphFrame[]
  readonly notes: readonly Note[]
  readonly byKey: ReadonlyMap<ObjectKey, GraphNode>
  /** The node that shows an object that is not a node itself. */
  readonly nodeOf: ReadonlyMap<ObjectKey, ObjectKey>
  /** Staged objects, and lines of their diffs. */
  readonly stagedCount: number
  readonly problems: Problems
}

/** `previous`: the graph before the change, whose parts are used again. */
export function buildGraph(document: CanvasDocument, previous?: Graph): Graph {
  const objects = shownObjects(document)
  const parts = previous === undefined ? undefined : memory.get(previous)
  const changed = parts === undefined ? undefined : changesBetween(parts.objects, objects)
  const fold = parts !== undefined && changed?.isSameStructure === true ? parts.fold : foldOwned(objects)
  const { nodeOf, children, tops } = fold
  const problems = validate(document)
  // Nodes that an object changed of, or that belong elsewhere now; all where that is not known.
  const dirty =
    changed?.isSameStructure === true ? new Set(changed.keys.map((key) => nodeOf.get(key) ?? key)) : undefined
  // Where only objects changed, only their nodes and those with problems are looked at.
  const isLocal = dirty !== undefined && document.staged === parts?.staged && document.layout.places === parts.places
  const inputs = new CopiedMap<ObjectKey, NodeInputs>(isLocal ? parts.inputs : new Map())
  const nodes = new CopiedMap<ObjectKey, GraphNode>(isLocal && previous !== undefined ? previous.byKey : new Map())
  const looked = isLocal ? new Set([...dirty, ...problems.keys(), ...(previous?.problems.keys() ?? [])]) : tops
  for (const key of looked) {
    const object = objects.get(key)
    if (object === undefined || nodeOf.has(key) || (isLocal && !nodes.map.has(key))) continue
    const before = parts?.inputs.get(key)
    const childKeys = children.get(key) ?? noChildren
    const input: NodeInputs = {
      object,
      change: document.staged.get(key),
      isLive: document.live.has(key),
      place: document.layout.places.get(key),
      problems: problems.get(key),
      children:
        before !== undefined && dirty?.has(key) === false
          ? before.children
          : childKeys.map((child) => objects.get(child) ?? object),
      childKeys,
    }
    const old = previous?.byKey.get(key)
    const isSame = before !== undefined && old !== undefined && sameInputs(before, input)
    inputs.set(key, isSame ? before : input)
    nodes.set(key, isSame ? old : reused(nodeFor(document, key, input), old))
  }
  const byKey = nodes.map
  const wiring = wiresByObject(document, { objects, nodeOf, parts, changed })
  const isSameWiring = wiring === parts?.wiring && document.staged === parts.staged && fold === parts.fold
  const graph: Graph = {
    nodes: byKey === previous?.byKey ? previous.nodes : sameList([...byKey.values()], previous?.nodes),
    wires: previous !== undefined && isSameWiring ? previous.wires : graphWires({ wiring, nodeOf, byKey, previous }),
    frames: framesOf(document, byKey, previous),
    notes: sameList([...document.layout.notes.values()], previous?.notes),
    byKey,
    nodeOf,
    stagedCount: document.staged.size,
    problems,
  }
  memory.set(graph, {
    inputs: inputs.map,
    objects,
    staged: document.staged,
    places: document.layout.places,
    fold,
    wiring,
  })
  return graph
}

/** What each node of a graph was made from. */
const memory = new WeakMap<Graph, Parts>()

interface Parts {
  inputs: ReadonlyMap<ObjectKey, NodeInputs>
  objects: ReadonlyMap<ObjectKey, Unstructured>
  staged: CanvasDocument['staged']
  places: CanvasDocument['layout']['places']
  fold: Fold
  wiring: Wiring
}

/** What belongs to what. */
interface Fold {
  nodeOf: ReadonlyMap<ObjectKey, ObjectKey>
  children: ReadonlyMap<ObjectKey, readonly ObjectKey[]>
  /** Objects that are nodes, in their order. */
  tops: readonly ObjectKey[]
}

/** Wires by the object that they start at; with how they are staged. */
type Wiring = ReadonlyMap<ObjectKey, readonly StagedWire[]>

interface StagedWire {
  wire: Wire
  staged: GraphWire['staged']
}

interface Changes {
  keys: readonly ObjectKey[]
  /** The same objects are there, with the same owners. */
  isSameStructure: boolean
  /** And what selects by labels finds the same. */
  areSameLabels: boolean
}

function changesBetween(
  before: ReadonlyMap<ObjectKey, Unstructured>,
  after: ReadonlyMap<ObjectKey, Unstructured>,
): Changes {
  const keys: ObjectKey[] = []
  let isSameStructure = before.size === after.size
  let areSameLabels = true
  for (const [key, object] of after) {
    const old = before.get(key)
    if (old === object) continue
    keys.push(key)
    isSameStructure &&= old !== undefined && old.metadata.uid === object.metadata.uid && sameOwners(old, object)
    areSameLabels &&= old !== undefined && deepEqual(podLabels(old), podLabels(object))
  }
  return { keys, isSameStructure, areSameLabels: areSameLabels && isSameStructure }
}

function sameOwners(before: Unstructured, after: Unstructured): boolean {
  return deepEqual(before.metadata.ownerReferences, after.metadata.ownerReferences)
}

interface NodeInputs {
  object: Unstructured
  change: StagedChange | undefined
  isLive: boolean
  place: Place | undefined
  problems: readonly Problem[] | undefined
  children: readonly Unstructured[]
  childKeys: readonly ObjectKey[]
}

const noChildren: readonly ObjectKey[] = Object.freeze([])
const noProblems: readonly Problem[] = Object.freeze([])

function sameInputs(a: NodeInputs, b: NodeInputs): boolean {
  return (
    a.object === b.object &&
    a.change === b.change &&
    a.isLive === b.isLive &&
    a.place === b.place &&
    (a.problems === b.problems || deepEqual(a.problems, b.problems)) &&
    sameItems(a.children, b.children)
  )
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

/** The list before, where it has the same items. */
function sameList<T>(items: readonly T[], previous: readonly T[] | undefined): readonly T[] {
  return previous !== undefined && sameItems(items, previous) ? previous : items
}

/** The objects that are drawn: with staged edits, and those whose deletion is staged. */
function shownObjects(document: CanvasDocument): ReadonlyMap<ObjectKey, Unstructured> {
  const { live, staged } = document
  if (staged.size === 0) return live
  const objects = new Map(live)
  for (const [key, change] of staged) if (change.type !== 'delete') objects.set(key, change.object)
  return objects
}

/** Objects that belong to another one that is there are shown as part of it, through all levels. */
function foldOwned(objects: ReadonlyMap<ObjectKey, Unstructured>): Fold {
  const byUid = new Map<string, ObjectKey>()
  const owned: [ObjectKey, string][] = []
  for (const [key, { metadata }] of objects) {
    if (metadata.uid !== undefined) byUid.set(metadata.uid, key)
    const owners = metadata.ownerReferences
    const owner = owners?.find(({ controller }) => controller === true) ?? owners?.[0]
    if (owner !== undefined) owned.push([key, owner.uid])
  }
  const ownerOf = new Map<ObjectKey, ObjectKey>()
  for (const [key, uid] of owned) {
    const owner = byUid.get(uid)
    if (owner !== undefined && owner !== key) ownerOf.set(key, owner)
  }
  const nodeOf = new Map<ObjectKey, ObjectKey>()
  const children = new Map<ObjectKey, ObjectKey[]>()
  for (const [key, owner] of ownerOf) {
    const top = topOf(owner, ownerOf)
    // What an Application owns is drawn by itself: the Application is the whole Canvas.
    const shown = objects.get(top)
    if (shown === undefined || !isShown(shown)) continue
    nodeOf.set(key, top)
    const siblings = children.get(top)
    if (siblings === undefined) children.set(top, [key])
    else siblings.push(key)
  }
  const tops = [...objects].filter(([key, object]) => !nodeOf.has(key) && isShown(object)).map(([key]) => key)
  return { nodeOf, children, tops }
}

/** Owners go up a few levels; a circle, which only a mistake makes, ends where it was entered. */
function topOf(key: ObjectKey, ownerOf: ReadonlyMap<ObjectKey, ObjectKey>): ObjectKey {
  let top = key
  for (let level = 0; level < 10; level++) {
    const next = ownerOf.get(top)
    if (next === undefined) return top
    top = next
  }
  return top
}

function nodeFor(document: CanvasDocument, key: ObjectKey, inputs: NodeInputs): GraphNode {
  const { object, change, isLive, place, problems, children, childKeys } = inputs
  const pods = children.filter(({ kind }) => kind === 'Pod')
  return {
    key,
    object,
    kind: object.kind ?? '',
    kindTitle: kindTitle(object),
    family: familyOf(object),
    title: object.metadata.name ?? '',
    subtitle: subtitleOf(object),
    status: isLive ? statusOf(object, pods) : stagedStatus,
    counts: countsOf(object),
    url: urlOf(object),
    staged: change?.type,
    edits: change === undefined ? 0 : (objectDiff(document, key)?.lines.length ?? 0),
    conflicts: change === undefined || change.type === 'create' ? 0 : change.conflicts.length,
    problems: problems ?? noProblems,
    position: place?.position,
    group: place?.group,
    children: childKeys,
  }
}

/** The node before, where all that is drawn of it is the same: a new version of an object often says nothing new. */
function reused(node: GraphNode, old: GraphNode | undefined): GraphNode {
  if (old === undefined || old.object !== node.object) return node
  return deepEqual(old, node) ? old : node
}

/** Wires of one kind between the same two nodes. */
interface Bundle {
  from: ObjectKey
  to: ObjectKey
  wires: [Wire, ...Wire[]]
  staged: GraphWire['staged']
}

interface WiringContext {
  objects: ReadonlyMap<ObjectKey, Unstructured>
  nodeOf: ReadonlyMap<ObjectKey, ObjectKey>
  parts: Parts | undefined
  changed: Changes | undefined
}

/** The wiring before where it is the same; otherwise with only the wires of what changed read again. */
function wiresByObject(document: CanvasDocument, { objects, nodeOf, parts, changed }: WiringContext): Wiring {
  const index = new WireIndex(objects)
  if (parts === undefined || changed?.areSameLabels !== true || parts.staged !== document.staged) {
    const wiring = new Map<ObjectKey, readonly StagedWire[]>()
    for (const [key, object] of objects) {
      // What belongs to a node says the same as the node's own fields.
      if (nodeOf.has(key)) continue
      const wires = wiresOfObject(document, { key, object, index })
      if (wires.length > 0) wiring.set(key, wires)
    }
    return wiring
  }
  const wiring = new CopiedMap(parts.wiring)
  for (const key of changed.keys) {
    const object = objects.get(key)
    if (object === undefined || nodeOf.has(key)) continue
    const wires = wiresOfObject(document, { key, object, index })
    const before = wiring.get(key) ?? []
    if (!deepEqual(before, wires)) wiring.set(key, wires.length === 0 ? undefined : wires)
  }
  return wiring.map
}

function wiresOfObject(
  document: CanvasDocument,
  { key, object, index }: { key: ObjectKey; object: Unstructured; index: WireIndex },
): readonly StagedWire[] {
  const change = document.staged.get(key)
  if (change === undefined)
    return wiresFrom(key, object, index).map((wire) => ({ wire, staged: endStaged(document, wire) }))
  const live = document.live.get(key)
  const before = live === undefined ? [] : wiresFrom(key, live, index)
  const after = change.type === 'delete' ? [] : wiresFrom(key, object, index)
  const [were, are] = [new Set(before.map(({ id }) => id)), new Set(after.map(({ id }) => id))]
  return [
    ...after.map((wire) => ({ wire, staged: were.has(wire.id) ? endStaged(document, wire) : ('added' as const) })),
    ...before.filter(({ id }) => !are.has(id)).map((wire) => ({ wire, staged: 'removed' as const })),
  ]
}

interface WireContext {
  wiring: Wiring
  nodeOf: ReadonlyMap<ObjectKey, ObjectKey>
  byKey: ReadonlyMap<ObjectKey, GraphNode>
  previous: Graph | undefined
}

function graphWires({ wiring, nodeOf, byKey, previous }: WireContext): readonly GraphWire[] {
  const bundles = new Map<string, Bundle>()
  for (const { wire, staged } of [...wiring.values()].flat()) {
    const [from, to] = [nodeOf.get(wire.from) ?? wire.from, nodeOf.get(wire.to) ?? wire.to]
    if (from === to || !byKey.has(from) || !byKey.has(to)) continue
    const id = `${wire.kind}:${from}→${to}`
    const bundle = bundles.get(id)
    if (bundle === undefined) bundles.set(id, { from, to, wires: [wire], staged })
    else if (bundle.staged === staged) bundle.wires.push(wire)
  }
  const known = new Map(previous?.wires.map((wire) => [wire.id, wire]))
  const wires = [...bundles].map(([id, bundle]) => {
    const wire = graphWire(id, bundle)
    const old = known.get(id)
    return old !== undefined && deepEqual(old, wire) ? old : wire
  })
  return sameList(wires, previous?.wires)
}

/** A wire whose end is deleted goes with it. */
function endStaged({ staged }: CanvasDocument, { to }: Wire): GraphWire['staged'] {
  return staged.get(to)?.type === 'delete' ? 'removed' : undefined
}

function graphWire(id: string, { from, to, wires, staged }: Bundle): GraphWire {
  const labels = [...new Set(wires.flatMap(({ label }) => label ?? []))]
  return {
    id,
    kind: wires[0].kind,
    from,
    to,
    wires,
    isDrawn: wires.every(({ isDrawn }) => isDrawn),
    label: labels.length === 0 ? undefined : labels.join(', '),
    staged,
  }
}

/** Frames that are noted, and those that only nodes name. */
function framesOf(
  { layout }: CanvasDocument,
  byKey: ReadonlyMap<ObjectKey, GraphNode>,
  previous: Graph | undefined,
): readonly GraphFrame[] {
  const members = new Map<string, ObjectKey[]>()
  for (const [key, { group }] of byKey) {
    if (group === undefined) continue
    const there = members.get(group)
    if (there === undefined) members.set(group, [key])
    else there.push(key)
  }
  const names = new Set([...layout.frames.keys(), ...members.keys()])
  const known = new Map(previous?.frames.map((frame) => [frame.name, frame]))
  const frames = [...names].map((name): GraphFrame => {
    const frame = { ...(layout.frames.get(name) ?? { name }), nodes: members.get(name) ?? [] }
    const old = known.get(name)
    return old !== undefined && deepEqual(old, frame) ? old : frame
  })
  return sameList(frames, previous?.frames)
}

/** A screen reader's name of a node: `orders, Microservice, ready, 2 of 2 replicas`. */
export function nodeLabel({ title, kindTitle: kind, status, counts, staged, problems }: GraphNode): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  return [
    title,
    kind,
    status.word.toLowerCase(),
    ...(counts === undefined ? [] : [`${counts.ready} of ${counts.desired} replicas`]),
    ...(staged === undefined ? [] : [staged === 'create' ? 'new' : staged === 'delete' ? 'to be deleted' : 'edited']),
    ...(errors === 0 ? [] : [`${errors} ${errors === 1 ? 'problem' : 'problems'}`]),
  ].join(', ')
}

/** A screen reader's name of a wire: `web uses api`. */
export function wireLabel({ from, to }: Pick<GraphWire, 'from' | 'to'>, verb: string): string {
  return `${parseKey(from).name} ${verb} ${parseKey(to).name}`
}
