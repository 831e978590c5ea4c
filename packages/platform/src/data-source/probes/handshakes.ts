// First words of the protocols of data sources, up to the point where it is known that the other side answers and, where
// that is part of the first words, that it takes the credentials. No driver is needed for that.

import { AccessDeniedError, type Conversation, ProtocolError } from './conversation.ts'
import type { ProbeTarget } from './probe.ts'

/** RESP: AUTH, then PING. */
export async function redis(conversation: Conversation, { username, password }: ProbeTarget): Promise<void> {
  const command = (...words: string[]): string =>
    `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
  const ask = async (...words: string[]): Promise<string> => {
    conversation.write(command(...words))
    const line = await conversation.line()
    if (/^-(NOAUTH|WRONGPASS|NOPERM|ERR invalid password)/.test(line)) throw new AccessDeniedError(line.slice(1))
    if (!line.startsWith('+'))
      throw new ProtocolError(line.startsWith('-') ? line.slice(1) : 'the answer is not of Redis')
    return line
  }
  if (password !== undefined) await ask('AUTH', ...(username === undefined ? [] : [username]), password)
  await ask('PING')
}

/** INFO from the server, then CONNECT and PING. */
export async function nats(conversation: Conversation, { username, password, tls }: ProbeTarget): Promise<void> {
  const info = await conversation.line()
  if (!info.startsWith('INFO ')) throw new ProtocolError('the answer is not of NATS')
  if (tls) await conversation.startTls()
  const options = {
    verbose: false,
    pedantic: false,
    lang: 'binnacle',
    version: '1',
    protocol: 1,
    ...(username === undefined ? {} : { user: username }),
    ...(password === undefined ? {} : { pass: password }),
  }
  conversation.write(`CONNECT ${JSON.stringify(options)}\r\nPING\r\n`)
  for (;;) {
    const line = await conversation.line()
    if (line === 'PONG') return
    if (/^-ERR .*(authorization|authentication|user)/i.test(line)) throw new AccessDeniedError(line.slice(5))
    if (line.startsWith('-ERR')) throw new ProtocolError(line.slice(5))
  }
}

/** The greeting of protocol 10, or the error that stands in its place. Credentials are not tried. */
export async function mysql(conversation: Conversation): Promise<void> {
  const head = await conversation.bytes(4)
  const body = await conversation.bytes(head.readUIntLE(0, 3))
  if (body[0] === 0xff) throw new AccessDeniedError(body.toString('utf8', 3).replace(/^#\w{5}/, ''))
  if (body[0] !== 10) throw new ProtocolError('the answer is not of MySQL')
}

const opMessage = 2013

/** OP_MSG with `{hello: 1, $db: 'admin'}`. Credentials are not tried. */
export async function mongodb(conversation: Conversation): Promise<void> {
  const document = Buffer.concat([
    Buffer.from([0x10]),
    Buffer.from('hello\0'),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from([0x02]),
    Buffer.from('$db\0'),
    Buffer.from([6, 0, 0, 0]),
    Buffer.from('admin\0\0'),
  ])
  const message = Buffer.alloc(16 + 4 + 1 + 4)
  message.writeInt32LE(message.length + document.length, 0)
  message.writeInt32LE(1, 4)
  message.writeInt32LE(opMessage, 12)
  message.writeInt32LE(document.length + 4, 21)
  conversation.write(Buffer.concat([message, document]))
  const head = await conversation.bytes(16)
  if (head.readInt32LE(12) !== opMessage) throw new ProtocolError('the answer is not of MongoDB')
  const answer = await conversation.bytes(head.readInt32LE(0) - 16)
  // The element ok: 1 (a double).
  if (!answer.includes(Buffer.from('\x01ok\0\0\0\0\0\0\0\xf0\x3f', 'latin1')))
    throw new ProtocolError('MongoDB does not say that it is well')
}
