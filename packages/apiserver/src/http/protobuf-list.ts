// Lists in protobuf. What is stored is JSON, so each item is encoded for the answer, a few milliseconds' worth at a time.

import { builtinKindSchema, encodeProtobufItem, encodeProtobufList } from '@binnacle/api'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Item } from '../call.ts'
import type { Row } from '../registry.ts'
import type { Accepted } from './negotiate.ts'
import type { ListMetadata } from './representation.ts'

/** Milliseconds after which others get their turn. */
const slice = 4

export async function protobufListParts(
  row: Row,
  metadata: ListMetadata,
  items: readonly Item[],
  accepted: Accepted,
): Promise<Uint8Array[]> {
  const isPartial = accepted.form !== 'object'
  const apiVersion = isPartial ? accepted.metaVersion : row.apiVersion
  const schema = builtinKindSchema(apiVersion, isPartial ? 'PartialObjectMetadata' : row.info.kind)
  if (schema === undefined) throw new Error(`${apiVersion} ${row.info.kind} has no protobuf form`)
  const parts: Uint8Array[] = []
  let turn = performance.now()
  for (const { object } of items) {
    parts.push(encodeProtobufItem(object, schema))
    if (performance.now() - turn < slice) continue
    await nextTurn()
    turn = performance.now()
  }
  return encodeProtobufList(
    { apiVersion, kind: isPartial ? 'PartialObjectMetadataList' : row.info.listKind, metadata },
    parts,
  )
}
