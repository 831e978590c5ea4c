// One page's watches and followed logs over one WebSocket, since a browser opens six connections to a host at most. Who does not read
// holds up its own watches and nothing else, and is cut off when it does not answer.
//
//   page   { id, watch: path, resourceVersion?, labelSelector?, fieldSelector? }   { id, stop: true }
//   server { id, events: [...] }   { id, synced: resourceVersion }   { id, error: Status }   { id, end: true }
//
//   page   { id, log: path }                    server { id, text }   { id, error: Status }   { id, end: true }

import type { Clock, Status } from '@binnacle/api'
import { badRequest } from '@binnacle/api'
import type { ApiConnection } from '@binnacle/client'
import type { RawData, WebSocket } from 'ws'
import { EventBatch } from './event-batch.ts'
import { runText } from './upstream-text.ts'
import { type WatchRequest, runWatch } from './upstream-watch.ts'

const pingEachMs = 15_000
const maxWatches = 500
/** Of what waits for the page to read it before more is read from the API server. */
const highWaterBytes = 4 * 1024 * 1024

interface RunningWatch {
  batch: EventBatch
  stop: AbortController
}

export class WatchSession {
  readonly #socket: WebSocket
  readonly #api: ApiConnection
  readonly #clock: Clock
  readonly #watches = new Map<number, RunningWatch>()
  readonly #texts = new Map<number, AbortController>()
  /** In batches that are not sent yet. */
  #collectedBytes = 0
  #drained: PromiseWithResolvers<void> | undefined
  #isAlive = true
  #cancelPing: () => void = () => undefined

  constructor(socket: WebSocket, { api, clock }: { api: ApiConnection; clock: Clock }) {
    this.#socket = socket
    this.#api = api
    this.#clock = clock
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    socket.on('pong', () => (this.#isAlive = true))
    // A broken frame or connection ends in `close` as well.
    socket.on('error', () => socket.terminate())
    socket.once('close', () => this.#ended())
    this.#pingLater()
  }

  close(): void {
    this.#socket.close(1001, 'the server ends')
  }

  #receive(data: RawData, isBinary: boolean): void {
    const message = isBinary ? undefined : parseMessage(textOf(data))
    if (message === undefined) {
      this.#socket.close(1008, 'not a request for a watch')
      return
    }
    const { id } = message
    this.#stop(id)
    if (message.watch === undefined && message.log === undefined) return
    if (this.#watches.size + this.#texts.size >= maxWatches) {
      this.#send(id, { error: badRequest(`one page has at most ${maxWatches} watches`).status })
      return
    }
    if (message.watch !== undefined) void this.#run(id, message.watch)
    else if (message.log !== undefined) void this.#follow(id, message.log)
  }

  async #follow(id: number, path: string): Promise<void> {
    const stop = new AbortController()
    this.#texts.set(id, stop)
    const say = (rest: { text: string } | { error: Status } | { end: true }): void => {
      if (!stop.signal.aborted) this.#send(id, rest)
    }
    const outcome = await runText(this.#api, path, {
      signal: stop.signal,
      text: (text) => say({ text }),
      readable: () => this.#readable(),
    })
    say(outcome === undefined ? { end: true } : { error: outcome.status })
    if (this.#texts.get(id) === stop) this.#texts.delete(id)
  }

  async #run(id: number, request: WatchRequest): Promise<void> {
    const batch = new EventBatch({
      clock: this.#clock,
      send: (events, bytes) => {
        this.#collectedBytes -= bytes
        this.#sendBytes([Buffer.from(`{"id":${id},"events":[`), ...events, Buffer.from(']}')])
      },
    })
    const stop = new AbortController()
    const watch: RunningWatch = { batch, stop }
    this.#watches.set(id, watch)
    const say = (rest: { synced: string } | { error: Status } | { end: true }): void => {
      if (stop.signal.aborted) return
      batch.flush()
      this.#send(id, rest)
    }
    const outcome = await runWatch(this.#api, request, {
      signal: stop.signal,
      event: (event) => {
        if (stop.signal.aborted) return
        this.#collectedBytes += event.length
        batch.add(event)
      },
      synced: (resourceVersion) => say({ synced: resourceVersion }),
      readable: () => this.#readable(),
    })
    say(outcome === undefined ? { end: true } : { error: outcome.status })
    if (this.#watches.get(id) === watch) this.#watches.delete(id)
  }

  /** Resolves when the page has read enough of what waits for it. */
  async #readable(): Promise<void> {
    if (this.#waitingBytes() < highWaterBytes) return
    this.#drained ??= Promise.withResolvers()
    await this.#drained.promise
  }

  #waitingBytes(): number {
    return this.#socket.bufferedAmount + this.#collectedBytes
  }

  #send(id: number, rest: object): void {
    this.#sendBytes([Buffer.from(JSON.stringify({ id, ...rest }))])
  }

  #sendBytes(parts: readonly Buffer[]): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#socket.send(Buffer.concat(parts), { binary: false }, (error) => {
      // A socket that fails says so by `error` and `close` as well.
      if (error !== undefined && error !== null) return
      // What moves is alive, even if its pong waits behind much else.
      this.#isAlive = true
      if (this.#waitingBytes() < highWaterBytes) this.#release()
    })
  }

  #release(): void {
    this.#drained?.resolve()
    this.#drained = undefined
  }

  #stop(id: number): void {
    this.#texts.get(id)?.abort()
    this.#texts.delete(id)
    const watch = this.#watches.get(id)
    if (watch === undefined) return
    this.#watches.delete(id)
    watch.stop.abort()
    this.#collectedBytes -= watch.batch.discard()
  }

  #pingLater(): void {
    this.#cancelPing = this.#clock.after(pingEachMs, () => {
      if (!this.#isAlive) {
        this.#socket.terminate()
        return
      }
      this.#isAlive = false
      this.#socket.ping()
      this.#pingLater()
    })
  }

  #ended(): void {
    this.#cancelPing()
    for (const id of [...this.#watches.keys(), ...this.#texts.keys()]) this.#stop(id)
    this.#release()
  }
}

interface Message {
  id: number
  /** Neither: stop. */
  watch?: WatchRequest
  log?: string
}

/** undefined for what is no request. */
function parseMessage(text: string): Message | undefined {
  let fields: Record<string, unknown> | null
  try {
    fields = JSON.parse(text) as Record<string, unknown> | null
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  const id = fields?.['id']
  if (fields === null || !Number.isSafeInteger(id)) return undefined
  if (fields['stop'] === true) return { id: id as number }
  const { watch: path, log } = fields
  if (typeof log === 'string') return { id: id as number, log }
  if (typeof path !== 'string') return undefined
  return {
    id: id as number,
    watch: {
      path,
      ...textField(fields, 'resourceVersion'),
      ...textField(fields, 'labelSelector'),
      ...textField(fields, 'fieldSelector'),
    },
  }
}

function textField<K extends string>(fields: Record<string, unknown>, name: K): { [key in K]?: string } {
  const value = fields[name]
  return typeof value === 'string' && value !== '' ? ({ [name]: value } as { [key in K]: string }) : {}
}

function textOf(data: RawData): string {
  return Array.isArray(data) ? Buffer.concat(data).toString() : Buffer.from(data as ArrayBuffer).toString()
}
