// Work queue and reconcile function together. Reconciling is level-based: it looks at the state as it is, never at the
// event that led here. What it returns or throws is the whole retry policy; one switch decides (controller-runtime's
// reconcileHandler).

import { type Clock, isConflict } from '@binnacle/api'
import { WorkQueue } from './work-queue.ts'

/** Nothing, or 0: done until something changes. `requeueAfterMs` above 0: look again then, whatever happens. */
export type Result = void | { requeueAfterMs: number }

/** No later try can succeed: reported once and not tried again until something changes. */
export class TerminalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TerminalError'
  }
}

export interface ControllerOptions {
  name: string
  reconcile(key: string, signal: AbortSignal): Promise<Result> | Result
  /** Keys worked on at the same time. */
  workers?: number
  clock: Clock
  /** A failed try, with the key; conflicts are part of normal life and are not told. */
  onError?: (error: unknown, key: string) => void
  /** Told of every try when it ends. */
  onReconciled?: (reconciliation: Reconciliation) => void
}

/** How a try ended, by the names of controller-runtime's metric controller_runtime_reconcile_total. */
export type Outcome = 'success' | 'requeue_after' | 'error' | 'terminal_error'

export interface Reconciliation {
  name: string
  key: string
  outcome: Outcome
  durationMs: number
}

export interface Controller {
  readonly name: string
  enqueue(key: string): void
  enqueueAfter(key: string, delayMs: number): void
  /** Resolves when no worker is busy any more. */
  stop(): Promise<void>
}

export function startController(options: ControllerOptions): Controller {
  return new QueueController(options)
}

class QueueController implements Controller {
  readonly name: string
  readonly #options: ControllerOptions
  readonly #queue: WorkQueue
  readonly #stopping = new AbortController()
  #busy = 0
  #scheduled = false
  #idle: (() => void) | undefined

  constructor(options: ControllerOptions) {
    this.name = options.name
    this.#options = options
    this.#queue = new WorkQueue({ clock: options.clock, onAdded: () => this.#schedule() })
  }

  enqueue(key: string): void {
    this.#queue.add(key)
  }

  enqueueAfter(key: string, delayMs: number): void {
    this.#queue.addAfter(key, delayMs)
  }

  async stop(): Promise<void> {
    this.#queue.close()
    this.#stopping.abort()
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
  }

  /** Workers start after the current batch of events, so that several events of one key are one piece of work. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      while (this.#busy < (this.#options.workers ?? 1) && this.#queue.length > 0) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#busy++
    for (let key = this.#queue.take(); key !== undefined; key = this.#queue.take()) {
      await this.#reconcile(key)
      this.#queue.done(key)
    }
    this.#busy--
    if (this.#busy === 0) this.#idle?.()
  }

  async #reconcile(key: string): Promise<void> {
    const { clock, name, onReconciled } = this.#options
    const begin = clock.now()
    const outcome = await this.#try(key)
    onReconciled?.({ name, key, outcome, durationMs: clock.now() - begin })
  }

  async #try(key: string): Promise<Outcome> {
    try {
      const result = await this.#options.reconcile(key, this.#stopping.signal)
      this.#queue.forget(key)
      if (result === undefined || result.requeueAfterMs <= 0) return 'success'
      this.#queue.addAfter(key, result.requeueAfterMs)
      return 'requeue_after'
    } catch (error) {
      const outcome = error instanceof TerminalError ? 'terminal_error' : 'error'
      if (this.#stopping.signal.aborted) return outcome
      if (!isConflict(error)) this.#options.onError?.(error, key)
      if (outcome === 'terminal_error') this.#queue.forget(key)
      else this.#queue.addRateLimited(key)
      return outcome
    }
  }
}
