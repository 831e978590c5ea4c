// How many requests are worked on at once. Watches and other long requests do not count; system:masters is exempt.
// Upstream's limits without API priority and fairness: 400 reading, 200 mutating.

import { type UserInfo, tooManyRequests } from '@binnacle/api'

export interface InFlightLimits {
  reading: number
  mutating: number
}

export const upstreamLimits: InFlightLimits = { reading: 400, mutating: 200 }

export class InFlight {
  readonly #limits: InFlightLimits
  readonly #now = { reading: 0, mutating: 0 }

  constructor(limits: InFlightLimits) {
    this.#limits = limits
  }

  /** The returned function is called when the request is done. Throws TooManyRequests. */
  enter(kind: keyof InFlightLimits, user: UserInfo): () => void {
    if (this.#now[kind] >= this.#limits[kind] && !user.groups.includes('system:masters')) {
      throw tooManyRequests('Too many requests, please try again later.', 1)
    }
    this.#now[kind]++
    return () => {
      this.#now[kind]--
    }
  }
}
