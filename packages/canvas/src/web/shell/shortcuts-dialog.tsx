// The list behind `?`.

import type { JSX } from 'react'
import { texts } from '../texts.ts'
import { Dialog } from '../ui/dialog.tsx'

export function ShortcutsDialog({ open, onClose }: { open: boolean; onClose: () => void }): JSX.Element {
  return (
    <Dialog title={texts.shortcuts.title} open={open} onClose={onClose} narrow>
      <dl className="shortcuts">
        {texts.shortcuts.rows.map(([keys, meaning]) => (
          <div className="row" key={keys}>
            <dt>
              {keys.split(' · ').map((one) => (
                <span className="kbd" key={one}>
                  {one}
                </span>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
