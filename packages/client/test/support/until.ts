// Waits for what an informer is to come to.

import type { KubeObject } from '@binnacle/api'
import type { Informer } from '../../src/informer.ts'

/** Resolves when the informer's state is as `holds` wants it. */
export function until<T extends KubeObject>(informer: Informer<T>, holds: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (): void => {
    if (holds()) resolve()
  }
  const off = informer.on({ added: look, updated: look, deleted: look })
  look()
  return promise.finally(off)
}
