// What the page knows, in one store: where it is, the document with its history, what is selected and open. Live figures
// are kept apart (state/telemetry.ts): they change each second and touch only what shows them.

import type { WatchEvent } from '@binnacle/api'
import {
  type CanvasDocument,
  type Command,
  CommandError,
  type Editor,
  type ExecuteOptions,
  type Graph,
  type GraphFrame,
  type GraphWire,
  type KindKey,
  type ObjectKey,
  applyLive,
  applySnapshot,
  buildGraph,
  contentOf,
  createDocument,
  createEditor,
  execute,
  kindKey,
  kindKeyOf,
  markComplete,
  redo,
  undo,
  withDocument,
  withSchema,
} from '@binnacle/canvas-core'
import type { AnySchema } from '@binnacle/model'
import { create } from 'zustand'
import type { Access } from '../data/access.ts'
import type { ServerContext } from '../data/kube-api.ts'
import type { LiveKind } from '../data/live.ts'
import type { DeployProblem, PromotedFrom } from './deploy.ts'
import { texts } from '../texts.ts'
import { keepStaged, staysStaged } from './staged-storage.ts'

export type Tab = 'overview' | 'settings' | 'variables' | 'logs' | 'metrics' | 'events' | 'terminal' | 'yaml'
/** What of a log is shown first: its errors, or the log of the container that crashed. */
export type LogBegin = 'errors' | 'previous'
export type Panel = 'logs' | 'events' | 'ports'
export type OpenDialog =
  | 'details'
  | 'protected'
  | 'releases'
  | 'shortcuts'
  | 'palette'
  | 'add'
  | 'connect'
  | 'import'
  | 'rename'
  | 'group'
  | 'kinds'

export interface Place {
  namespace: string
  application: string
  /** Namespace where the application is at home, where this is another: of one of its environments. */
  home?: string
}

export interface Toast {
  id: number
  severity: 'ok' | 'bad' | 'info'
  title: string
  text?: string
}

export interface DeployState {
  phase: 'idle' | 'running' | 'failed'
  written: ReadonlySet<ObjectKey>
  problems: readonly DeployProblem[]
}

/** Which end of a wire. */
export type WireEnd = 'from' | 'to'

/** A wire of which one end is to be chosen. */
export interface Connecting {
  /** The end that is chosen, and the node at the other one. */
  end: WireEnd
  other: ObjectKey
  /** The wire that is led elsewhere; a new one where there is none. */
  wire?: GraphWire
  /** Only the members of a group are offered. */
  group?: GraphFrame
}

export interface CanvasState {
  context: ServerContext | undefined
  connection: 'connecting' | 'open' | 'lost'
  place: Place | undefined
  access: Access | undefined
  isSynced: boolean
  editor: Editor
  graph: Graph
  selected: ReadonlySet<ObjectKey>
  tab: Tab
  logBegin: LogBegin | undefined
  /** Whether the settings have their YAML beside them. */
  isYamlBeside: boolean
  panel: Panel | undefined
  dialog: OpenDialog | undefined
  isOutline: boolean
  isTouring: boolean
  /** Page of the guide that is read, with its section: `canvas.md#environments`. */
  guide: string | undefined
  toasts: readonly Toast[]
  deployment: DeployState
  /** Note of a deploy that waits for the name of a protected environment to be typed. */
  deployNote: string
  /** Revision that the staged changes bring back. */
  rollbackTo: number | undefined
  /** The release of another environment that the staged changes bring here. */
  promotion: PromotedFrom | undefined
  /** Names of the kinds that are shown beside those that always are. */
  furtherKinds: readonly string[]
  /** A wire that is being drawn, where it may end, and whether it is drawn from the end that is used. */
  wiring: { from: ObjectKey; legal: ReadonlySet<ObjectKey>; isBackward: boolean } | undefined
  /** What the list of what can be connected is for; the selected node where it is not said. */
  connecting: Connecting | undefined
  /** Where a node that is added next is put, and what it is wired to. */
  adding: { x: number; y: number; from?: ObjectKey; to?: ObjectKey; query?: string } | undefined
}

const nothing = createEditor(createDocument({ namespace: '' }))
const emptyGraph = buildGraph(nothing.document)

export const useCanvas = create<CanvasState>()(() => ({
  context: undefined,
  connection: 'connecting',
  place: undefined,
  access: undefined,
  isSynced: false,
  editor: nothing,
  graph: emptyGraph,
  selected: new Set(),
  tab: 'overview',
  logBegin: undefined,
  isYamlBeside: false,
  panel: undefined,
  dialog: undefined,
  deployNote: '',
  isOutline: false,
  isTouring: false,
  guide: undefined,
  toasts: [],
  deployment: { phase: 'idle', written: new Set(), problems: [] },
  rollbackTo: undefined,
  promotion: undefined,
  furtherKinds: [],
  wiring: undefined,
  connecting: undefined,
  adding: undefined,
}))

const { setState, getState } = useCanvas

export function currentDocument(): CanvasDocument {
  return getState().editor.document
}

function setEditor(editor: Editor): void {
  const { editor: before, graph } = getState()
  if (editor === before) return
  setState({ editor, graph: editor.document === before.document ? graph : buildGraph(editor.document, graph) })
  const isMoved = editor.document.layout.places !== before.document.layout.places
  if (editor.document.staged === before.document.staged && !isMoved) return
  // What is staged after all was discarded is no rollback and no promotion any more.
  if (editor.document.staged.size === 0) setState({ rollbackTo: undefined, promotion: undefined })
  keepStaged(editor.document)
  forgetProblems(before.document, editor.document)
}

/** What the cluster said of an edit is no longer so when the edit is another one. */
function forgetProblems(before: CanvasDocument, after: CanvasDocument): void {
  const { deployment } = getState()
  const problems = deployment.problems.filter(({ key }) => key !== '' && wantedOf(before, key) === wantedOf(after, key))
  if (problems.length < deployment.problems.length) setState({ deployment: { ...deployment, problems } })
}

/** Carried over to a newer version an edit stays the same. */
function wantedOf({ staged }: CanvasDocument, key: ObjectKey): string | undefined {
  const change = staged.get(key)
  return change && JSON.stringify(change.type === 'delete' ? change.type : contentOf(change.object))
}

/** Opens an application: an empty document that the watches fill, with what was staged in this browser before. */
export function enter(place: Place): void {
  const document = staysStaged(createDocument(place))
  setState({
    place,
    editor: createEditor(document),
    graph: buildGraph(document),
    isSynced: false,
    selected: new Set(),
    rollbackTo: undefined,
    promotion: undefined,
  })
}

/** What the cluster says. */
export function receive(events: readonly WatchEvent[]): void {
  const { editor } = getState()
  setEditor(withDocument(editor, applyLive(editor.document, events)))
}

/** What the cluster says of the fields of a kind. */
export function learnSchema(kind: KindKey, schema: AnySchema): void {
  const { editor } = getState()
  setEditor(withDocument(editor, withSchema(editor.document, kind, schema)))
}

/** All of these kinds was told; what was not told is gone, though it was staged in this browser before. */
export function synced(kinds: readonly LiveKind[], told: ReadonlySet<ObjectKey>): void {
  const { editor } = getState()
  const of = new Set(kinds.map(keyOfKind))
  const gone = [...editor.document.live].filter(([key, object]) => of.has(kindKeyOf(object)) && !told.has(key))
  const document = applyLive(
    editor.document,
    gone.map(([, object]) => ({ type: 'DELETED' as const, object })),
  )
  setEditor(withDocument(editor, markComplete(document, kinds.map(keyOfKind))))
  setState({ isSynced: true })
}

/** All of a kind is told anew, or is looked at no more. */
export function forget(kind: LiveKind): void {
  const { editor } = getState()
  setEditor(withDocument(editor, applySnapshot(editor.document, [], [keyOfKind(kind)])))
}

function keyOfKind({ kind, group }: LiveKind): KindKey {
  return kindKey(kind, group)
}

/** Does what a person asked for; what cannot be done is said and changes nothing. */
export function act(command: Command, options?: ExecuteOptions): boolean {
  try {
    setEditor(execute(getState().editor, command, options))
    return true
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    toast({ severity: 'bad', title: error.message })
    return false
  }
}

export function undoStep(): void {
  setEditor(undo(getState().editor))
}

export function redoStep(): void {
  setEditor(redo(getState().editor))
}

export function select(keys: Iterable<ObjectKey>): void {
  const next = new Set(keys)
  const { selected, tab } = getState()
  if (next.size === selected.size && [...next].every((key) => selected.has(key))) return
  setState({ selected: next, tab: next.size === 1 ? tab : 'overview', logBegin: undefined })
}

/** Lines that are staged; a new or deleted object is one. */
export function stagedEdits({ nodes }: Graph): number {
  return nodes.reduce((sum, { staged, edits }) => sum + (staged === undefined ? 0 : Math.max(1, edits)), 0)
}

/** What has to be solved before the staged changes can be deployed. */
export function stagedErrors({ nodes }: Graph): number {
  return nodes.reduce(
    (sum, { staged, problems, conflicts }) =>
      staged === undefined ? sum : sum + conflicts + problems.filter(({ severity }) => severity === 'error').length,
    0,
  )
}

let lastToast = 0

export function toast(what: Omit<Toast, 'id'>): void {
  const id = ++lastToast
  setState(({ toasts }) => ({
    toasts: [...toasts.filter(({ title }) => title !== what.title), { ...what, id }].slice(-4),
  }))
  // Something that failed stays until it is closed.
  if (what.severity !== 'bad') setTimeout(() => dismiss(id), 6000)
}

export function dismiss(id: number): void {
  setState(({ toasts }) => ({ toasts: toasts.filter((one) => one.id !== id) }))
}

export function openDialog(dialog: OpenDialog | undefined): void {
  setState({ dialog, connecting: undefined })
}

/** Lets a person choose the other end of a wire from a list. */
export function chooseEnd(connecting: Connecting): void {
  setState({ dialog: 'connect', connecting })
}

/** What is said beside the name, such as the prefix of its variables, comes along. */
export function leadElsewhere(wire: GraphWire, end: WireEnd, to: ObjectKey): void {
  const [first] = wire.wires
  if (first !== undefined) act({ type: 'reconnect', wire: first, [end]: to }, { label: texts.graph.leadElsewhere })
}

const besideKey = 'binnacle.yaml-beside'

/** As this browser last had it. */
export function wasYamlBeside(): boolean {
  return localStorage.getItem(besideKey) === 'true'
}

export function showBeside(isYamlBeside: boolean): void {
  localStorage.setItem(besideKey, String(isYamlBeside))
  setState({ isYamlBeside })
}

export function setView(
  view: Partial<
    Pick<CanvasState, 'tab' | 'logBegin' | 'panel' | 'isOutline' | 'isTouring' | 'guide' | 'adding' | 'wiring'>
  >,
): void {
  setState(view)
}
