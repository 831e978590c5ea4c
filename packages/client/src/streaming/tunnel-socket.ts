// The bytes of another protocol inside binary WebSocket messages, over a connection that has been upgraded: a client's
// half of RFC 6455, without extensions. Upstream: client-go tools/portforward/tunneling_connection.go.

import { randomBytes } from 'node:crypto'
import { Duplex } from 'node:stream'

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
const flagFin = 0x80
const flagMask = 0x80
const normalClosure = Buffer.from([1000 >> 8, 1000 & 0xff])
const maxControlBytes = 125

interface Frame {
  opcode: number
  /** Bytes of its head that are still in front of the payload. */
  headBytes: number
  /** Bytes of its payload that are still to come. */
  left: number
}

/** Reads and writes as the tunnel's inside; its end is the normal close of the WebSocket. */
export class TunnelSocket extends Duplex {
  readonly #socket: Duplex
  /** What came and is no whole head or control frame yet. */
  #rest: Buffer
  #frame: Frame | undefined

  /** `head` is what the server sent right behind its 101. */
  constructor(socket: Duplex, head: Buffer) {
    super()
    this.#socket = socket
    this.#rest = head
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
    this.#take(Buffer.alloc(0))
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#send(opcodes.binary, chunk)) done()
    else this.#socket.once('drain', done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#send(opcodes.close, normalClosure)
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }

  /** Whether more may be sent at once. */
  #send(opcode: number, payload: Buffer): boolean {
    return this.#socket.writable && this.#socket.write(maskedFrame(opcode, payload))
  }

  #take(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    try {
      for (;;) {
        this.#frame ??= readHead(bytes)
        const frame = this.#frame
        if (frame === undefined) break
        if (frame.headBytes > 0) {
          bytes = bytes.subarray(frame.headBytes)
          frame.headBytes = 0
        }
        const isControl = frame.opcode >= opcodes.close
        if (isControl && bytes.length < frame.left) break
        const payload = bytes.subarray(0, frame.left)
        bytes = bytes.subarray(payload.length)
        frame.left -= payload.length
        if (frame.left === 0) this.#frame = undefined
        this.#receive(frame.opcode, payload)
        if (this.#frame !== undefined) break
      }
    } catch (error) {
      this.destroy(error as Error)
    }
    this.#rest = bytes
  }

  #receive(opcode: number, payload: Buffer): void {
    switch (opcode) {
      case opcodes.binary:
      case opcodes.continuation:
        if (payload.length > 0 && !this.push(payload)) this.#socket.pause()
        return
      case opcodes.ping:
        this.#send(opcodes.pong, payload)
        return
      case opcodes.close:
        this.push(null)
        // Answered by our own close.
        this.end()
        return
      case opcodes.pong:
        return
      default:
        throw new Error(`a WebSocket frame of type ${opcode} is no part of a tunnel`)
    }
  }
}

/** undefined while it is not whole. Throws for what a server does not send. */
function readHead(bytes: Buffer): Frame | undefined {
  const [first, second] = bytes
  if (first === undefined || second === undefined) return undefined
  if ((second & flagMask) !== 0) throw new Error('a server does not mask its WebSocket frames')
  const opcode = first & 0x0f
  const short = second & 0x7f
  if (short <= maxControlBytes) return { opcode, headBytes: 2, left: short }
  if (opcode >= opcodes.close) throw new Error('a control frame of a WebSocket is at most 125 bytes long')
  const headBytes = short === 126 ? 4 : 10
  if (bytes.length < headBytes) return undefined
  return { opcode, headBytes, left: short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2)) }
}

function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  const lengthBytes = length <= maxControlBytes ? 0 : length <= 0xffff ? 2 : 8
  const frame = Buffer.allocUnsafe(2 + lengthBytes + 4 + length)
  frame[0] = flagFin | opcode
  frame[1] = flagMask | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) frame.writeUInt16BE(length, 2)
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  const mask = randomBytes(4)
  const at = 2 + lengthBytes
  frame.set(mask, at)
  for (let index = 0; index < length; index++) frame[at + 4 + index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0)
  return frame
}
