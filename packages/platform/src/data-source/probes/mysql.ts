// MySQL's and MariaDB's connection phase: the greeting (protocol 10), then the login where there are credentials, by
// mysql_native_password or caching_sha2_password. Source: the server's documentation of its client/server protocol.

import { constants, createHash, publicEncrypt } from 'node:crypto'
import { AccessDeniedError, type Conversation, ProtocolError } from './conversation.ts'
import type { ProbeTarget } from './probe.ts'

const capabilities = {
  longPassword: 0x1,
  connectWithDatabase: 0x8,
  protocol41: 0x200,
  ssl: 0x800,
  secureConnection: 0x8000,
  pluginAuth: 0x80000,
} as const
const utf8 = 45
const longestPacket = 1 << 24
/** Access denied (to a database, for a user, by plugin), an unknown database, a locked account. */
const deniedCodes: ReadonlySet<number> = new Set([1044, 1045, 1698, 1049, 3118])
/** First byte of a packet of the server. */
const marks = { ok: 0x00, more: 0x01, switch: 0xfe, error: 0xff } as const
/** What caching_sha2_password says after its scramble: the server remembers the password, or wants it whole. */
const cached = { known: 3, whole: 4 } as const

export async function mysql(conversation: Conversation, target: ProbeTarget): Promise<void> {
  const packets = new Packets(conversation)
  const greeting = await packets.read()
  if (greeting[0] === marks.error) throw refusal(greeting)
  if (greeting[0] !== 10) throw new ProtocolError('the answer is not of MySQL')
  const { username, password, tls } = target
  if (username === undefined || password === undefined) return
  let { plugin, salt } = parseGreeting(greeting)
  if (tls) {
    packets.write(header(target))
    await conversation.startTls()
  }
  packets.write(login(target, { username, plugin, answer: scramble(plugin, password, salt) }))
  for (;;) {
    const packet = await packets.read()
    if (packet[0] === marks.ok) break
    if (packet[0] === marks.error) throw refusal(packet)
    if (packet[0] === marks.switch) {
      const end = packet.indexOf(0, 1)
      plugin = packet.toString('latin1', 1, end)
      salt = withoutEnd(packet.subarray(end + 1))
      const answer = scramble(plugin, password, salt)
      // Another way of login, such as by a ticket: that the server answers has to do.
      if (answer === undefined) return
      packets.write(answer)
    } else if (packet[0] === marks.more && packet[1] === cached.whole && packet.length === 2)
      // The whole password goes through TLS, or encrypted for the server's key, which is asked for.
      packets.write(tls ? Buffer.from(`${password}\0`) : Buffer.from([2]))
    else if (packet[0] === marks.more && packet[1] !== cached.known)
      packets.write(sealed(password, salt, packet.subarray(1)))
    else if (packet[0] !== marks.more) throw new ProtocolError('the answer is not of MySQL')
  }
  // Without a word the server would count an aborted connection.
  packets.writeFirst(Buffer.from([1]))
}

/** Packets have a length of three bytes and a number, which counts on within a conversation. */
class Packets {
  readonly #conversation: Conversation
  #number = 0

  constructor(conversation: Conversation) {
    this.#conversation = conversation
  }

  async read(): Promise<Buffer> {
    const head = await this.#conversation.bytes(4)
    this.#number = head.readUInt8(3) + 1
    return this.#conversation.bytes(head.readUIntLE(0, 3))
  }

  write(body: Buffer): void {
    const head = Buffer.alloc(4)
    head.writeUIntLE(body.length, 0, 3)
    head.writeUInt8(this.#number++ & 0xff, 3)
    this.#conversation.write(Buffer.concat([head, body]))
  }

  writeFirst(body: Buffer): void {
    this.#number = 0
    this.write(body)
  }
}

function parseGreeting(body: Buffer): { plugin: string; salt: Buffer } {
  try {
    let at = body.indexOf(0) + 1 + 4
    const first = body.subarray(at, at + 8)
    at += 8 + 1 + 2 + 1 + 2 + 2
    const length = body.readUInt8(at)
    at += 1 + 10
    const rest = Math.max(13, length - 8)
    const end = body.indexOf(0, at + rest)
    const plugin = body.toString('latin1', at + rest, end < 0 ? undefined : end)
    return { plugin, salt: Buffer.concat([first, withoutEnd(body.subarray(at, at + rest))]) }
  } catch (error) {
    if (error instanceof RangeError) throw new ProtocolError('the greeting is not of MySQL', { cause: error })
    throw error
  }
}

function withoutEnd(bytes: Buffer): Buffer {
  return bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes
}

/** Begins the login, and asks for TLS where it stands alone. */
function header({ tls, database }: ProbeTarget): Buffer {
  const { longPassword, connectWithDatabase, protocol41, ssl, secureConnection, pluginAuth } = capabilities
  const flags = longPassword | protocol41 | secureConnection | pluginAuth
  const bytes = Buffer.alloc(32)
  bytes.writeUInt32LE(flags | (database === undefined ? 0 : connectWithDatabase) | (tls ? ssl : 0), 0)
  bytes.writeUInt32LE(longestPacket, 4)
  bytes.writeUInt8(utf8, 8)
  return bytes
}

function login(
  target: ProbeTarget,
  { username, plugin, answer = Buffer.alloc(0) }: { username: string; plugin: string; answer: Buffer | undefined },
): Buffer {
  return Buffer.concat([
    header(target),
    Buffer.from(`${username}\0`),
    Buffer.from([answer.length]),
    answer,
    Buffer.from(target.database === undefined ? '' : `${target.database}\0`),
    Buffer.from(`${plugin}\0`),
  ])
}

/** Proves the password without telling it; undefined for a way of login that is not known here. */
function scramble(plugin: string, password: string, salt: Buffer): Buffer | undefined {
  if (plugin !== 'mysql_native_password' && plugin !== 'caching_sha2_password') return undefined
  if (password === '') return Buffer.alloc(0)
  const isNative = plugin === 'mysql_native_password'
  const hash = (...parts: (string | Buffer)[]): Buffer => {
    const state = createHash(isNative ? 'sha1' : 'sha256')
    for (const part of parts) state.update(part)
    return state.digest()
  }
  const once = hash(password)
  const twice = hash(once)
  return xor(once, isNative ? hash(salt, twice) : hash(twice, salt))
}

function sealed(password: string, salt: Buffer, key: Buffer): Buffer {
  const { RSA_PKCS1_OAEP_PADDING: padding } = constants
  return publicEncrypt({ key: key.toString(), padding, oaepHash: 'sha1' }, xor(Buffer.from(`${password}\0`), salt))
}

/** `pad` is repeated. */
function xor(bytes: Buffer, pad: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ (pad[index % pad.length] ?? 0)))
}

function refusal(packet: Buffer): Error {
  const text = packet.toString('utf8', 3).replace(/^#\w{5}/, '')
  const code = packet.length < 3 ? 0 : packet.readUInt16LE(1)
  // Before the greeting a host is refused.
  return deniedCodes.has(code) || /not allowed|blocked/.test(text)
    ? new AccessDeniedError(text)
    : new ProtocolError(text)
}
