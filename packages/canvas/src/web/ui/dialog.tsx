// A modal dialog: Radix keeps the focus inside and gives it back.

import { Dialog as Radix } from 'radix-ui'
import type { JSX, ReactNode } from 'react'
import { texts } from '../texts.ts'
import { Icon } from './icons.tsx'

interface DialogProps {
  title: string
  description?: string
  open: boolean
  onClose: () => void
  narrow?: boolean
  footer?: ReactNode
  children: ReactNode
}

export function Dialog({ title, description, open, onClose, narrow, footer, children }: DialogProps): JSX.Element {
  return (
    <Radix.Root open={open} onOpenChange={(next) => next || onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="veil" />
        <Radix.Content
          className={narrow === true ? 'dialog narrow' : 'dialog'}
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
        >
          <header>
            <div className="grow">
              <Radix.Title>{title}</Radix.Title>
              {description !== undefined && <Radix.Description className="meta">{description}</Radix.Description>}
            </div>
            <Radix.Close className="btn bare icon" aria-label={texts.close}>
              <Icon name="close" />
            </Radix.Close>
          </header>
          <div className="body">{children}</div>
          {footer !== undefined && <footer>{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
