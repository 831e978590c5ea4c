// Writes pod statuses: only the newest of each pod, only what differs from what was written, a bounded number at a time.
// Upstream: pkg/kubelet/status/status_manager.go.

import { type Clock, type Pod, type PodStatus, formatHostPorts, hostPortsAnnotation, isNotFound } from '@binnacle/api'
import { type Client, pods } from '@binnacle/client'

export interface StatusUpdate {
  pod: Pod
  status: PodStatus
  /** Of the port contract; written before the status that makes the pod ready. */
  hostPorts?: ReadonlyMap<string, number> | undefined
}

const concurrentWrites = 32
const retryMs = 1000

export class StatusManager {
  readonly #client: Client
  readonly #clock: Clock
  readonly #log: (message: string, error: unknown) => void
  readonly #pending = new Map<string, StatusUpdate>()
  readonly #writing = new Map<string, Promise<void>>()
  readonly #written = new Map<string, { status: string; hostPorts: string }>()
  #closed = false

  constructor(options: { client: Client; clock: Clock; log: (message: string, error: unknown) => void }) {
    this.#client = options.client
    this.#clock = options.clock
    this.#log = options.log
  }

  post(update: StatusUpdate): void {
    const uid = update.pod.metadata.uid ?? ''
    this.#pending.set(uid, update)
    this.#start()
  }

  /** Resolves when all that was posted for the pod is written, has failed and waits for its retry, or is given up. */
  async flush(uid: string): Promise<void> {
    while (!this.#closed && (this.#writing.has(uid) || this.#pending.has(uid))) {
      // What waits for its turn gets it when any of those under way ends; there are some, or it would not wait.
      await (this.#writing.get(uid) ?? Promise.race(this.#writing.values()))
    }
  }

  forget(uid: string): void {
    this.#pending.delete(uid)
    this.#written.delete(uid)
  }

  close(): void {
    this.#closed = true
    this.#pending.clear()
  }

  #start(): void {
    if (this.#closed) return
    for (const [uid, update] of this.#pending) {
      if (this.#writing.size >= concurrentWrites) return
      if (this.#writing.has(uid)) continue
      this.#pending.delete(uid)
      this.#writing.set(
        uid,
        this.#write(uid, update)
          .catch((error: unknown) => this.#retry(uid, update, error))
          .finally(() => {
            this.#writing.delete(uid)
            this.#start()
          }),
      )
    }
  }

  #retry(uid: string, update: StatusUpdate, error: unknown): void {
    if (isNotFound(error) || this.#closed) return
    this.#log(`cannot write the status of pod ${update.pod.metadata.namespace}/${update.pod.metadata.name}`, error)
    this.#clock.after(retryMs, () => {
      if (!this.#pending.has(uid)) this.post(update)
    })
  }

  async #write(uid: string, { pod, status, hostPorts }: StatusUpdate): Promise<void> {
    const { name = '', namespace = '' } = pod.metadata
    const key = { namespace, name }
    const last = this.#written.get(uid) ?? {
      status: '',
      hostPorts: pod.metadata.annotations?.[hostPortsAnnotation] ?? '',
    }
    if (hostPorts !== undefined && hostPorts.size > 0) {
      const text = formatHostPorts(hostPorts)
      if (text !== last.hostPorts) {
        const body = { metadata: { uid, annotations: { [hostPortsAnnotation]: text } } }
        await this.#client.patch(pods, key, { type: 'application/merge-patch+json', body })
        last.hostPorts = text
      }
    }
    const text = JSON.stringify(status)
    if (text !== last.status) {
      const body = { metadata: { uid }, status: withoutLeftovers(status) }
      await this.#client.patch(pods, key, {
        type: 'application/strategic-merge-patch+json',
        body,
        subresource: 'status',
      })
      last.status = text
    }
    this.#written.set(uid, last)
  }
}

/** A merge keeps what it is not told about: reason and message of a condition that no longer has them are taken away. */
function withoutLeftovers(status: PodStatus): object {
  const conditions = status.conditions?.map((condition) => ({ reason: null, message: null, ...condition }))
  return conditions === undefined ? status : { ...status, conditions }
}
