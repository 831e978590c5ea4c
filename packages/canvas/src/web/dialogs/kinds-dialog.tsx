// Any kind of object of the namespace can be put on the canvas: the kinds that there are, those that have objects first.

import { Command } from 'cmdk'
import { Dialog } from 'radix-ui'
import { type JSX, useEffect, useState } from 'react'
import { type CountedKind, counted, furtherKinds, kindName } from '../data/discovery.ts'
import { toggleKind } from '../state/further-kinds.ts'
import { messageOf, watchConnection } from '../state/session.ts'
import { openDialog, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { listFilter } from '../ui/list-filter.ts'
import { QueryInput } from './add-dialog.tsx'

export function KindsDialog(): JSX.Element | undefined {
  const isOpen = useCanvas((state) => state.dialog === 'kinds')
  return isOpen ? <Kinds /> : undefined
}

function Kinds(): JSX.Element {
  const namespace = useCanvas((state) => state.place?.namespace ?? '')
  const shown = useCanvas((state) => state.furtherKinds)
  const [kinds, setKinds] = useState<readonly CountedKind[]>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    let isLeft = false
    readKinds(namespace).then(
      (found) => isLeft || setKinds(found),
      (error: unknown) => isLeft || setProblem(messageOf(error)),
    )
    return () => {
      isLeft = true
    }
  }, [namespace])
  return (
    <Dialog.Root open onOpenChange={(open) => open || openDialog(undefined)}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="command" aria-describedby={undefined}>
          <Dialog.Title className="sr">{texts.kinds.title}</Dialog.Title>
          <Command label={texts.kinds.title} filter={listFilter} loop>
            <QueryInput placeholder={texts.kinds.placeholder} initial="" />
            <Command.List>
              <Command.Empty>
                {problem !== '' ? problem : kinds === undefined ? texts.loading : texts.kinds.none}
              </Command.Empty>
              {kinds?.map(({ kind, count }) => {
                const name = kindName(kind)
                const isShown = shown.includes(name)
                return (
                  <Command.Item
                    key={name}
                    value={name}
                    keywords={[kind.kind, name]}
                    onSelect={() => toggleKind(watchConnection(), kind)}
                  >
                    <Icon name={isShown ? 'ok' : 'obj'} />
                    <b>{kind.kind}</b>
                    <span className="meta clip grow">{name}</span>
                    <span className="meta">{isShown ? texts.kinds.shown : texts.kinds.count(count)}</span>
                  </Command.Item>
                )
              })}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

async function readKinds(namespace: string): Promise<readonly CountedKind[]> {
  const kinds = await counted(await furtherKinds(), namespace)
  return kinds.toSorted(
    (a, b) => Number(b.count > 0) - Number(a.count > 0) || a.kind.kind.localeCompare(b.kind.kind, 'en'),
  )
}
