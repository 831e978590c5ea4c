// One-time links. A token says until when it holds and is sealed with a key, so that whoever can read the key (the
// owner of the data folder) makes links for a running server without asking it; the server remembers which were used.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '@binnacle/api'

const validForMs = 10 * 60_000
const nonceBytes = 18

export interface LoginLinkOptions {
  /** `http://127.0.0.1:7070` */
  origin: string
  /** At least 32 random bytes. */
  key: Uint8Array
  clock: Clock
  /** Where the link leads, with its query: `/` unless said otherwise. */
  path?: string
}

/** A link that logs a browser in, once, within ten minutes. */
export function createLoginLink({ origin, key, clock, path = '/' }: LoginLinkOptions): string {
  const content = `${(clock.now() + validForMs).toString(36)}.${randomBytes(nonceBytes).toString('base64url')}`
  const link = new URL(path, origin)
  link.searchParams.set('token', `${content}.${seal(content, key).toString('base64url')}`)
  return link.href
}

export class LoginTokens {
  readonly #key: Uint8Array
  readonly #clock: Clock
  /** Tokens that were used, with when they end anyway (milliseconds since the epoch). */
  readonly #used = new Map<string, number>()

  constructor(key: Uint8Array, clock: Clock) {
    this.#key = key
    this.#clock = clock
  }

  /** True once for each token. */
  redeem(token: string): boolean {
    const [, content = '', expiry = '', given = ''] = /^(([0-9a-z]{1,12})\.[\w-]+)\.([\w-]+)$/.exec(token) ?? []
    const wanted = seal(content, this.#key)
    const bytes = Buffer.from(given, 'base64url')
    if (bytes.length !== wanted.length || !timingSafeEqual(bytes, wanted)) return false
    const now = this.#clock.now()
    for (const [used, until] of this.#used) if (until <= now) this.#used.delete(used)
    const until = Number.parseInt(expiry, 36)
    if (until <= now || this.#used.has(content)) return false
    this.#used.set(content, until)
    return true
  }
}

function seal(content: string, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(content).digest()
}
