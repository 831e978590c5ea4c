// Messages by their schema. Each type is compiled once, when it is first met, into the list of its fields.

import { setOwn } from '../clone.ts'
import { type Field, type ObjectSchema, type Schema, namedSchema } from '../schema.ts'
import { type Codec, scalarCodecs, stringCodec } from './scalars.ts'
import { type Reader, type Writer, malformed } from './wire.ts'

type JsonObject = Record<string, unknown>

const noValue: JsonObject = {}

/** A field on the wire. Those of an embedded struct are fields of the same JSON object. */
interface WireField {
  readonly number: number
  read(reader: Reader, wire: number, target: JsonObject): void
  write(writer: Writer, source: JsonObject): void
}

export class Message implements Codec {
  readonly wire = 2
  readonly zero: unknown = noValue
  readonly isStruct = true
  readonly #schema: ObjectSchema
  #fields: readonly WireField[] | undefined
  #byNumber: readonly (WireField | undefined)[] = []

  constructor(schema: ObjectSchema) {
    this.#schema = schema
  }

  #compiled(): readonly WireField[] {
    if (this.#fields === undefined) {
      this.#fields = compileFields(
        [...this.#schema.fields.values()].map((field) => ({ field, path: field.protobuf ?? [] })),
      )
      this.#byNumber = indexed(this.#fields)
    }
    return this.#fields
  }

  read(reader: Reader): JsonObject {
    const target: JsonObject = {}
    this.#compiled()
    reader.message((number, wire) => readField(this.#byNumber[number], reader, wire, target))
    return target
  }

  /** The fields up to the end of the reader, without a length before them. */
  readInto(reader: Reader, target: JsonObject): void {
    this.#compiled()
    reader.fields((number, wire) => readField(this.#byNumber[number], reader, wire, target))
  }

  write(writer: Writer, value: unknown): void {
    const mark = writer.mark
    this.writeFields(writer, value)
    writer.lengthSince(mark)
  }

  writeFields(writer: Writer, value: unknown): void {
    const source = typeof value === 'object' && value !== null ? (value as JsonObject) : noValue
    writeAll(this.#compiled(), writer, source)
  }
}

function indexed(fields: readonly WireField[]): (WireField | undefined)[] {
  const byNumber: (WireField | undefined)[] = []
  for (const field of fields) {
    while (byNumber.length < field.number) byNumber.push(undefined)
    byNumber.push(field)
  }
  return byNumber
}

function readField(field: WireField | undefined, reader: Reader, wire: number, target: JsonObject): boolean {
  if (field === undefined) return false
  field.read(reader, wire, target)
  return true
}

/** Highest number first, for the writer goes backwards. */
function writeAll(fields: readonly WireField[], writer: Writer, source: JsonObject): void {
  for (let index = fields.length - 1; index >= 0; index--) fields[index]?.write(writer, source)
}

function compileFields(entries: readonly { field: Field; path: readonly number[] }[]): WireField[] {
  const fields: WireField[] = []
  const embedded = new Map<number, { field: Field; path: readonly number[] }[]>()
  for (const { field, path } of entries) {
    const [number, ...rest] = path
    if (number === undefined) continue
    if (rest.length === 0) fields.push(compileField(field, number))
    else embedded.set(number, [...(embedded.get(number) ?? []), { field, path: rest }])
  }
  for (const [number, members] of embedded) fields.push(new EmbeddedField(number, compileFields(members)))
  return fields.sort((a, b) => a.number - b.number)
}

function compileField(field: Field, number: number): WireField {
  const { schema } = field
  if (schema.type === 'list') return new ListField(number, field.name, codecOf(schema.items))
  if (schema.type === 'object' && schema.values !== undefined)
    return new MapField(number, field.name, codecOf(schema.values))
  return new SingleField(number, field, codecOf(schema))
}

const messages = new Map<string, Message>()

/** The message of a built-in type. */
export function messageOf(schema: Schema): Message {
  const name = schema.type === 'object' ? schema.name : undefined
  if (name === undefined || schema.type !== 'object') throw new Error('only named types are protobuf messages')
  let message = messages.get(name)
  if (message === undefined) messages.set(name, (message = new Message(schema)))
  return message
}

function codecOf(schema: Schema): Codec {
  if (schema.type === 'object') return messageOf(schema)
  const codec = schema.type === 'scalar' ? (scalarCodecs[schema.format] ?? schemaOr[schema.format]) : undefined
  if (codec === undefined) throw new Error(`no protobuf form of ${JSON.stringify(schema)}`)
  return codec
}

function expect(wire: number, wanted: number, name: string): void {
  if (wire !== wanted) throw malformed(`wrong wireType = ${wire} for field ${name}`)
}

class SingleField implements WireField {
  readonly number: number
  readonly #name: string
  readonly #codec: Codec
  /** Go writes it even where it is zero. */
  readonly #isAlways: boolean
  readonly #isOmittedWhenZero: boolean
  readonly #isNullWhenUnsaid: boolean

  constructor(number: number, { name, pointer, omitEmpty, schema }: Field, codec: Codec) {
    this.number = number
    this.#name = name
    this.#codec = codec
    const isBytes = schema.type === 'scalar' && schema.format === 'bytes'
    const isNamedList = schema.type === 'scalar' && schema.format === 'nullableStrings'
    this.#isAlways = pointer !== true && !isBytes && !isNamedList
    this.#isOmittedWhenZero = pointer !== true && omitEmpty === true && codec.isStruct !== true
    this.#isNullWhenUnsaid = omitEmpty !== true
  }

  read(reader: Reader, wire: number, target: JsonObject): void {
    expect(wire, this.#codec.wire, this.#name)
    const value = this.#codec.read(reader)
    if (value === undefined) {
      if (this.#isNullWhenUnsaid) target[this.#name] = null
    } else if (!this.#isOmittedWhenZero || value !== this.#codec.zero) target[this.#name] = value
  }

  write(writer: Writer, source: JsonObject): void {
    let value = source[this.#name]
    if (value === undefined || value === null) {
      if (!this.#isAlways) return
      value = this.#codec.zero
    }
    this.#codec.write(writer, value)
    writer.tag(this.number, this.#codec.wire)
  }
}

class EmbeddedField implements WireField {
  readonly number: number
  readonly #fields: readonly WireField[]
  readonly #byNumber: readonly (WireField | undefined)[]

  constructor(number: number, fields: readonly WireField[]) {
    this.number = number
    this.#fields = fields
    this.#byNumber = indexed(fields)
  }

  read(reader: Reader, wire: number, target: JsonObject): void {
    expect(wire, 2, String(this.number))
    reader.message((number, inner) => readField(this.#byNumber[number], reader, inner, target))
  }

  write(writer: Writer, source: JsonObject): void {
    const mark = writer.mark
    writeAll(this.#fields, writer, source)
    writer.lengthSince(mark)
    writer.tag(this.number, 2)
  }
}

class ListField implements WireField {
  readonly number: number
  readonly #name: string
  readonly #codec: Codec

  constructor(number: number, name: string, codec: Codec) {
    this.number = number
    this.#name = name
    this.#codec = codec
  }

  read(reader: Reader, wire: number, target: JsonObject): void {
    const known = target[this.#name]
    const items: unknown[] = Array.isArray(known) ? known : (target[this.#name] = [])
    if (wire === 2 && this.#codec.wire !== 2) {
      const outer = reader.end
      reader.end = reader.limit()
      while (reader.position < reader.end) items.push(this.#codec.read(reader))
      reader.end = outer
      return
    }
    expect(wire, this.#codec.wire, this.#name)
    items.push(this.#codec.read(reader) ?? null)
  }

  write(writer: Writer, source: JsonObject): void {
    const items = source[this.#name]
    if (!Array.isArray(items)) return
    for (let index = items.length - 1; index >= 0; index--) {
      this.#codec.write(writer, (items as unknown[])[index] ?? this.#codec.zero)
      writer.tag(this.number, this.#codec.wire)
    }
  }
}

class MapField implements WireField {
  readonly number: number
  readonly #name: string
  readonly #codec: Codec

  constructor(number: number, name: string, codec: Codec) {
    this.number = number
    this.#name = name
    this.#codec = codec
  }

  read(reader: Reader, wire: number, target: JsonObject): void {
    expect(wire, 2, this.#name)
    const known = target[this.#name]
    const map = typeof known === 'object' && known !== null ? (known as JsonObject) : (target[this.#name] = {})
    let key = ''
    let value: unknown
    reader.message((number, inner) => {
      if (number === 1) {
        expect(inner, 2, this.#name)
        key = reader.string()
      } else if (number === 2) {
        expect(inner, this.#codec.wire, this.#name)
        value = this.#codec.read(reader)
      } else return false
      return true
    })
    setOwn(map, key, value ?? (this.#codec.zero === noValue ? {} : (this.#codec.zero ?? null)))
  }

  /** Sorted by key, as Go does, so that equal objects are equal bytes. */
  write(writer: Writer, source: JsonObject): void {
    const map = source[this.#name]
    if (typeof map !== 'object' || map === null) return
    const keys = Object.keys(map).sort()
    for (let index = keys.length - 1; index >= 0; index--) {
      const key = keys[index] ?? ''
      const value = (map as JsonObject)[key]
      const mark = writer.mark
      this.#codec.write(writer, value ?? this.#codec.zero)
      writer.tag(2, this.#codec.wire)
      writer.string(key)
      writer.tag(1, 2)
      writer.lengthSince(mark)
      writer.tag(this.number, 2)
    }
  }
}

// JSONSchemaPropsOr…: a schema, or something simpler in its place.

const schemaProps = (): Message =>
  messageOf(namedSchema('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'))

/** {schema = 1, repeated others = 2}. */
function schemaOrList(other: () => Codec): Codec {
  return {
    wire: 2,
    zero: undefined,
    read(reader) {
      let schema: unknown
      const others: unknown[] = []
      reader.message((number, wire) => {
        if (wire !== 2) return false
        if (number === 1) schema = schemaProps().read(reader)
        else if (number === 2) others.push(other().read(reader))
        else return false
        return true
      })
      return others.length > 0 ? others : (schema ?? null)
    },
    write(writer, value) {
      const mark = writer.mark
      if (Array.isArray(value)) {
        for (let index = value.length - 1; index >= 0; index--) {
          other().write(writer, (value as unknown[])[index])
          writer.tag(2, 2)
        }
      } else if (typeof value === 'object' && value !== null) {
        schemaProps().write(writer, value)
        writer.tag(1, 2)
      }
      writer.lengthSince(mark)
    },
  }
}

const schemaOrBool: Codec = {
  wire: 2,
  zero: undefined,
  read(reader) {
    let allows = false
    let schema: unknown
    reader.message((number, wire) => {
      if (number === 1 && wire === 0) allows = reader.varint() !== 0
      else if (number === 2 && wire === 2) schema = schemaProps().read(reader)
      else return false
      return true
    })
    return schema ?? allows
  },
  write(writer, value) {
    const mark = writer.mark
    if (typeof value === 'object' && value !== null) {
      schemaProps().write(writer, value)
      writer.tag(2, 2)
    }
    writer.varint(value === false ? 0 : 1)
    writer.tag(1, 0)
    writer.lengthSince(mark)
  },
}

const schemaOr: Readonly<Record<string, Codec>> = {
  schemaOrBool,
  schemaOrArray: schemaOrList(schemaProps),
  schemaOrStringArray: schemaOrList(() => stringCodec),
}
