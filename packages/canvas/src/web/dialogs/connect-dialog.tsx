// Connecting without a mouse: the selected node, and a list of what it can be wired to. What cannot says why.

import { keyOf, legalTargets, objectsOf, parseKey, whyNot } from '@binnacle/canvas-core'
import { Command } from 'cmdk'
import { Dialog } from 'radix-ui'
import type { JSX } from 'react'
import { act, leadElsewhere, openDialog, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { listFilter } from '../ui/list-filter.ts'
import { QueryInput } from './add-dialog.tsx'

export function ConnectDialog(): JSX.Element | undefined {
  const isOpen = useCanvas((state) => state.dialog === 'connect')
  const selected = useCanvas((state) => state.selected)
  const document = useCanvas((state) => state.editor.document)
  const graph = useCanvas((state) => state.graph)
  const leading = useCanvas((state) => state.leading)
  const [first] = selected
  const from = leading?.from ?? first
  if (!isOpen || from === undefined) return undefined
  const legal = new Set(legalTargets(document, from))
  const shown = new Set(graph.nodes.map(({ key }) => key))
  const others = [...objectsOf(document).values()]
    .map(keyOf)
    .filter((key) => key !== from && key !== leading?.to && shown.has(key))
  const rows = others.map((key) => ({
    key,
    name: parseKey(key).name,
    kind: parseKey(key).kind,
    isLegal: legal.has(key),
  }))
  rows.sort((a, b) => Number(b.isLegal) - Number(a.isLegal) || (a.name < b.name ? -1 : 1))
  const title =
    leading === undefined
      ? texts.graph.connectTitle(parseKey(from).name)
      : texts.graph.leadTitle(parseKey(from).name, parseKey(leading.to).name)
  return (
    <Dialog.Root open onOpenChange={(open) => open || openDialog(undefined)}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="command" aria-describedby={undefined}>
          <Dialog.Title className="sr">{title}</Dialog.Title>
          <Command label={title} filter={listFilter} loop>
            <QueryInput placeholder={title} initial="" />
            <Command.List>
              <Command.Empty>{texts.graph.connectNone}</Command.Empty>
              {rows.map(({ key, name, kind, isLegal }) => (
                <Command.Item
                  key={key}
                  value={key}
                  keywords={[name, kind]}
                  disabled={!isLegal}
                  onSelect={() => {
                    if (leading === undefined) act({ type: 'connect', from, to: key }, { label: title })
                    else leadElsewhere(leading, key)
                    openDialog(undefined)
                  }}
                >
                  <Icon name={isLegal ? 'link' : 'lock'} />
                  <b>{name}</b>
                  <span className="meta clip">{isLegal ? kind : (whyNot(document, from, key) ?? kind)}</span>
                </Command.Item>
              ))}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
