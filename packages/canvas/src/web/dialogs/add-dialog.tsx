// What can be added, found by typing.

import { Command } from 'cmdk'
import { Dialog } from 'radix-ui'
import { type JSX, useState } from 'react'
import { add, addables } from '../state/adding.ts'
import { openDialog, setView, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { listFilter } from '../ui/list-filter.ts'
import { Icon } from '../ui/icons.tsx'

export function AddDialog(): JSX.Element {
  const isOpen = useCanvas((state) => state.dialog === 'add')
  const adding = useCanvas((state) => state.adding)
  const leave = (): void => {
    openDialog(undefined)
    setView({ adding: undefined })
  }
  return (
    <Dialog.Root open={isOpen} onOpenChange={(open) => open || leave()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="command" aria-describedby={undefined}>
          <Dialog.Title className="sr">
            {adding?.from === undefined ? texts.add.title : texts.graph.addHere}
          </Dialog.Title>
          <Command label={texts.add.title} filter={listFilter} loop>
            <QueryInput placeholder={texts.add.placeholder} initial={adding?.query ?? ''} />
            <Command.List>
              <Command.Empty>{texts.add.none}</Command.Empty>
              {addables.map((addable) => (
                <Command.Item
                  key={addable.id}
                  value={addable.id}
                  keywords={[addable.title, addable.words]}
                  onSelect={() => add(addable)}
                >
                  <span className="tile small" style={{ '--hue': `var(${addable.hue})` }}>
                    <Icon name={addable.icon} />
                  </span>
                  <b>{addable.title}</b>
                  <span className="meta clip">{addable.text}</span>
                </Command.Item>
              ))}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** An input that begins with words and is then the person's. */
export function QueryInput({ placeholder, initial }: { placeholder: string; initial: string }): JSX.Element {
  const [query, setQuery] = useState(initial)
  return <Command.Input value={query} onValueChange={setQuery} placeholder={placeholder} autoFocus />
}
