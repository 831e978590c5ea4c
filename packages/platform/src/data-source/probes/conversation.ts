// A TCP or TLS connection that is spoken on in turns: what a handshake needs, and no more.

import { type Socket, connect, isIP } from 'node:net'
import { type TLSSocket, connect as connectTls } from 'node:tls'

/** The other side ended, or said what the protocol does not allow. */
export class ProtocolError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ProtocolError'
  }
}

/** The other side does not take the credentials, or wants some. */
export class AccessDeniedError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AccessDeniedError'
  }
}

export interface Endpoint {
  host: string
  port: number
  tls: boolean
}

/** Bytes of an answer that are waited for at most. */
const longestAnswer = 1 << 20

export class Conversation {
  #socket: Socket | TLSSocket
  #chunks: AsyncIterator<Buffer>
  #buffer: Buffer = Buffer.alloc(0)
  readonly #host: string

  private constructor(socket: Socket | TLSSocket, host: string) {
    this.#socket = socket
    this.#host = host
    this.#chunks = socket.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>
  }

  /** Rejects with the system's error where there is no connection. `signal` ends the conversation at any time. */
  static async open({ host, port, tls }: Endpoint, signal: AbortSignal): Promise<Conversation> {
    const socket = connect({ host, port, signal })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject)
    })
    const conversation = new Conversation(socket, host)
    if (tls) await conversation.startTls()
    return conversation
  }

  /** All that follows is encrypted, and the certificate checked. */
  async startTls(): Promise<void> {
    const secure = connectTls({ socket: this.#socket, ...(isIP(this.#host) === 0 ? { servername: this.#host } : {}) })
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve).once('error', reject)
    })
    this.#socket = secure
    this.#chunks = secure.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>
  }

  write(data: string | Uint8Array): void {
    this.#socket.write(data)
  }

  /** Exactly so many bytes. */
  async bytes(count: number): Promise<Buffer> {
    if (count > longestAnswer) throw new ProtocolError('the answer is not of the expected protocol')
    while (this.#buffer.length < count) await this.#more()
    const taken = this.#buffer.subarray(0, count)
    this.#buffer = this.#buffer.subarray(count)
    return taken
  }

  /** Up to a line break, which is not part of it. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf('\n')
      if (end >= 0) return (await this.bytes(end + 1)).toString().trimEnd()
      if (this.#buffer.length > longestAnswer) throw new ProtocolError('the answer is not of the expected protocol')
      await this.#more()
    }
  }

  end(): void {
    this.#socket.destroy()
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next()
    if (next.done === true) throw new ProtocolError('the connection was closed before the answer')
    this.#buffer = Buffer.concat([this.#buffer, next.value])
  }
}
