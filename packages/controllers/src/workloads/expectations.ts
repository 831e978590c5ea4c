// What a controller has done that its informer has not shown yet. Until it has, the controller must not act on the
// difference: it would do everything twice. Upstream: UIDTrackingControllerExpectations.

/** After this long an event is taken to be lost, and the informer's state to be the truth again. */
const timeoutMs = 5 * 60_000

interface Pending {
  readonly uids: Set<string>
  since: number
}

export class Expectations {
  readonly #pending = new Map<string, Pending>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** The object with this uid was created, or its deletion was asked for, on behalf of `key`. */
  expect(key: string, uid: string): void {
    const pending = this.#pending.get(key) ?? { uids: new Set<string>(), since: 0 }
    pending.uids.add(uid)
    pending.since = this.#now()
    this.#pending.set(key, pending)
  }

  /** The informer has shown it. */
  observed(key: string, uid: string): void {
    const pending = this.#pending.get(key)
    pending?.uids.delete(uid)
    if (pending?.uids.size === 0) this.#pending.delete(key)
  }

  isPending(key: string, uid: string): boolean {
    return this.#pending.get(key)?.uids.has(uid) === true
  }

  isSatisfied(key: string): boolean {
    const pending = this.#pending.get(key)
    return pending === undefined || this.#now() - pending.since > timeoutMs
  }

  forget(key: string): void {
    this.#pending.delete(key)
  }
}
