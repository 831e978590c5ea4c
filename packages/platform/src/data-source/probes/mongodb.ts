// MongoDB's wire protocol (OP_MSG): hello, then SCRAM-SHA-256 where there are credentials.

import { AccessDeniedError, type Conversation, ProtocolError } from './conversation.ts'
import type { ProbeTarget } from './probe.ts'
import { Scram } from './scram.ts'

const opMessage = 2013
const mechanism = 'SCRAM-SHA-256'
/** Codes of errors that mean that the credentials are not taken: AuthenticationFailed, Unauthorized, UserNotFound. */
const deniedCodes: ReadonlySet<unknown> = new Set([18, 13, 11])

export async function mongodb(conversation: Conversation, { username, password }: ProbeTarget): Promise<void> {
  const login = username === undefined || password === undefined ? undefined : { username, password }
  const hello = await ask(conversation, {
    hello: 1,
    ...(login === undefined ? {} : { saslSupportedMechs: `admin.${login.username}` }),
  })
  if (login === undefined) return
  const { saslSupportedMechs: mechanisms } = hello
  // A user from before version 4.0 has SCRAM-SHA-1 alone: that the server answers has to do.
  if (Array.isArray(mechanisms) && !mechanisms.includes(mechanism)) return
  const scram = new Scram(login)
  const { conversationId, payload } = await ask(conversation, {
    saslStart: 1,
    mechanism,
    payload: Buffer.from(scram.first()),
  })
  if (typeof conversationId !== 'number' || !Buffer.isBuffer(payload))
    throw new ProtocolError('the answer to saslStart is not of MongoDB')
  await ask(conversation, {
    saslContinue: 1,
    conversationId,
    payload: Buffer.from(await scram.proof(payload.toString())),
  })
}

let requests = 0

/** The answer to a command on the database admin. */
async function ask(conversation: Conversation, command: Parameters<typeof encode>[0]): Promise<Fields> {
  const document = encode({ ...command, $db: 'admin' })
  const head = Buffer.alloc(16 + 4 + 1)
  head.writeInt32LE(head.length + document.length, 0)
  head.writeInt32LE((requests = (requests + 1) % 0x7fffffff), 4)
  head.writeInt32LE(opMessage, 12)
  conversation.write(Buffer.concat([head, document]))
  const answerHead = await conversation.bytes(16)
  if (answerHead.readInt32LE(12) !== opMessage) throw new ProtocolError('the answer is not of MongoDB')
  const answer = decode((await conversation.bytes(answerHead.readInt32LE(0) - 16)).subarray(5))
  if (answer['ok'] === 1) return answer
  const { errmsg } = answer
  const message = typeof errmsg === 'string' ? errmsg : 'MongoDB does not say that it is well'
  throw deniedCodes.has(answer['code']) ? new AccessDeniedError(message) : new ProtocolError(message)
}

type Value = string | number | boolean | Buffer | readonly Value[] | Fields | undefined
interface Fields {
  [name: string]: Value
}

/** BSON (bsonspec.org) of what the commands above have: strings, 32-bit integers and bytes. */
function encode(fields: Readonly<Record<string, string | number | Buffer>>): Buffer {
  const elements = Object.entries(fields).map(([name, value]) => {
    const [type, bytes] = encoded(value)
    return Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), bytes])
  })
  const body = Buffer.concat([...elements, Buffer.from([0])])
  return Buffer.concat([int32(body.length + 4), body])
}

function encoded(value: string | number | Buffer): [type: number, bytes: Buffer] {
  if (typeof value === 'number') return [0x10, int32(value)]
  if (Buffer.isBuffer(value)) return [0x05, Buffer.concat([int32(value.length), Buffer.from([0]), value])]
  const text = Buffer.from(`${value}\0`)
  return [0x02, Buffer.concat([int32(text.length), text])]
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

/** Bytes of the types of fixed length that nothing is read from: an id, a date, null, a timestamp, a long, a decimal. */
const skipped: Readonly<Record<number, number>> = { 0x07: 12, 0x09: 8, 0x0a: 0, 0x11: 8, 0x12: 8, 0x13: 16 }

/** @throws ProtocolError where it is not BSON, or of a type that answers do not have */
function decode(bytes: Buffer): Fields {
  const fields: Fields = {}
  try {
    for (let at = 4; bytes[at] !== 0;) {
      const type = bytes.readUInt8(at)
      const end = bytes.indexOf(0, at + 1)
      const { value, length } = decoded(type, bytes.subarray(end + 1))
      if (end < 0 || length < 0) throw new ProtocolError('the answer is not of MongoDB')
      fields[bytes.toString('utf8', at + 1, end)] = value
      at = end + 1 + length
    }
    return fields
  } catch (error) {
    if (error instanceof RangeError) throw new ProtocolError('the answer is not of MongoDB', { cause: error })
    throw error
  }
}

function decoded(type: number, bytes: Buffer): { value: Value; length: number } {
  const fixed = skipped[type]
  if (fixed !== undefined) return { value: undefined, length: fixed }
  switch (type) {
    case 0x01:
      return { value: bytes.readDoubleLE(), length: 8 }
    case 0x02: {
      const length = bytes.readInt32LE()
      return { value: bytes.toString('utf8', 4, 4 + length - 1), length: 4 + length }
    }
    case 0x03:
      return { value: decode(bytes), length: bytes.readInt32LE() }
    case 0x04:
      return { value: Object.values(decode(bytes)), length: bytes.readInt32LE() }
    case 0x05: {
      const length = bytes.readInt32LE()
      return { value: bytes.subarray(5, 5 + length), length: 5 + length }
    }
    case 0x08:
      return { value: bytes[0] === 1, length: 1 }
    case 0x10:
      return { value: bytes.readInt32LE(), length: 4 }
    default:
      throw new ProtocolError(`the answer has a value of a type that is not known here (${type})`)
  }
}
