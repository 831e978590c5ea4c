// Connecting without a mouse, and to a group that is collapsed: a node, and a list of what it can be wired to. What cannot
// says why.

import { type ObjectKey, keyOf, legalSources, legalTargets, objectsOf, parseKey, whyNot } from '@binnacle/canvas-core'
import { Command } from 'cmdk'
import { Dialog } from 'radix-ui'
import type { JSX } from 'react'
import { type Connecting, act, leadElsewhere, openDialog, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { listFilter } from '../ui/list-filter.ts'
import { QueryInput } from './add-dialog.tsx'

export function ConnectDialog(): JSX.Element | undefined {
  const isOpen = useCanvas((state) => state.dialog === 'connect')
  const [first] = useCanvas((state) => state.selected)
  const asked = useCanvas((state) => state.connecting)
  const connecting: Connecting | undefined = asked ?? (first === undefined ? undefined : { end: 'to', other: first })
  return isOpen && connecting !== undefined ? <Choice {...connecting} /> : undefined
}

function Choice({ end, other, wire, group }: Connecting): JSX.Element {
  const document = useCanvas((state) => state.editor.document)
  const graph = useCanvas((state) => state.graph)
  const legal = new Set((end === 'to' ? legalTargets : legalSources)(document, other))
  const shown = new Set(group?.nodes ?? graph.nodes.map(({ key }) => key))
  const rows = [...objectsOf(document).values()]
    .map(keyOf)
    .filter((key) => key !== other && key !== wire?.[end] && shown.has(key))
    .map((key) => ({ key, name: parseKey(key).name, kind: parseKey(key).kind, isLegal: legal.has(key) }))
  rows.sort((a, b) => Number(b.isLegal) - Number(a.isLegal) || (a.name < b.name ? -1 : 1))
  const why = (key: ObjectKey): string | undefined =>
    end === 'to' ? whyNot(document, other, key) : whyNot(document, key, other)
  const choose = (key: ObjectKey): void => {
    if (wire !== undefined) leadElsewhere(wire, end, key)
    else
      act(
        { type: 'connect', ...(end === 'to' ? { from: other, to: key } : { from: key, to: other }) },
        { label: title },
      )
    openDialog(undefined)
  }
  const title = titleOf({ end, other, ...(wire && { wire }), ...(group && { group }) })
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
                  onSelect={() => choose(key)}
                >
                  <Icon name={isLegal ? 'link' : 'lock'} />
                  <b>{name}</b>
                  <span className="meta clip">{isLegal ? kind : (why(key) ?? kind)}</span>
                </Command.Item>
              ))}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function titleOf({ end, other, wire, group }: Connecting): string {
  const name = parseKey(other).name
  if (wire !== undefined) {
    const [from, to] = [parseKey(wire.from).name, parseKey(wire.to).name]
    return end === 'to' ? texts.graph.leadTitle(from, to) : texts.graph.beginTitle(from, to)
  }
  if (group === undefined) return end === 'to' ? texts.graph.connectTitle(name) : texts.graph.connectFrom(name)
  const title = group.title ?? group.name
  return end === 'to' ? texts.graph.connectInto(name, title) : texts.graph.connectOutOf(name, title)
}
