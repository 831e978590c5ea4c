// The canvas from the keyboard: arrows go to the nearest node, Alt and arrows move it, C connects, and the keys that every
// editor has. Nothing here happens while a field is typed in.

import { type GraphNode, type ObjectKey, nearestNode } from '@binnacle/canvas-core'
import type { ReactFlowInstance } from '@xyflow/react'
import type * as Clipboard from '@binnacle/canvas-core/clipboard'
import { useEffect, useRef } from 'react'
import { startAdding } from '../state/adding.ts'
import { runDeploy } from '../state/deploying.ts'
import { mayAdd, mayEdit, mayRemove } from '../state/permissions.ts'
import { messageOf } from '../state/session.ts'
import {
  act,
  currentDocument,
  openDialog,
  redoStep,
  select,
  setView,
  toast,
  undoStep,
  useCanvas,
} from '../state/store.ts'
import { texts } from '../texts.ts'
import { placesOf } from './places.ts'
import { tidy } from './tidy.ts'

const directions = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' } as const
const gridStep = 10

/** YAML is read and written only when something is copied. */
const loadClipboard = async (): Promise<typeof Clipboard> => import('@binnacle/canvas-core/clipboard')

interface StageKeys {
  flow: Pick<ReactFlowInstance<never, never>, 'fitView' | 'zoomTo' | 'setCenter' | 'getZoom'>
  shown: readonly GraphNode[]
  /** Nodes that a collapsed frame hides. */
  standIns: ReadonlyMap<ObjectKey, string>
}

export function useStageKeys(context: StageKeys): void {
  const latest = useRef(context)
  latest.current = context
  useEffect(() => {
    const ended = new AbortController()
    window.addEventListener('keydown', (event) => onKey(event, latest.current), { signal: ended.signal })
    document.addEventListener('copy', onCopy, { signal: ended.signal })
    document.addEventListener('paste', onPaste, { signal: ended.signal })
    return () => ended.abort()
  }, [])
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable=true], .xterm') !== null
}

/** Where Shift and Enter begin a new line. */
function isWritingLines(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('textarea, [contenteditable=true], .xterm') !== null
}

function isElsewhere(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('[role=dialog], [role=menu], [role=tablist], [role=log]') !== null
}

/** Keys that mean the selected nodes, and not the button or field that has the focus. */
const nodeKeys: ReadonlySet<string> = new Set(['Enter', 'Delete', 'Backspace', ...Object.keys(directions)])

function isOnCanvas(target: EventTarget | null): boolean {
  return target === document.body || (target instanceof Element && target.closest('.react-flow__node') !== null)
}

function onKey(event: KeyboardEvent, context: StageKeys): void {
  const { key, altKey, shiftKey } = event
  const isCommand = event.ctrlKey || event.metaKey
  if (isCommand && key.toLowerCase() === 'k') {
    event.preventDefault()
    openDialog('palette')
    return
  }
  if (shiftKey && key === 'Enter' && !isWritingLines(event.target) && useCanvas.getState().dialog !== 'palette') {
    event.preventDefault()
    void runDeploy()
    return
  }
  if (isTyping(event.target)) return
  if (isElsewhere(event.target) || useCanvas.getState().dialog !== undefined) return
  if (nodeKeys.has(key) && !isOnCanvas(event.target)) return
  const handled = isCommand
    ? onCommandKey(key.toLowerCase(), shiftKey, context)
    : onPlainKey({ key, altKey, shiftKey }, context)
  if (handled) event.preventDefault()
}

function onCommandKey(key: string, shiftKey: boolean, { shown, flow }: StageKeys): boolean {
  switch (key) {
    case 'z':
      if (shiftKey) redoStep()
      else undoStep()
      return true
    case 'y':
      redoStep()
      return true
    case 'a':
      select(shown.map((node) => node.key))
      return true
    case 'd':
      return mayAdd(useCanvas.getState()) && duplicate()
    case '0':
      void flow.zoomTo(1)
      return true
    default:
      return false
  }
}

interface PlainKey {
  key: string
  altKey: boolean
  shiftKey: boolean
}

function onPlainKey({ key, altKey, shiftKey }: PlainKey, context: StageKeys): boolean {
  const { shown, flow } = context
  const { selected } = useCanvas.getState()
  const canEdit = mayEdit(useCanvas.getState())
  if (shiftKey && altKey && key.toLowerCase() === 't') {
    if (canEdit) void tidy(shown)
    return true
  }
  if (key in directions) return onArrow(key as keyof typeof directions, altKey, context)
  switch (key) {
    case 'a':
      if (!mayAdd(useCanvas.getState())) return false
      startAdding()
      return true
    case 'c':
      if (selected.size !== 1 || !canEdit) return false
      openDialog('connect')
      return true
    case 'f':
    case '1':
      void flow.fitView({ padding: 0.2, maxZoom: 1 })
      return true
    case 'o':
      setView({ isOutline: !useCanvas.getState().isOutline })
      return true
    case '?':
      openDialog('shortcuts')
      return true
    case '/':
      document.querySelector<HTMLElement>('[data-hotkey="/"]')?.focus()
      return true
    case 'Delete':
    case 'Backspace':
      return removeSelected()
    case 'Escape':
      select([])
      return true
    case 'Enter': {
      const side = document.querySelector<HTMLElement>('.side [role=tab][data-state=active]')
      side?.focus()
      return side !== null
    }
    default:
      return false
  }
}

export function removeSelected(): boolean {
  const state = useCanvas.getState()
  const { selected } = state
  if (selected.size === 0 || ![...selected].every((key) => mayRemove(state, key))) return false
  const commands = [...selected].map((key) => ({ type: 'removeResource', key }) as const)
  if (act({ type: 'batch', commands }, { label: texts.graph.remove })) select([])
  return true
}

export function duplicate(): boolean {
  const { selected } = useCanvas.getState()
  if (selected.size === 0) return false
  void duplicateAll([...selected])
  return true
}

async function duplicateAll(selected: readonly string[]): Promise<void> {
  const { duplicateCommand } = await loadClipboard()
  const { command, keys } = duplicateCommand(currentDocument(), selected)
  if (act(command, { label: texts.inspector.duplicate })) select(keys)
}

function onArrow(key: keyof typeof directions, altKey: boolean, { shown, flow, standIns }: StageKeys): boolean {
  const { selected, graph } = useCanvas.getState()
  const [current] = selected
  const places = placesOf(graph, shown)
  if (altKey) {
    if (!mayEdit(useCanvas.getState())) return false
    const step = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }[directions[key]]
    const [dx = 0, dy = 0] = step
    const positions = new Map(
      [...selected].flatMap((one) => {
        const at = places.get(one)
        return at === undefined ? [] : [[one, { x: at.x + dx * gridStep, y: at.y + dy * gridStep }] as const]
      }),
    )
    return (
      positions.size > 0 &&
      act({ type: 'move', positions }, { label: texts.graph.move, mergeKey: `keys:${[...selected].join()}` })
    )
  }
  const seen = new Map([...places].filter(([one]) => one === current || !standIns.has(one)))
  const next = current === undefined ? [...seen.keys()][0] : nearestNode(seen, current, directions[key])
  if (next === undefined) return false
  select([next])
  const at = places.get(next)
  if (at !== undefined) void flow.setCenter(at.x + 116, at.y + 50, { zoom: flow.getZoom(), duration: 120 })
  focusNode(next)
  return true
}

/** Selects a node and gives it the focus, once what held the focus has let it go. Its frame is opened for it. */
export function goTo(key: string): void {
  const { frames } = useCanvas.getState().graph
  const frame = frames.find(({ nodes, isCollapsed }) => isCollapsed === true && nodes.includes(key))
  if (frame !== undefined)
    act({ type: 'collapseGroup', name: frame.name, isCollapsed: false }, { label: texts.graph.expand })
  select([key])
  focusNode(key)
}

function focusNode(key: string): void {
  requestAnimationFrame(() =>
    setTimeout(() => {
      // A dialog that was opened meanwhile keeps the focus.
      if (useCanvas.getState().dialog !== undefined) return
      document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(key)}"]`)?.focus()
    }),
  )
}

function onCopy(event: ClipboardEvent): void {
  const { selected } = useCanvas.getState()
  if (selected.size === 0 || isTyping(event.target) || (getSelection()?.toString() ?? '') !== '') return
  event.preventDefault()
  void copyAll([...selected])
}

async function copyAll(selected: readonly string[]): Promise<void> {
  const { copyText } = await loadClipboard()
  try {
    await navigator.clipboard.writeText(copyText(currentDocument(), selected))
  } catch (error) {
    // The browser asks the person first, who may say no.
    toast({ severity: 'bad', title: texts.graph.copyRefused, text: messageOf(error) })
  }
}

function onPaste(event: ClipboardEvent): void {
  const state = useCanvas.getState()
  if (isTyping(event.target) || state.dialog !== undefined || !mayAdd(state)) return
  const text = event.clipboardData?.getData('text/plain') ?? ''
  if (text.trim() === '') return
  event.preventDefault()
  void pasteYaml(text)
}

/** Adds what the text describes, under free names, and selects it. */
async function pasteYaml(text: string): Promise<void> {
  const { pasteCommand } = await loadClipboard()
  const pasted = pasteCommand(currentDocument(), text)
  if (pasted.command === undefined) {
    toast({ severity: 'bad', title: texts.graph.pasteBad, text: pasted.problem ?? '' })
    return
  }
  if (act(pasted.command, { label: texts.graph.paste })) select(pasted.keys)
}
