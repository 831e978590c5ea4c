// Protobuf's wire format: varints, fixed64 and length-delimited bytes. The writer fills its buffer from the end, as
// gogo-protobuf does: the length of a message is then known when it is time to write it.

import { badRequest } from '../errors.ts'

export type WireType = 0 | 1 | 2

/** Messages in messages. Go has no such limit; stacks do. */
const maxDepth = 500

const two28 = 2 ** 28
const two56 = 2 ** 56
/** Below this many characters a loop is quicker than a call into native code. */
const shortString = 24

export function malformed(why: string): Error {
  return badRequest(`the body of the request is no valid protobuf: ${why}`)
}

export class Reader {
  readonly buffer: Buffer
  position: number
  end: number
  #depth = 0

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.position = start
    this.end = end
  }

  /** A varint as a signed 64-bit number; exact up to 2^53. */
  varint(): number {
    if (this.position >= this.end) throw malformed('unexpected end')
    const first = this.buffer[this.position] ?? 0
    if (first < 0x80) {
      this.position++
      return first
    }
    let low = 0
    let middle = 0
    let high = 0
    for (let index = 0; index < 10; index++) {
      if (this.position >= this.end) throw malformed('unexpected end')
      const byte = this.buffer[this.position++] ?? 0
      const bits = byte & 0x7f
      if (index < 4) low += bits * 2 ** (7 * index)
      else if (index < 8) middle += bits * 2 ** (7 * (index - 4))
      else high += bits * 2 ** (7 * (index - 8))
      if (byte < 0x80) return ((high << 24) >> 24) * two56 + middle * two28 + low
    }
    throw malformed('integer overflow')
  }

  double(): number {
    if (this.position + 8 > this.end) throw malformed('unexpected end')
    const value = this.buffer.readDoubleLE(this.position)
    this.position += 8
    return value
  }

  /** Where the length-delimited value that starts here ends. */
  limit(): number {
    const length = this.varint()
    const limit = this.position + length
    if (length < 0 || limit > this.end) throw malformed('unexpected end')
    return limit
  }

  string(): string {
    const limit = this.limit()
    const start = this.position
    this.position = limit
    return start === limit ? '' : this.buffer.toString('utf8', start, limit)
  }

  base64(): string {
    const limit = this.limit()
    const start = this.position
    this.position = limit
    return this.buffer.toString('base64', start, limit)
  }

  /** Reads a message: `field` gets each number with its wire type and reads the value, or answers false to have it skipped. */
  message(field: (number: number, wire: number) => boolean): void {
    if (++this.#depth > maxDepth) throw malformed('exceeded max depth')
    const outer = this.end
    this.end = this.limit()
    this.fields(field)
    this.end = outer
    this.#depth--
  }

  /** The fields from here to the end. */
  fields(field: (number: number, wire: number) => boolean): void {
    while (this.position < this.end) {
      const tag = this.varint()
      const number = Math.floor(tag / 8)
      if (number < 1 || number > 0x1fffffff) throw malformed(`illegal field number ${number}`)
      const wire = tag & 7
      if (!field(number, wire)) this.#skip(wire)
    }
  }

  #skip(wire: number): void {
    switch (wire) {
      case 0:
        this.varint()
        return
      case 1:
        this.double()
        return
      case 2:
        this.position = this.limit()
        return
      case 5:
        if (this.position + 4 > this.end) throw malformed('unexpected end')
        this.position += 4
        return
      default:
        // Groups: no Kubernetes type has ever had one.
        throw malformed(`illegal wire type ${wire}`)
    }
  }
}

export class Writer {
  #buffer = Buffer.allocUnsafeSlow(16 * 1024)
  #position: number = this.#buffer.length

  /** Bytes written so far: the difference of two marks is the length of what came between them. */
  get mark(): number {
    return this.#buffer.length - this.#position
  }

  reset(): void {
    this.#position = this.#buffer.length
  }

  /** What was written since the reset; a copy, for the buffer is used again. */
  take(): Buffer {
    const bytes = Buffer.from(this.#buffer.subarray(this.#position))
    // One giant must not be paid for forever.
    if (this.#buffer.length > 1024 * 1024) this.#buffer = Buffer.allocUnsafeSlow(16 * 1024)
    this.reset()
    return bytes
  }

  #reserve(count: number): void {
    if (this.#position >= count) return
    const used = this.#buffer.length - this.#position
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, used + count))
    this.#buffer.copy(larger, larger.length - used, this.#position)
    this.#position = larger.length - used
    this.#buffer = larger
  }

  varint(value: number): void {
    this.#reserve(10)
    if (value >= 0 && value < 0x80) {
      this.#buffer[--this.#position] = value
      return
    }
    if (value < 0) {
      this.#negative(value)
      return
    }
    let count = 1
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) count++
    this.#position -= count
    let rest = value
    for (let index = 0; index < count - 1; index++) {
      this.#buffer[this.#position + index] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#position + count - 1] = rest
  }

  /** Ten bytes of two's complement. */
  #negative(value: number): void {
    this.#position -= 10
    let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)))
    for (let index = 0; index < 9; index++) {
      this.#buffer[this.#position + index] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#buffer[this.#position + 9] = Number(rest)
  }

  tag(number: number, wire: WireType): void {
    this.varint(number * 8 + wire)
  }

  double(value: number): void {
    this.#reserve(8)
    this.#position -= 8
    this.#buffer.writeDoubleLE(value, this.#position)
  }

  string(value: string): void {
    if (value.length < shortString && this.#ascii(value)) return
    const length = Buffer.byteLength(value)
    this.#reserve(length)
    this.#position -= length
    this.#buffer.write(value, this.#position, length, 'utf8')
    this.varint(length)
  }

  #ascii(value: string): boolean {
    const { length } = value
    this.#reserve(length + 1)
    const start = this.#position - length
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index)
      if (code >= 0x80) return false
      this.#buffer[start + index] = code
    }
    this.#position = start - 1
    this.#buffer[this.#position] = length
    return true
  }

  bytes(value: Uint8Array): void {
    this.raw(value)
    this.varint(value.length)
  }

  /** Bytes as they are, without their length. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#position -= value.length
    this.#buffer.set(value, this.#position)
  }

  /** Big-endian: the length before a frame. */
  fixed32(value: number): void {
    this.#reserve(4)
    this.#position -= 4
    this.#buffer.writeUInt32BE(value, this.#position)
  }

  /** The length of all that was written since `mark`: call it after the fields of a message. */
  lengthSince(mark: number): void {
    this.varint(this.mark - mark)
  }
}
