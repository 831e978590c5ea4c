// A controller on the context's clock that looks at nothing before all informers are in step, and tells its failures
// where the context says. Upstream: cache.WaitForNamedCacheSync before the workers start.

import { startController } from '@binnacle/client'
import type { Controller, ControllerOptions } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'

export function runController(
  { clock, informers, onError }: ControllerContext,
  { reconcile, ...options }: Omit<ControllerOptions, 'clock' | 'onError'>,
): Controller {
  let inStep: Promise<void> | undefined
  return startController({
    ...options,
    clock,
    ...(onError === undefined ? {} : { onError }),
    // With half of the picture a bound claim would be lost, and a Service without its pods would lose its endpoints.
    reconcile: async (key, signal) => {
      await (inStep ??= informers.synced())
      return reconcile(key, signal)
    },
  })
}
