// Watches one TCP connection through the proxy. Bytes are read off the sockets' own counts; only as long as the
// connection may be HTTP are they looked at, after they have been passed on.

import type { Socket } from 'node:net'
import { HttpExchanges } from './http-exchanges.ts'
import type { Clock } from '@binnacle/api'
import type { Tally } from './tally.ts'

/** How long a connection that nobody accepts is kept for its caller to be found, in milliseconds. */
const refusalWaitMs = 50

export class TcpMeter {
  readonly #clock: Clock
  readonly #tally: Tally
  readonly #client: Socket
  #upstream: Socket | undefined
  #exchanges: HttpExchanges | undefined
  /** Bytes that have been counted. */
  #in = 0
  #out = 0

  constructor(tally: Tally, client: Socket, clock: Clock) {
    this.#clock = clock
    this.#tally = tally
    this.#client = client
  }

  /**
   * No backend accepted. Resolves when it is known whose connection this is, or nearly at once: one that is reset at once
   * is gone before anybody can look, and who it is that gets no answer is what one wants to know most.
   */
  failed(): Promise<void> {
    this.#tally.counters.failures++
    this.#tally.speaks('tcp')
    return new Promise((resolve) => {
      const cancel = this.#clock.after(refusalWaitMs, resolve)
      void this.#tally.sourceKnown.finally(() => {
        cancel()
        resolve()
      })
    })
  }

  /** To be called when the bytes have been set to flow, so that each piece is passed on before it is looked at here. */
  joined(upstream: Socket): void {
    this.#upstream = upstream
    const { counters } = this.#tally
    counters.opened++
    counters.open++
    const exchanges = new HttpExchanges({
      onRequest: () => {
        this.#tally.speaks('http')
        this.#tally.counters.requests++
      },
      onResponse: (code, latencyMs) => this.#tally.counters.response(code, latencyMs),
      onOpaque: () => {
        this.#tally.speaks('tcp')
        this.#client.off('data', fromClient)
        upstream.off('data', fromServer)
      },
    })
    this.#exchanges = exchanges
    const fromClient = (bytes: Buffer): void => exchanges.fromClient(bytes, performance.now())
    const fromServer = (bytes: Buffer): void => exchanges.fromServer(bytes, performance.now())
    this.#client.on('data', fromClient)
    upstream.on('data', fromServer)
  }

  /** Counts the bytes that have passed since the last time. */
  settleBytes(): void {
    if (this.#upstream === undefined) return
    const { bytesRead: received } = this.#client
    const { bytesRead: sent } = this.#upstream
    if (received === this.#in && sent === this.#out) return
    const { counters } = this.#tally
    counters.bytesIn += received - this.#in
    counters.bytesOut += sent - this.#out
    this.#in = received
    this.#out = sent
  }

  /** The client's side is closed. */
  ended(): void {
    if (this.#upstream === undefined) return
    this.settleBytes()
    const { counters } = this.#tally
    for (let left = this.#exchanges?.unanswered ?? 0; left > 0; left--) counters.response(0)
    counters.open--
    this.#tally.speaks('tcp')
  }
}
