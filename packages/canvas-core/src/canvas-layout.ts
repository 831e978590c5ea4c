// Where things stand on the Canvas, and its frames and notes. All of it is in annotations: `binnacle.dev/position` and
// `binnacle.dev/group` on each object, `binnacle.dev/canvas` on the Application. It is never a change to be deployed.

import type { KubeObject } from '@binnacle/api'
import { canvasAnnotation, groupAnnotation, positionAnnotation } from '@binnacle/model'
import type { ObjectKey } from './object-key.ts'
import { isRecord } from './schemas.ts'

/** In px of the Canvas at zoom 1. */
export interface Position {
  readonly x: number
  readonly y: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

/** Where an object stands; an empty place is an object that has not been put anywhere. */
export interface Place {
  readonly position?: Position
  /** Name of the frame that holds it. */
  readonly group?: string
}

/** A frame around nodes. Its name is what `binnacle.dev/group` of the nodes says. */
export interface Frame {
  readonly name: string
  readonly title?: string
  readonly isCollapsed?: boolean
  /** Where it stands while it is collapsed or empty; around its nodes otherwise. */
  readonly position?: Position
  readonly size?: Size
}

export interface Note {
  readonly id: string
  readonly text: string
  readonly position: Position
  readonly size?: Size
}

export interface CanvasLayout {
  readonly places: ReadonlyMap<ObjectKey, Place>
  readonly frames: ReadonlyMap<string, Frame>
  readonly notes: ReadonlyMap<string, Note>
}

export const emptyLayout: CanvasLayout = { places: new Map(), frames: new Map(), notes: new Map() }

const noPlace: Place = Object.freeze({})

export function placeOf({ metadata }: KubeObject): Place {
  const { annotations } = metadata
  const position = parsePosition(annotations?.[positionAnnotation])
  const group = annotations?.[groupAnnotation]
  if (position === undefined && (group === undefined || group === '')) return noPlace
  return { ...(position === undefined ? {} : { position }), ...(group === undefined || group === '' ? {} : { group }) }
}

/** `120,-48`; undefined for what is no position. */
export function parsePosition(text: string | undefined): Position | undefined {
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text ?? '')
  return match === null ? undefined : { x: Number(match[1]), y: Number(match[2]) }
}

export function formatPosition({ x, y }: Position): string {
  return `${Math.round(x)},${Math.round(y)}`
}

export function samePlace(left: Place | undefined, right: Place | undefined): boolean {
  const [a, b] = [left?.position, right?.position]
  const isSamePosition = a === b || (a !== undefined && b !== undefined && formatPosition(a) === formatPosition(b))
  return isSamePosition && left?.group === right?.group
}

/** Frames and notes of an Application; what cannot be read is left out. */
export function framesAndNotes(application: KubeObject | undefined): Pick<CanvasLayout, 'frames' | 'notes'> {
  const text = application?.metadata.annotations?.[canvasAnnotation]
  const value = text === undefined ? undefined : parseJson(text)
  if (!isRecord(value)) return { frames: new Map(), notes: new Map() }
  const frames = listOf(value['frames']).filter((frame) => typeof frame['name'] === 'string')
  const notes = listOf(value['notes']).filter(
    (note) => typeof note['id'] === 'string' && typeof note['text'] === 'string' && isPosition(note['position']),
  )
  return {
    frames: new Map(frames.map((frame) => [String(frame['name']), frameOf(frame)])),
    notes: new Map(notes.map((note) => [String(note['id']), noteOf(note)])),
  }
}

function frameOf({ name, title, isCollapsed, position, size }: Readonly<Record<string, unknown>>): Frame {
  return {
    name: String(name),
    ...(typeof title === 'string' ? { title } : {}),
    ...(isCollapsed === true ? { isCollapsed } : {}),
    ...(isPosition(position) ? { position: { x: position.x, y: position.y } } : {}),
    ...(isSize(size) ? { size: { width: size.width, height: size.height } } : {}),
  }
}

function noteOf({ id, text, position, size }: Readonly<Record<string, unknown>>): Note {
  return {
    id: String(id),
    text: String(text),
    position: isPosition(position) ? { x: position.x, y: position.y } : { x: 0, y: 0 },
    ...(isSize(size) ? { size: { width: size.width, height: size.height } } : {}),
  }
}

/** The value of `binnacle.dev/canvas`; undefined where there is nothing to note. */
export function formatFramesAndNotes({ frames, notes }: Pick<CanvasLayout, 'frames' | 'notes'>): string | undefined {
  if (frames.size === 0 && notes.size === 0) return undefined
  const byText = (a: string, b: string): number => (a < b ? -1 : 1)
  return JSON.stringify({
    frames: [...frames.values()].toSorted((a, b) => byText(a.name, b.name)),
    notes: [...notes.values()].toSorted((a, b) => byText(a.id, b.id)),
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Written by somebody else's hand: the same as none, and replaced by the next edit.
    return undefined
  }
}

function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

function isPosition(value: unknown): value is Position {
  return isRecord(value) && Number.isFinite(value['x']) && Number.isFinite(value['y'])
}

function isSize(value: unknown): value is Size {
  return isRecord(value) && Number.isFinite(value['width']) && Number.isFinite(value['height'])
}
