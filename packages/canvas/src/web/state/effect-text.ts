// What a deploy will do, in a line.

import type { DeployEffect } from '@binnacle/canvas-core'
import { texts } from '../texts.ts'

/** `api rolls, cache new` */
export function effectText(effects: readonly DeployEffect[]): string {
  const named = (effect: DeployEffect['effect']): string[] =>
    effects.filter((one) => one.effect === effect).map(({ name }) => name)
  const parts = [
    [named('rolls'), texts.staged.rolls],
    [named('restarts'), texts.staged.restarts],
    [named('scales'), texts.staged.scales],
    [named('creates'), texts.staged.newOnes],
    [named('deletes'), texts.staged.goneOnes],
  ] as const
  return parts
    .filter(([names]) => names.length > 0)
    .map(([names, say]) =>
      say(names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')),
    )
    .join(', ')
}
