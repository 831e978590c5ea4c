// application/vnd.kubernetes.protobuf: the four bytes `k8s\0`, then runtime.Unknown {typeMeta, raw, contentEncoding,
// contentType} whose raw bytes are the object. Upstream: apimachinery pkg/runtime/serializer/protobuf.

import { type ObjectSchema, namedSchema } from '../schema.ts'
import { builtinKindSchema } from './kinds.ts'
import { messageOf } from './message.ts'
import { Reader, Writer, malformed } from './wire.ts'
import { badRequest } from '../errors.ts'

const magic = Buffer.from('k8s\0')
/** contentEncoding and contentType of runtime.Unknown, which are no pointers: written though they are empty. */
const unknownTail = Buffer.from([0x1a, 0x00, 0x22, 0x00])

interface TypedObject {
  readonly apiVersion?: string | undefined
  readonly kind?: string | undefined
}

/** The object of a built-in kind in an envelope, as JSON would have it. Throws BadRequest. */
export function decodeProtobuf(bytes: Uint8Array): Record<string, unknown> {
  if (bytes.length < magic.length || !magic.equals(bytes.subarray(0, magic.length))) {
    throw malformed('it does not start with the envelope 6b 38 73 00')
  }
  const { apiVersion, kind, raw, contentEncoding, contentType } = readEnvelope(new Reader(bytes, magic.length))
  if (contentEncoding !== '') throw malformed(`content encoding ${JSON.stringify(contentEncoding)}`)
  if (contentType !== '' && contentType !== protobufContentType)
    throw malformed(`content type ${JSON.stringify(contentType)}`)
  if (kind === '') throw badRequest(`Object 'Kind' is missing in the protobuf envelope`)
  if (apiVersion === '') throw badRequest(`Object 'apiVersion' is missing in the protobuf envelope`)
  const schema = builtinKindSchema(apiVersion, kind)
  if (schema === undefined)
    throw badRequest(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme`,
    )
  const object = { apiVersion, kind }
  messageOf(schema).readInto(raw, object)
  return object
}

export const protobufContentType = 'application/vnd.kubernetes.protobuf'

function readEnvelope(reader: Reader): {
  apiVersion: string
  kind: string
  raw: Reader
  contentEncoding: string
  contentType: string
} {
  const found = { apiVersion: '', kind: '', raw: new Reader(reader.buffer, 0, 0), contentEncoding: '', contentType: '' }
  reader.fields((number, wire) => {
    if (wire !== 2) return false
    if (number === 1) {
      reader.message((inner, innerWire) => {
        if (innerWire !== 2) return false
        if (inner === 1) found.apiVersion = reader.string()
        else if (inner === 2) found.kind = reader.string()
        else return false
        return true
      })
    } else if (number === 2) {
      const limit = reader.limit()
      found.raw = new Reader(reader.buffer, reader.position, limit)
      reader.position = limit
    } else if (number === 3) found.contentEncoding = reader.string()
    else if (number === 4) found.contentType = reader.string()
    else return false
    return true
  })
  return found
}

// One for all: encoding never yields.
const writer = new Writer()

/** An object, a list or a Status of a built-in kind, enveloped. */
export function encodeProtobuf(object: TypedObject): Buffer {
  writer.reset()
  writeEnveloped(object)
  return writer.take()
}

function writeEnveloped(object: TypedObject): void {
  const { apiVersion = '', kind = '' } = object
  const schema = builtinKindSchema(apiVersion, kind)
  if (schema === undefined) throw new Error(`${apiVersion} ${kind} has no protobuf form`)
  writer.raw(unknownTail)
  const mark = writer.mark
  messageOf(schema).writeFields(writer, object)
  writer.lengthSince(mark)
  writer.tag(2, 2)
  writeHead(apiVersion, kind)
}

function writeHead(apiVersion: string, kind: string): void {
  const mark = writer.mark
  writer.string(kind)
  writer.tag(2, 2)
  writer.string(apiVersion)
  writer.tag(1, 2)
  writer.lengthSince(mark)
  writer.tag(1, 2)
  writer.raw(magic)
}

/** An item of a list, with the tag and the length that it has there. */
export function encodeProtobufItem(object: object, schema: ObjectSchema): Buffer {
  writer.reset()
  messageOf(schema).write(writer, object)
  writer.tag(listItems, 2)
  return writer.take()
}

/** Every list of the API is {metadata = 1, repeated items = 2}. */
const listItems = 2

/** What comes before and after the items (of encodeProtobufItem) of a list: the whole need never be in one piece. */
export function encodeProtobufList(
  list: { apiVersion: string; kind: string; metadata: object },
  items: readonly Uint8Array[],
): Uint8Array[] {
  const itemBytes = items.reduce((sum, item) => sum + item.length, 0)
  writer.reset()
  messageOf(listMeta()).write(writer, list.metadata)
  writer.tag(1, 2)
  writer.varint(writer.mark + itemBytes)
  writer.tag(2, 2)
  writeHead(list.apiVersion, list.kind)
  return [writer.take(), ...items, unknownTail]
}

const listMeta = (): ObjectSchema => namedSchema('io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta')

/**
 * A frame of a watch: four bytes of length, then WatchEvent {type, object {raw}} without an envelope, whose object is an
 * enveloped one.
 */
export function encodeProtobufEvent(type: string, object: TypedObject): Buffer {
  writer.reset()
  writeEnveloped(object)
  writer.lengthSince(0)
  writer.tag(1, 2)
  writer.lengthSince(0)
  writer.tag(2, 2)
  writer.string(type)
  writer.tag(1, 2)
  writer.fixed32(writer.mark)
  return writer.take()
}
