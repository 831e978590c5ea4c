// Objects and lists as bytes. What is stored in the version that is asked for is sent as it is stored, never parsed.

import {
  type KubeObject,
  type ObjectMeta,
  type ResourceInfo,
  encodeProtobufEvent,
  tableCells,
  tableColumns,
  tableOrder,
} from '@binnacle/api'
import type { Change, Item } from '../call.ts'
import type { Row } from '../registry.ts'
import type { Accepted } from './negotiate.ts'

export interface TableOptions {
  now: number
  /** None, Metadata or Object (query `includeObject`). */
  includeObject: string
}

export function itemBytes(item: Item): Uint8Array {
  return item.bytes ?? Buffer.from(JSON.stringify(item.object))
}

export interface ListMetadata {
  resourceVersion: string
  continue?: string
  remainingItemCount?: number
}

const comma = Buffer.from(',')
const firstBrace = Buffer.from('{')
const nextBrace = Buffer.from(',{')
const listEnd = Buffer.from(']}')

/** The list's bytes in parts, so that a large one can be compressed and sent part by part. */
export function listParts(row: Row, metadata: ListMetadata, items: readonly Item[]): Uint8Array[] {
  const head = `{"kind":${JSON.stringify(row.info.listKind)},"apiVersion":${JSON.stringify(row.apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`
  const parts: Uint8Array[] = [Buffer.from(head)]
  if (row.isCustom) {
    for (const [index, item] of items.entries()) {
      if (index > 0) parts.push(comma)
      parts.push(itemBytes(item))
    }
  } else pushTyped(parts, row, items)
  parts.push(listEnd)
  return parts
}

function pushTyped(parts: Uint8Array[], row: Row, items: readonly Item[]): void {
  const beginning = beginningOf(row)
  for (const [index, { object, bytes }] of items.entries()) {
    const isUsual = bytes !== undefined && isBeginning(bytes, beginning)
    const rest = isUsual ? bytes : Buffer.from(JSON.stringify(listItem(object)))
    parts.push(index === 0 ? firstBrace : nextBrace, rest.subarray(isUsual ? beginning.length : 1))
  }
}

/** `{"kind":"ConfigMap","apiVersion":"v1",`, or with these two the other way round. */
interface Beginning {
  length: number
  /** Where the second key begins, after each of the two. */
  afterKind: number
  afterVersion: number
}

function beginningOf({ info, apiVersion }: Row): Beginning {
  const [kind, version] = [`"kind":${JSON.stringify(info.kind)},`, `"apiVersion":${JSON.stringify(apiVersion)},`]
  // Names of kinds and versions are ASCII: a character is a byte.
  return { length: 1 + kind.length + version.length, afterKind: 2 + kind.length, afterVersion: 2 + version.length }
}

const [a, i, k, p] = Buffer.from('aikp')

/** Stored text has no spaces and the row's values, so that the first two letters of two keys tell all: a list is long. */
function isBeginning(bytes: Uint8Array, { afterKind, afterVersion }: Beginning): boolean {
  if (bytes[2] === k && bytes[3] === i) return bytes[afterKind] === a && bytes[afterKind + 1] === p
  return bytes[2] === a && bytes[3] === p && bytes[afterVersion] === k && bytes[afterVersion + 1] === i
}

/** Items of a list of a built-in kind do not repeat what the list says. */
export function listItem({ kind: _kind, apiVersion: _apiVersion, ...rest }: KubeObject): object {
  return rest
}

/** An object in the form that was negotiated, as a value; undefined where its bytes are the answer. */
export function transformed(row: Row, item: Item, accepted: Accepted, table: TableOptions): object | undefined {
  switch (accepted.form) {
    case 'object':
      return undefined
    case 'Table':
      return tableOf(row, [item], { resourceVersion: item.object.metadata.resourceVersion ?? '' }, accepted, table)
    default:
      return partialMetadata(item.object.metadata, accepted.metaVersion)
  }
}

export function transformedList(
  row: Row,
  metadata: ListMetadata,
  items: readonly Item[],
  accepted: Accepted,
  table: TableOptions,
): object {
  if (accepted.form === 'Table') return tableOf(row, items, metadata, accepted, table)
  return {
    kind: 'PartialObjectMetadataList',
    apiVersion: accepted.metaVersion,
    metadata,
    items: items.map(({ object }) => partialMetadata(object.metadata, accepted.metaVersion)),
  }
}

function partialMetadata(metadata: ObjectMeta, apiVersion: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion, metadata }
}

function tableOf(
  row: Row,
  items: readonly Item[],
  metadata: object,
  accepted: Accepted,
  options: TableOptions,
  withColumns = true,
): object {
  return {
    kind: 'Table',
    apiVersion: accepted.metaVersion,
    metadata,
    ...(withColumns ? { columnDefinitions: columnsOf(row) } : { columnDefinitions: null }),
    rows: ordered(row, items).map(({ object }) => ({
      cells: cellsOf(row, object, options.now),
      object: included(object, accepted, options.includeObject),
    })),
  }
}

function ordered(row: Row, items: readonly Item[]): readonly Item[] {
  const compare = row.isCustom ? undefined : tableOrder(row.info)
  return compare === undefined ? items : items.toSorted((a, b) => compare(a.object, b.object))
}

function columnsOf(row: Row): readonly object[] {
  return row.hooks.columns?.definitions ?? tableColumns(row.info)
}

function cellsOf(row: Row, object: KubeObject, now: number): readonly unknown[] {
  return row.hooks.columns?.cells(object, now) ?? tableCells(row.info, object, now)
}

function included(object: KubeObject, accepted: Accepted, include: string): object | null {
  if (include === 'None') return null
  return include === 'Object' ? object : partialMetadata(object.metadata, accepted.metaVersion)
}

/** Kinds that are no objects with metadata have no Table. */
export function hasTable(info: ResourceInfo): boolean {
  return info.verbs.includes('list') || info.verbs.includes('get')
}

/** An event on the wire: a line of JSON, or a frame of protobuf. */
export function eventFrame(type: string, object: object, syntax: Accepted['syntax'] = 'json'): Buffer {
  return syntax === 'protobuf'
    ? encodeProtobufEvent(type, object)
    : Buffer.from(`${JSON.stringify({ type, object })}\n`)
}

const frames = new WeakMap<Uint8Array, Map<string, Buffer>>()

/** Made once for all watchers of the change: the bytes of a version are one object for all. */
export function changeFrame({ type, item }: Change, syntax: Accepted['syntax']): Buffer {
  const { bytes } = item
  if (bytes === undefined) return eventFrame(type, item.object, syntax)
  const key = `${syntax} ${type}`
  const known = frames.get(bytes)
  const found = known?.get(key)
  if (found !== undefined) return found
  const made = syntax === 'protobuf' ? encodeProtobufEvent(type, item.object) : storedFrame(type, bytes)
  if (known === undefined) frames.set(bytes, new Map([[key, made]]))
  else known.set(key, made)
  return made
}

function storedFrame(type: string, object: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, Buffer.from('}\n')])
}

/** A change for a watcher that asked for Tables or metadata. The columns come with the first event only. */
export function transformedChange(
  row: Row,
  { type, item }: Change,
  accepted: Accepted,
  table: TableOptions,
  isFirst: boolean,
): Buffer {
  const object =
    accepted.form === 'Table'
      ? tableOf(
          row,
          [item],
          { resourceVersion: String(item.object.metadata.resourceVersion ?? item.revision) },
          accepted,
          table,
          isFirst,
        )
      : partialMetadata(item.object.metadata, accepted.metaVersion)
  return eventFrame(type, object, accepted.syntax)
}
