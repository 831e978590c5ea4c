// The golden bytes are those of Go's own serializer (apimachinery 0.36) for the objects next to them.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { deepEqual, setOwn } from '../src/clone.ts'
import { StatusError } from '../src/errors.ts'
import {
  decodeProtobuf,
  encodeProtobuf,
  encodeProtobufEvent,
  encodeProtobufItem,
  encodeProtobufList,
} from '../src/protobuf/index.ts'
import { builtinKindSchema } from '../src/protobuf/kinds.ts'
import { apiVersionOf } from '../src/resource.ts'
import { type Field, type Schema, builtinResources } from '../src/schema.ts'

type JsonObject = Record<string, unknown>
type Typed = JsonObject & { apiVersion: string; kind: string }

const golden = JSON.parse(readFileSync(new URL('fixtures/protobuf.json', import.meta.url), 'utf8')) as {
  name: string
  hex: string
  json: Typed
}[]
const watchEvent = golden.find(({ name }) => name === 'a watch event')
const objects = golden.filter((fixture) => fixture !== watchEvent)

function goldenOf(name: string): { hex: string; json: Typed } {
  const fixture = golden.find((one) => one.name === name)
  if (fixture === undefined) throw new Error(`no fixture ${name}`)
  return fixture
}

describe('against Go', () => {
  it.each(objects)('reads $name', ({ hex, json }) => {
    const decoded = decodeProtobuf(Buffer.from(hex, 'hex'))
    if (!deepEqual(decoded, json)) expect(decoded).toEqual(json)
  })

  it.each(objects)('writes $name to the byte', ({ hex, json }) => {
    expect(encodeProtobuf(json).toString('hex')).toBe(hex)
  })

  it('writes a watch event to the byte', () => {
    const { hex, json } = goldenOf('a watch event')
    expect(encodeProtobufEvent('ADDED', json).toString('hex')).toBe(hex)
  })

  it('writes a list in parts as it does in one piece', () => {
    const { hex, json } = goldenOf('a list')
    const schema = builtinKindSchema('v1', 'ConfigMap')
    if (schema === undefined) throw new Error('no schema')
    const items = (json['items'] as object[]).map((item) => encodeProtobufItem(item, schema))
    const list = { apiVersion: json.apiVersion, kind: json.kind, metadata: json['metadata'] as object }
    expect(Buffer.concat(encodeProtobufList(list, items)).toString('hex')).toBe(hex)
  })
})

/** Linear congruential; the same values in every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const texts = ['a', 'Grüße', '🚢'.repeat(9), 'x'.repeat(300), '"\\\n']
const integers = [1, 127, 128, 300, -1, -(2 ** 31), 2 ** 31 - 1]

class Generator {
  readonly #random: (below: number) => number

  constructor(seed: number) {
    this.#random = randomFrom(seed)
  }

  #pick<T>(values: readonly T[]): T {
    const value = values[this.#random(values.length)]
    if (value === undefined) throw new Error('nothing to pick from')
    return value
  }

  value(schema: Schema, depth: number): unknown {
    if (schema.type === 'list') return [this.value(schema.items, depth + 1), this.value(schema.items, depth + 1)]
    if (schema.type === 'scalar') return this.#scalar(schema.format)
    if (schema.values !== undefined) return this.#map(schema.values, depth)
    return this.message(schema.fields, depth)
  }

  message(fields: ReadonlyMap<string, Field>, depth: number): JsonObject {
    const result: JsonObject = {}
    for (const { name, schema, protobuf = [] } of fields.values()) {
      if (protobuf.length === 0) continue
      if (schema.type !== 'scalar' && depth > 9) continue
      if (depth > 2 && this.#random(3) === 0) continue
      result[name] = this.value(schema, depth + 1)
    }
    return result
  }

  #map(values: Schema, depth: number): JsonObject {
    const map: JsonObject = {}
    for (const key of ['z', 'a', '__proto__']) setOwn(map, key, this.value(values, depth + 1))
    return map
  }

  #scalar(format: string): unknown {
    switch (format) {
      case 'boolean':
        return this.#random(2) === 0
      case 'int32':
        return this.#pick(integers)
      case 'int64':
        return this.#pick([...integers, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])
      case 'double':
        return this.#pick([1.5, -0.25, 1e300])
      case 'bytes':
        return this.#pick(['AP+A', 'YQ=='])
      case 'time':
        return this.#pick(['2026-01-02T03:04:05Z', '1969-12-31T23:59:59Z'])
      case 'microTime':
        return this.#pick(['2026-01-02T03:04:05.678901Z', '1969-12-31T23:59:59.000001Z'])
      case 'quantity':
        return this.#pick(['100m', '1Gi', '0'])
      case 'intOrString':
        return this.#pick(['25%', 80, -1, 0])
      case 'nullableStrings':
        return ['a', 'b']
      case 'fieldsV1':
      case 'rawExtension':
      case 'json':
        return { 'f:a': [1, null, { b: 'ü' }] }
      case 'schemaOrBool':
        return this.#random(2) === 0
      case 'schemaOrArray':
        return [{ type: 'string' }, { type: 'integer' }]
      case 'schemaOrStringArray':
        return ['a']
      default:
        return this.#pick(texts)
    }
  }
}

/** Where something of `part` is not in `whole`; what Go adds (zero values) may be more. */
function missing(part: unknown, whole: unknown, path: string): string[] {
  if (typeof part !== 'object' || part === null) return Object.is(part, whole) || isZero(part, whole) ? [] : [path]
  if (typeof whole !== 'object' || whole === null) return isZero(part, whole) ? [] : [path]
  return Object.keys(part).flatMap((key) =>
    missing((part as JsonObject)[key], Object.getOwnPropertyDescriptor(whole, key)?.value, `${path}.${key}`),
  )
}

function isZero(part: unknown, whole: unknown): boolean {
  return whole === undefined && (part === false || part === 0 || part === '' || deepEqual(part, {}))
}

describe('every built-in kind', () => {
  const kinds = new Map(builtinResources().map((info) => [`${apiVersionOf(info)} ${info.kind}`, info] as const))

  it.each([...kinds.keys()])('%s comes back as it went', (name) => {
    const info = kinds.get(name)
    if (info?.schema.type !== 'object') throw new Error('not a kind')
    for (let seed = 1; seed <= 3; seed++) {
      const object = {
        apiVersion: apiVersionOf(info),
        kind: info.kind,
        ...new Generator(seed).message(info.schema.fields, 0),
      }
      const bytes = encodeProtobuf(object)
      const decoded = decodeProtobuf(bytes) as Typed
      expect(missing(object, decoded, '')).toEqual([])
      expect(encodeProtobuf(decoded).equals(bytes)).toBe(true)
    }
  })
})

describe('what Go would not have sent', () => {
  const envelope = (raw: Buffer, kind = 'ConfigMap', apiVersion = 'v1'): Buffer => {
    const field = (number: number, value: Buffer): Buffer =>
      Buffer.concat([Buffer.from([number * 8 + 2]), varint(value.length), value])
    const typeMeta = Buffer.concat([field(1, Buffer.from(apiVersion)), field(2, Buffer.from(kind))])
    return Buffer.concat([Buffer.from('k8s\0'), field(1, typeMeta), field(2, raw)])
  }
  const varint = (value: number): Buffer => {
    const bytes: number[] = []
    for (let rest = value; ; rest = Math.floor(rest / 128)) {
      if (rest < 128) return Buffer.from([...bytes, rest])
      bytes.push((rest % 128) | 0x80)
    }
  }
  const refusal = (bytes: Buffer): string => {
    try {
      decodeProtobuf(bytes)
    } catch (error) {
      if (error instanceof StatusError && error.code === 400) return error.message
      throw error
    }
    return 'nothing was refused'
  }

  it('refuses what has no envelope', () => {
    expect(refusal(Buffer.from('{}'))).toMatch(/does not start with the envelope/)
  })

  it('refuses kinds that it does not know, by name', () => {
    expect(refusal(envelope(Buffer.alloc(0), 'Ship', 'example.com/v1'))).toMatch(
      /no kind "Ship" is registered for version "example.com\/v1"/,
    )
  })

  it('refuses every truncation of a Pod without falling over', () => {
    const bytes = Buffer.from(goldenOf('a Pod').hex, 'hex')
    // The last four bytes are the empty contentEncoding and contentType, each of which may be missing.
    const lengths = Array.from({ length: bytes.length - 4 }, (_, length) => length)
    const taken = lengths.filter((length) => refusal(bytes.subarray(0, length)) === 'nothing was refused')
    // Right after the kind: an object without fields.
    expect(taken).toEqual([bytes.indexOf('Pod') + 'Pod'.length])
  })

  it('answers any flipped byte with an object or a refusal', () => {
    const bytes = Buffer.from(goldenOf('a CustomResourceDefinition').hex, 'hex')
    for (let index = 0; index < bytes.length; index++) {
      const damaged = Buffer.from(bytes)
      damaged[index] = (damaged[index] ?? 0) ^ 0xff
      expect(() => refusal(damaged)).not.toThrow()
    }
  })

  it('refuses wrong wire types, overlong integers, groups and embedded text that is no JSON', () => {
    expect(refusal(envelope(Buffer.from([0x08, 0x01])))).toMatch(/wrong wireType = 0 for field metadata/)
    expect(refusal(envelope(Buffer.concat([Buffer.from([0x78]), Buffer.alloc(10, 0xff), Buffer.from([1])])))).toMatch(
      /integer overflow/,
    )
    expect(refusal(envelope(Buffer.from([0x7b])))).toMatch(/illegal wire type 3/)
    expect(refusal(envelope(Buffer.from([0x12, 0x03, 0x0a, 0x01, 0x7b]), 'ControllerRevision', 'apps/v1'))).toMatch(
      /embedded JSON/,
    )
  })

  it('refuses messages that nest too deeply', () => {
    let schema = Buffer.alloc(0)
    // `not` (28) in `not` in …
    for (let depth = 0; depth < 5000; depth++)
      schema = Buffer.concat([varint(28 * 8 + 2), varint(schema.length), schema])
    const wrap = (number: number, value: Buffer): Buffer =>
      Buffer.concat([varint(number * 8 + 2), varint(value.length), value])
    const crd = wrap(2, wrap(7, wrap(4, wrap(1, schema))))
    expect(refusal(envelope(crd, 'CustomResourceDefinition', 'apiextensions.k8s.io/v1'))).toMatch(/exceeded max depth/)
  })

  it('skips fields that it does not know', () => {
    const raw = Buffer.from([0xf8, 0x07, 0x05, 0xfa, 0x07, 0x01, 0x00, 0xfd, 0x07, 0, 0, 0, 0, 0x20, 0x01])
    expect(decodeProtobuf(envelope(raw))).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', immutable: true })
  })

  it('reads packed numbers', () => {
    // Pod.spec (2).securityContext (14).supplementalGroups (4) = 1, 300
    const raw = Buffer.from([0x12, 0x07, 0x72, 0x05, 0x22, 0x03, 0x01, 0xac, 0x02])
    expect(decodeProtobuf(envelope(raw, 'Pod'))).toMatchObject({
      spec: { securityContext: { supplementalGroups: [1, 300] } },
    })
  })

  it('keeps a key named __proto__ a key', () => {
    const bytes = encodeProtobuf(JSON.parse('{"apiVersion":"v1","kind":"ConfigMap","data":{"__proto__":"x"}}') as Typed)
    const { data } = decodeProtobuf(bytes) as { data: object }
    expect(Object.keys(data)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
  })
})
