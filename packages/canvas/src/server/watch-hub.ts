// The page's WebSocket connections at /watch.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '@binnacle/api'
import type { ApiConnection } from '@binnacle/client'
import { WebSocketServer } from 'ws'
import { WatchSession } from './watch-session.ts'

/** Of one request of the page. */
const maxRequestBytes = 64 * 1024

export class WatchHub {
  readonly #options: { api: ApiConnection; clock: Clock }
  // Bytes that stay on this machine are not worth compressing.
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxRequestBytes,
  })
  readonly #sessions = new Set<WatchSession>()

  constructor(options: { api: ApiConnection; clock: Clock }) {
    this.#options = options
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const session = new WatchSession(webSocket, this.#options)
      this.#sessions.add(session)
      webSocket.once('close', () => this.#sessions.delete(session))
    })
  }

  close(): void {
    for (const session of this.#sessions) session.close()
    this.#server.close()
  }
}
