// One forward: a port of this machine's loopback whose connections lead to a port of a pod, each through a tunnel of its
// own, so that one that is read slowly holds up no other. It ends when it is stopped or when its target is deleted.

import { type Server, type Socket, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Clock, Pod, Service } from '@binnacle/api'
import {
  type ApiConnection,
  type Client,
  Informer,
  connectToPod,
  forwardSocket,
  pods,
  services,
} from '@binnacle/client'
import { type PodPort, readyPodBehind } from './forward-target.ts'

export type ForwardKind = 'Pod' | 'Service'

/** What the page shows. */
export interface ForwardState {
  id: string
  kind: ForwardKind
  namespace: string
  name: string
  /** Of the pod or the Service. */
  port: number
  /** On 127.0.0.1. */
  localPort: number
  state: 'Listening' | 'Ended'
  /** That are open now. */
  connections: number
  /** Where the newest connection led. */
  pod?: string
  /** Why it ended, or what the newest connection failed of. */
  message?: string
}

export interface PortForwardOptions {
  id: string
  target: { kind: 'Pod'; object: Pod } | { kind: 'Service'; object: Service }
  port: number
  api: ApiConnection
  client: Client
  clock: Clock
}

/** Nothing outside this machine may come in by the user's credentials. */
const loopback = '127.0.0.1'
/** Below it a port is the administrator's. */
const firstFreePort = 1024
const maxConnections = 256

export class PortForward {
  readonly id: string
  readonly #options: PortForwardOptions
  /** As the server said last. */
  #target: PortForwardOptions['target']
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #following = new AbortController()
  #localPort = 0
  #isEnded = false
  #pod: string | undefined
  #message: string | undefined

  constructor(options: PortForwardOptions) {
    this.id = options.id
    this.#options = options
    this.#target = options.target
    // The end of a request is not the end of its answer.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true })
    this.#server.maxConnections = maxConnections
    this.#server.on('connection', (socket) => void this.#serve(socket))
    this.#server.on('drop', () => {
      this.#message = `more than ${maxConnections} connections at once`
    })
  }

  /** At `localPort`, or at the target's own number where that is free, or at any. Rejects with the system's error. */
  async listen(localPort: number | undefined): Promise<void> {
    const { port } = this.#options
    if (localPort !== undefined) await this.#bind(localPort)
    else if (port < firstFreePort) await this.#bind(0)
    else {
      try {
        await this.#bind(port)
      } catch {
        // Somebody has it, or the system keeps it: the person did not ask for this one.
        await this.#bind(0)
      }
    }
    this.#server.on('error', (error) => this.end(error.message))
    this.#localPort = (this.#server.address() as AddressInfo).port
    this.#follow()
  }

  get state(): ForwardState {
    const { kind, object } = this.#target
    return {
      id: this.id,
      kind,
      namespace: object.metadata.namespace ?? '',
      name: object.metadata.name ?? '',
      port: this.#options.port,
      localPort: this.#localPort,
      state: this.#isEnded ? 'Ended' : 'Listening',
      connections: this.#sockets.size,
      ...(this.#pod === undefined ? {} : { pod: this.#pod }),
      ...(this.#message === undefined ? {} : { message: this.#message }),
    }
  }

  /** Breaks its connections off. */
  end(why?: string): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#message = why
    this.#following.abort()
    this.#server.close()
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async #bind(port: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once('error', reject)
    this.#server.listen({ port, host: loopback }, resolve)
    await promise.finally(() => {
      this.#server.off('error', reject)
      this.#server.off('listening', resolve)
    })
  }

  /** A name that is given again later is another object. */
  #follow(): void {
    const { client, clock } = this.#options
    const { kind, object } = this.#target
    const { namespace = '', name = '', uid } = object.metadata
    const selection = { client, clock, namespace, fieldSelector: `metadata.name=${name}` }
    const isSame = (other: Pod | Service): boolean => other.metadata.uid === uid
    const gone = (): void => this.end(`the ${kind} ${name} was deleted`)
    const informer: Informer<Pod> | Informer<Service> =
      kind === 'Pod'
        ? new Informer<Pod>({ ...selection, ref: pods })
        : new Informer<Service>({ ...selection, ref: services })
    if (kind === 'Service') {
      const take = (service: Service): void => {
        if (isSame(service)) this.#target = { kind, object: service }
      }
      const following = informer as Informer<Service>
      following.on({ added: take, updated: take })
    }
    informer.on({ deleted: (object) => isSame(object) && gone() })
    informer.start(this.#following.signal)
    informer.synced.then(
      // It may have gone before the first look.
      () => informer.list().some(isSame) || gone(),
      // Stopped before.
      () => undefined,
    )
  }

  async #serve(socket: Socket): Promise<void> {
    const gone = new AbortController()
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      gone.abort()
    })
    // `close` follows.
    socket.on('error', () => socket.destroy())
    try {
      const { api, clock } = this.#options
      const { namespace = '' } = this.#target.object.metadata
      const { pod, port } = await this.#podPort()
      const connection = await connectToPod(api, { namespace, pod, signal: gone.signal, clock })
      this.#pod = pod
      this.#say(undefined)
      this.#say(await forwardSocket(connection, { socket, port }))
    } catch (error) {
      // A client that did not wait is no fault of the target's.
      if (gone.signal.aborted) return
      socket.resetAndDestroy()
      this.#say(error instanceof Error ? error.message : String(error))
    }
  }

  #say(message: string | undefined): void {
    if (!this.#isEnded) this.#message = message
  }

  async #podPort(): Promise<PodPort> {
    const { client, port } = this.#options
    const { kind, object } = this.#target
    if (kind === 'Pod') return { pod: object.metadata.name ?? '', port }
    return readyPodBehind(client, { service: object, port, current: this.#pod })
  }
}
