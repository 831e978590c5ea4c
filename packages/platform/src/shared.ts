// What the controllers of the platform share beside their context.

import type { OwnedObjects } from './owned-objects.ts'
import type { PodWatch } from './pod-watch.ts'

export interface Shared {
  owned: OwnedObjects
  podWatch: PodWatch
  /** Resolves when everything that is looked at has been read once. */
  inStep: () => Promise<void>
}
