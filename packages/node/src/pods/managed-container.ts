// What the worker of a pod remembers of one of its containers beside the runtime's snapshot.

import type { Clock } from '@binnacle/api'
import { BackOff } from './back-off.ts'
import type { ContainerView } from './pod-status.ts'
import type { Prober } from './prober.ts'

/** Milliseconds before a container that could not be made is tried again, the first time. */
const startRetryMs = 1000

export interface ManagedContainer extends ContainerView {
  prober?: Prober | undefined
  /** Between restarts; without a wait before the first. */
  crashes: BackOff
  /** Id of the container whose end `crashes` has counted. */
  countedEnd?: string | undefined
  /** The wait after that end is not over yet. */
  isBackingOff: boolean
  /** After failures to make or start the container. */
  starts: BackOff
  /** Between looks for an image that is missing. */
  pulls: BackOff
  stopping?: Promise<void> | undefined
}

export function newManagedContainer(clock: Clock): ManagedContainer {
  return {
    restartCount: 0,
    started: false,
    ready: false,
    isBackingOff: false,
    crashes: new BackOff(clock),
    starts: new BackOff(clock, startRetryMs),
    pulls: new BackOff(clock),
  }
}
