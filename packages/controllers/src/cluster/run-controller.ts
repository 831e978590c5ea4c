// A controller on the context's clock that tells its failures where the context says.

import { startController } from '@binnacle/client'
import type { Controller, ControllerOptions } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'

export function runController(
  { clock, onError }: ControllerContext,
  options: Omit<ControllerOptions, 'clock' | 'onError'>,
): Controller {
  return startController({ ...options, clock, ...(onError === undefined ? {} : { onError }) })
}
