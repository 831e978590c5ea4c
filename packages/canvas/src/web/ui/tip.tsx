// The whole text of what is cut short, on hover and on focus.

import { Tooltip } from 'radix-ui'
import type { JSX, ReactElement } from 'react'

export function Tip({ text, children }: { text: string; children: ReactElement }): JSX.Element {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tip" sideOffset={6} collisionPadding={8}>
          {text}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  )
}
