// Values that are no plain messages: scalars, and the types of apimachinery that are written in JSON in a way of their own.

import { jsonDepth, maxJsonDepth } from '../json-depth.ts'
import type { ScalarFormat } from '../schema.ts'
import { formatMicroTime, formatTime } from '../time.ts'
import { type Reader, type WireType, type Writer, malformed } from './wire.ts'

/** How one value is read and written, without its tag. */
export interface Codec {
  readonly wire: WireType
  /** What Go holds where nothing was said, as JSON has it; written for absent values that are no pointers. */
  readonly zero: unknown
  /** A struct in Go: JSON's omitempty has no effect on it. */
  readonly isStruct?: true
  /** Undefined: the value is there, but JSON has nothing to say for it (the zero time). */
  read(reader: Reader): unknown
  /** From the end to the beginning. */
  write(writer: Writer, value: unknown): void
}

export const stringCodec: Codec = {
  wire: 2,
  zero: '',
  read: (reader) => reader.string(),
  write: writeString,
}

function writeString(writer: Writer, value: unknown): void {
  writer.string(typeof value === 'string' ? value : String(value))
}

const boolean: Codec = {
  wire: 0,
  zero: false,
  read: (reader) => reader.varint() !== 0,
  write: (writer, value) => writer.varint(value === true ? 1 : 0),
}

const int32: Codec = {
  wire: 0,
  zero: 0,
  read: (reader) => reader.varint() | 0,
  write: writeInteger,
}

const int64: Codec = { wire: 0, zero: 0, read: (reader) => reader.varint(), write: writeInteger }

function writeInteger(writer: Writer, value: unknown): void {
  writer.varint(Number(value))
}

const double: Codec = {
  wire: 1,
  zero: 0,
  read: (reader) => finite(reader.double()),
  write: (writer, value) => writer.double(Number(value)),
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw malformed(`unsupported value: ${value}`)
  return value
}

/** Nil and empty are the same here: JSON leaves out both. */
const bytes: Codec = {
  wire: 2,
  zero: '',
  read: (reader) => reader.base64(),
  write: (writer, value) => writer.bytes(Buffer.from(String(value), 'base64')),
}

/** Timestamp {seconds, nanos}. The zero time is an empty message. */
function timeCodec(notation: {
  format: (milliseconds: number, nanoseconds: number) => string
  nanoseconds: (text: string) => number
}): Codec {
  return {
    wire: 2,
    zero: undefined,
    read(reader) {
      let seconds: number | undefined
      let nanoseconds = 0
      let isEmpty = true
      reader.message((number, wire) => {
        isEmpty = false
        if (wire !== 0) return false
        if (number === 1) seconds = reader.varint()
        else if (number === 2) nanoseconds = reader.varint()
        else return false
        return true
      })
      if (isEmpty) return undefined
      const milliseconds = (seconds ?? 0) * 1000
      if (!(milliseconds >= firstYear && milliseconds < afterLastYear)) throw malformed('time out of range')
      return notation.format(milliseconds, nanoseconds)
    },
    write(writer, value) {
      const mark = writer.mark
      const milliseconds = typeof value === 'string' ? Date.parse(value) : Number.NaN
      if (!Number.isNaN(milliseconds)) {
        writer.varint(notation.nanoseconds(String(value)))
        writer.tag(2, 0)
        writer.varint(Math.floor(milliseconds / 1000))
        writer.tag(1, 0)
      }
      writer.lengthSince(mark)
    },
  }
}

/** RFC 3339 has years of four digits. */
const firstYear = Date.parse('0000-01-01T00:00:00Z')
const afterLastYear = Date.parse('9999-12-31T23:59:59Z') + 1000

/** Only whole seconds travel (metav1.Time.ProtoTime). */
const time = timeCodec({ format: formatTime, nanoseconds: () => 0 })

const microTime = timeCodec({
  format: (milliseconds, nanoseconds) =>
    `${formatMicroTime(milliseconds).slice(0, -7)}${String(Math.floor(nanoseconds / 1000)).padStart(6, '0')}Z`,
  nanoseconds: (text) => Number((/[.,](\d{1,6})/.exec(text)?.[1] ?? '').padEnd(6, '0')) * 1000,
})

/** A message whose field 1 is all there is: Quantity {string}, RawExtension {raw}, JSON {raw}, FieldsV1 {Raw}. */
function wrapper(
  zero: unknown,
  read: (reader: Reader) => unknown,
  write: (writer: Writer, value: unknown) => void,
): Codec {
  return {
    wire: 2,
    zero,
    isStruct: true,
    read(reader) {
      let value: unknown
      reader.message((number, wire) => {
        if (number !== 1 || wire !== 2) return false
        value = read(reader)
        return true
      })
      return value
    },
    write(writer, value) {
      const mark = writer.mark
      if (value !== undefined) {
        write(writer, value)
        writer.tag(1, 2)
      }
      writer.lengthSince(mark)
    },
  }
}

const quantity = wrapper('0', (reader) => reader.string(), writeString)
const embeddedJson = wrapper(
  undefined,
  (reader) => parseEmbedded(reader.string()),
  (writer, value) => writer.string(JSON.stringify(value)),
)

function parseEmbedded(text: string): unknown {
  if (text === '') return undefined
  if (jsonDepth(text) > maxJsonDepth) throw malformed('exceeded max depth')
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw malformed(`embedded JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** {type: 0 | 1, intVal, strVal} */
const intOrString: Codec = {
  wire: 2,
  zero: 0,
  isStruct: true,
  read(reader) {
    let isString = false
    let number = 0
    let text = ''
    reader.message((field, wire) => {
      if (field === 1 && wire === 0) isString = reader.varint() === 1
      else if (field === 2 && wire === 0) number = reader.varint() | 0
      else if (field === 3 && wire === 2) text = reader.string()
      else return false
      return true
    })
    return isString ? text : number
  },
  write(writer, value) {
    const mark = writer.mark
    const isString = typeof value === 'string'
    writer.string(isString ? value : '')
    writer.tag(3, 2)
    writer.varint(isString ? 0 : Number(value))
    writer.tag(2, 0)
    writer.varint(isString ? 1 : 0)
    writer.tag(1, 0)
    writer.lengthSince(mark)
  },
}

/** A named list type: {repeated items = 1}. */
const nullableStrings: Codec = {
  wire: 2,
  zero: undefined,
  read(reader) {
    const items: string[] = []
    reader.message((number, wire) => {
      if (number !== 1 || wire !== 2) return false
      items.push(reader.string())
      return true
    })
    return items
  },
  write(writer, value) {
    const mark = writer.mark
    const items = Array.isArray(value) ? (value as unknown[]) : []
    for (let index = items.length - 1; index >= 0; index--) {
      writeString(writer, items[index])
      writer.tag(1, 2)
    }
    writer.lengthSince(mark)
  },
}

export const scalarCodecs: Readonly<Partial<Record<ScalarFormat, Codec>>> = {
  string: stringCodec,
  boolean,
  int32,
  int64,
  double,
  bytes,
  time,
  microTime,
  quantity,
  intOrString,
  nullableStrings,
  fieldsV1: embeddedJson,
  rawExtension: embeddedJson,
  json: embeddedJson,
}
