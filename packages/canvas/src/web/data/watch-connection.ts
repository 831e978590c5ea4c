// All watches of the page over one WebSocket to its server. A connection that is lost is made again, and each watch goes
// on behind the last change that it saw. The protocol is in src/server/watch-session.ts.

import type { Clock, KubeObject, Status, WatchEvent } from '@binnacle/api'
import type { Stream, StreamListener, TextStreams } from './text-streams.ts'

export interface WatchTarget {
  /** `/apis/apps/v1/namespaces/shop/deployments`, as the API server has it. */
  path: string
  labelSelector?: string
  fieldSelector?: string
}

export interface WatchListener<T extends KubeObject = KubeObject> {
  /** Changes in their order; while the state at the start is told, each object is ADDED. Bookmarks are left out. */
  events(batch: readonly WatchEvent<T>[]): void
  /** All that there was has been told. */
  synced(): void
  /** What was told is out of date beyond repair: the state is told anew, and `synced` says when it is whole. */
  reset(): void
  /**
   * The server refuses or does not answer. The watch tries again by itself, more and more rarely; what is forbidden or
   * not served it tries after minutes only, and when the connection is made anew.
   */
  error(status: Status): void
}

export type ConnectionState = 'connecting' | 'open' | 'closed'

/** The part of a browser's WebSocket that is needed here. */
export interface PageSocket {
  send(text: string): void
  close(): void
  addEventListener(type: 'open' | 'close' | 'message', listener: (event: object) => void): void
}

export interface WatchConnectionOptions {
  clock: Clock
  webSocket?: new (url: string) => PageSocket
}

interface Watch {
  target: WatchTarget
  listener: WatchListener
  /** Of the run at the server; undefined while there is none. */
  id: number | undefined
  /** Behind which a new run goes on; undefined until the state has been told whole. */
  resourceVersion: string | undefined
  /** The listener has something that a reset would take back. */
  hasTold: boolean
  /** Runs since the last that lasted. */
  failures: number
  startedAt: number
  cancelRetry: () => void
}

interface ServerMessage {
  id: number
  text?: string
  events?: readonly WatchEvent[]
  synced?: string
  error?: Status
  end?: boolean
}

const firstRetryMs = 250
const maxReconnectMs = 5000
const maxRestartMs = 30_000
/** What is forbidden, or not served at all, mostly stays so. */
const refusedRestartMs = 180_000
const refusals: ReadonlySet<number | undefined> = new Set([403, 404])
/** Rights and kinds may just be being made. */
const quickTries = 3
/** A run that was as long has not failed when it ends: servers end each watch after some minutes. */
const lastingMs = 10_000

export class WatchConnection implements TextStreams {
  readonly #url: string
  readonly #clock: Clock
  readonly #webSocket: new (url: string) => PageSocket
  readonly #watches = new Set<Watch>()
  readonly #byId = new Map<number, Watch>()
  readonly #streams = new Map<number, StreamListener>()
  readonly #observers = new Set<() => void>()
  #state: ConnectionState = 'connecting'
  #socket: PageSocket | undefined
  #lastId = 0
  #failures = 0
  #isEnded = false
  #cancelReconnect: () => void = () => undefined

  /** `url`: `ws://127.0.0.1:7070/watch` */
  constructor(url: string, { clock, webSocket = globalThis.WebSocket }: WatchConnectionOptions) {
    this.#url = url
    this.#clock = clock
    this.#webSocket = webSocket
    this.#connect()
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Told of each change of `state`, until the returned function is called. */
  subscribe(observer: () => void): () => void {
    this.#observers.add(observer)
    return () => this.#observers.delete(observer)
  }

  /** Watches until the returned function is called. */
  watch<T extends KubeObject>(target: WatchTarget, listener: WatchListener<T>): () => void {
    const watch: Watch = {
      target,
      listener,
      id: undefined,
      resourceVersion: undefined,
      hasTold: false,
      failures: 0,
      startedAt: 0,
      cancelRetry: () => undefined,
    }
    this.#watches.add(watch)
    this.#begin(watch)
    return () => {
      if (!this.#watches.delete(watch)) return
      watch.cancelRetry()
      if (watch.id === undefined) return
      this.#byId.delete(watch.id)
      if (this.#state === 'open') this.#socket?.send(JSON.stringify({ id: watch.id, stop: true }))
    }
  }

  /** Follows the log at `path`. A connection that is lost ends it with an error: who asked begins anew. */
  open(path: string, listener: StreamListener): Stream {
    const id = ++this.#lastId
    if (this.#state !== 'open') {
      listener.error({ message: 'the connection to the Canvas server is lost' })
      return { stop: () => undefined }
    }
    this.#streams.set(id, listener)
    this.#socket?.send(JSON.stringify({ id, log: path }))
    return {
      stop: () => {
        if (this.#streams.delete(id) && this.#state === 'open') this.#socket?.send(JSON.stringify({ id, stop: true }))
      },
    }
  }

  /** For good. */
  close(): void {
    this.#isEnded = true
    this.#cancelReconnect()
    for (const watch of this.#watches) watch.cancelRetry()
    this.#watches.clear()
    this.#socket?.close()
    this.#lost()
  }

  #connect(): void {
    this.#setState('connecting')
    const socket = new this.#webSocket(this.#url)
    this.#socket = socket
    const ifCurrent = (run: () => void) => (): void => {
      if (this.#socket === socket) run()
    }
    socket.addEventListener(
      'open',
      ifCurrent(() => this.#opened()),
    )
    socket.addEventListener(
      'close',
      ifCurrent(() => this.#lost()),
    )
    socket.addEventListener('message', (event) => {
      if (this.#socket !== socket || !('data' in event)) return
      this.#receive(JSON.parse(String(event.data)) as ServerMessage)
    })
  }

  #opened(): void {
    this.#failures = 0
    this.#setState('open')
    for (const watch of this.#watches) {
      // What waited for the server's recovery need not wait any longer.
      watch.cancelRetry()
      this.#begin(watch)
    }
  }

  #lost(): void {
    this.#socket = undefined
    for (const watch of this.#byId.values()) watch.id = undefined
    this.#byId.clear()
    const streams = [...this.#streams.values()]
    this.#streams.clear()
    this.#setState('closed')
    for (const stream of streams) stream.error({ message: 'the connection to the Canvas server is lost' })
    if (this.#isEnded) return
    const delayMs = Math.min(firstRetryMs * 2 ** this.#failures++, maxReconnectMs)
    this.#cancelReconnect = this.#clock.after(delayMs, () => this.#connect())
  }

  #begin(watch: Watch): void {
    if (this.#state !== 'open') return
    const { target, listener, resourceVersion } = watch
    if (resourceVersion === undefined && watch.hasTold) {
      watch.hasTold = false
      listener.reset()
    }
    watch.id = ++this.#lastId
    watch.startedAt = this.#clock.now()
    this.#byId.set(watch.id, watch)
    const { path, labelSelector, fieldSelector } = target
    this.#socket?.send(JSON.stringify({ id: watch.id, watch: path, resourceVersion, labelSelector, fieldSelector }))
  }

  #receive(message: ServerMessage): void {
    const stream = this.#streams.get(message.id)
    if (stream === undefined) this.#receiveWatch(message)
    else this.#receiveText(stream, message)
  }

  #receiveText(stream: StreamListener, { id, text, error, end }: ServerMessage): void {
    if (text !== undefined) stream.text(text)
    if (error === undefined && end !== true) return
    this.#streams.delete(id)
    if (error === undefined) stream.end()
    else stream.error(error)
  }

  #receiveWatch({ id, events, synced, error, end }: ServerMessage): void {
    const watch = this.#byId.get(id)
    // It was stopped while the message was on its way.
    if (watch === undefined) return
    if (events !== undefined) tell(watch, events)
    if (synced !== undefined) {
      watch.resourceVersion = synced
      watch.listener.synced()
    }
    if (error === undefined && end !== true) return
    // A listener may have stopped it just now.
    if (!this.#watches.has(watch)) return
    this.#byId.delete(id)
    watch.id = undefined
    if (error?.code === 410) watch.resourceVersion = undefined
    else if (error !== undefined) watch.listener.error(error)
    this.#beginAgain(watch, { isRefused: refusals.has(error?.code) })
  }

  #beginAgain(watch: Watch, { isRefused }: { isRefused: boolean }): void {
    const hasLasted = this.#clock.now() - watch.startedAt >= lastingMs
    watch.failures = hasLasted ? 0 : watch.failures
    const isRare = isRefused && watch.failures >= quickTries
    const delayMs = isRare ? refusedRestartMs : Math.min(firstRetryMs * 2 ** watch.failures, maxRestartMs)
    watch.failures++
    watch.cancelRetry = this.#clock.after(delayMs, () => {
      if (this.#watches.has(watch) && watch.id === undefined) this.#begin(watch)
    })
  }

  #setState(state: ConnectionState): void {
    if (this.#state === state) return
    this.#state = state
    for (const observer of this.#observers) observer()
  }
}

function tell(watch: Watch, events: readonly WatchEvent[]): void {
  // Objects of the state at the start come in no order of versions: only what follows can be gone on behind.
  const version = events.at(-1)?.object.metadata.resourceVersion
  if (watch.resourceVersion !== undefined && version !== undefined) watch.resourceVersion = version
  const changes = events.filter(({ type }) => type !== 'BOOKMARK')
  if (changes.length === 0) return
  watch.hasTold = true
  watch.listener.events(changes)
}
