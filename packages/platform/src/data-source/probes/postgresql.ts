// PostgreSQL's start-up and authentication (protocol 3.0): SCRAM-SHA-256, MD5 and clear text.

import { createHash } from 'node:crypto'
import { AccessDeniedError, type Conversation, ProtocolError } from './conversation.ts'
import type { ProbeTarget } from './probe.ts'
import { Scram } from './scram.ts'

/** Codes of an Authentication message. */
const authentication = { ok: 0, clearText: 3, md5: 5, sasl: 10, saslContinue: 11, saslFinal: 12 } as const
/** SQLSTATE classes that mean that who asks may not in. */
const deniedStates = /^(28|3D|42501)/
/** Asks for encryption instead of a start. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

export async function postgresql(conversation: Conversation, target: ProbeTarget): Promise<void> {
  const { username = '', password = '', database = '', tls } = target
  if (tls) {
    conversation.write(sslRequest)
    if ((await conversation.bytes(1)).toString() !== 'S') throw new ProtocolError('the server speaks no TLS')
    await conversation.startTls()
  }
  conversation.write(startup(username, database))
  let scram: Scram | undefined
  for (;;) {
    const { type, body } = await message(conversation)
    if (type === 'E') throw refusal(body)
    if (type === 'Z') return
    if (type !== 'R') continue
    const code = body.readInt32BE(0)
    const rest = body.subarray(4)
    if (code === authentication.clearText) conversation.write(frame('p', Buffer.from(`${password}\0`)))
    else if (code === authentication.md5) conversation.write(frame('p', md5Answer(username, password, rest)))
    else if (code === authentication.sasl) {
      scram = new Scram({ password })
      conversation.write(frame('p', mechanism(scram.first())))
    } else if (code === authentication.saslContinue && scram !== undefined)
      conversation.write(frame('p', Buffer.from(await scram.proof(rest.toString()))))
    else if (code !== authentication.ok && code !== authentication.saslFinal)
      throw new ProtocolError(`the server wants an authentication that is not known here (${code})`)
  }
}

function startup(username: string, database: string): Buffer {
  const words = ['user', username, 'database', database, 'application_name', 'binnacle', '']
  const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(`${words.join('\0')}\0`)])
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([length, body])
}

/** Names the mechanism and begins it. */
function mechanism(opening: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(Buffer.byteLength(opening))
  return Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), length, Buffer.from(opening)])
}

function frame(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

async function message(conversation: Conversation): Promise<{ type: string; body: Buffer }> {
  const head = await conversation.bytes(5)
  const length = head.readInt32BE(1) - 4
  if (length < 0) throw new ProtocolError('the answer is not of PostgreSQL')
  return { type: head.toString('latin1', 0, 1), body: await conversation.bytes(length) }
}

/** Fields of an ErrorResponse: a letter and a text each. */
function refusal(body: Buffer): Error {
  const fields = new Map(
    body
      .toString()
      .split('\0')
      .map((field) => [field.slice(0, 1), field.slice(1)] as const),
  )
  const text = fields.get('M') ?? 'refused'
  return deniedStates.test(fields.get('C') ?? '') ? new AccessDeniedError(text) : new ProtocolError(text)
}

function md5Answer(username: string, password: string, salt: Buffer): Buffer {
  const hex = (...parts: (string | Buffer)[]): string => {
    const hash = createHash('md5')
    for (const part of parts) hash.update(part)
    return hash.digest('hex')
  }
  return Buffer.from(`md5${hex(hex(password, username), salt)}\0`)
}
