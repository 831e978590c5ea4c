// First words of the protocols that speak in lines, up to the point where it is known that the other side answers and takes
// the credentials. No driver is needed for that.

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
