// Icon and hue of each family of kinds.

import type { Family } from '@binnacle/canvas-core'
import type { IconName } from '../ui/icons.tsx'

export const familyLooks: Readonly<Record<Family, { icon: IconName; hue: string }>> = {
  service: { icon: 'svc', hue: '--svc' },
  data: { icon: 'db', hue: '--db' },
  network: { icon: 'gw', hue: '--gw' },
  configuration: { icon: 'list', hue: '--obj' },
  job: { icon: 'run', hue: '--fn' },
  storage: { icon: 'db', hue: '--obj' },
  scaling: { icon: 'pulse', hue: '--ev' },
  access: { icon: 'lock', hue: '--obj' },
  other: { icon: 'obj', hue: '--obj' },
}
