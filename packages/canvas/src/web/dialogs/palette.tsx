// Ctrl-K: everything on the canvas by name, and every command.

import { Command } from 'cmdk'
import { Dialog } from 'radix-ui'
import type { JSX } from 'react'
import { familyLooks } from '../graph/families.ts'
import { StateMark } from '../graph/node-state.tsx'
import { goTo } from '../graph/stage-keys.ts'
import { useShownNodes } from '../state/shown-nodes.ts'
import { tidy } from '../graph/tidy.ts'
import { startAdding } from '../state/adding.ts'
import { runDeploy } from '../state/deploying.ts'
import { mayAdd, mayDeploy, mayEdit, mayForwardPorts } from '../state/permissions.ts'
import { close } from '../state/session.ts'
import { act, openDialog, redoStep, setView, undoStep, useCanvas } from '../state/store.ts'
import { switchTheme } from '../state/theme.ts'
import { texts } from '../texts.ts'
import { Icon, type IconName } from '../ui/icons.tsx'
import { listFilter } from '../ui/list-filter.ts'
import { QueryInput } from './add-dialog.tsx'

export function Palette(): JSX.Element {
  const isOpen = useCanvas((state) => state.dialog === 'palette')
  const nodes = useShownNodes()
  const canAdd = useCanvas(mayAdd)
  const canEdit = useCanvas(mayEdit)
  const canDeploy = useCanvas(mayDeploy)
  const canForward = useCanvas(mayForwardPorts)
  const hasStaged = useCanvas((state) => state.editor.document.staged.size > 0)
  const hasOne = useCanvas((state) => state.selected.size === 1)
  const commands: readonly (readonly [IconName, string, () => void, boolean?])[] = [
    ['plus', texts.graph.quickAdd, () => startAdding(), canAdd],
    ['play', texts.staged.deploy, () => void runDeploy(), canDeploy && hasStaged],
    ['list', texts.staged.details, () => openDialog('details')],
    [
      'close',
      texts.staged.discardAll,
      () => act({ type: 'discardAll' }, { label: texts.staged.discardAll }),
      hasStaged,
    ],
    ['undo', texts.graph.undo, undoStep],
    ['redo', texts.graph.redo, redoStep],
    ['list', texts.inspector.rename, () => openDialog('rename'), canEdit && hasOne],
    ['link', texts.inspector.connect, () => openDialog('connect'), canEdit && hasOne],
    ['tidy', texts.graph.tidy, () => void tidy(nodes), canEdit],
    ['history', texts.releases.title, () => openDialog('releases')],
    ['download', texts.start.import, () => openDialog('import'), canAdd],
    ['obj', texts.kinds.title, () => openDialog('kinds')],
    ['log', texts.logs.all, () => setView({ panel: 'logs' })],
    ['out', texts.forwards.title, () => setView({ panel: 'ports' }), canForward],
    ['list', texts.rail.outline, () => setView({ isOutline: !useCanvas.getState().isOutline })],
    ['sun', texts.palette.theme, () => switchTheme()],
    ['help', texts.palette.shortcuts, () => openDialog('shortcuts')],
    ['log', texts.guide.title, () => setView({ guide: 'canvas.md' })],
    ['play', texts.palette.tour, () => setView({ isTouring: true })],
    ['out', texts.applications, close],
  ]
  const run = (action: () => void): void => {
    openDialog(undefined)
    action()
  }
  return (
    <Dialog.Root open={isOpen} onOpenChange={(open) => open || openDialog(undefined)}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="command" aria-describedby={undefined}>
          <Dialog.Title className="sr">{texts.palette.title}</Dialog.Title>
          <Command label={texts.palette.title} filter={listFilter} loop>
            <QueryInput placeholder={texts.palette.placeholder} initial="" />
            <Command.List>
              <Command.Empty>{texts.palette.none}</Command.Empty>
              {nodes.length > 0 && (
                <Command.Group heading={texts.palette.go}>
                  {nodes.map((node) => (
                    <Command.Item
                      key={node.key}
                      value={node.key}
                      keywords={[node.title, node.kindTitle, node.subtitle]}
                      onSelect={() => run(() => goTo(node.key))}
                    >
                      <span className="tile small" style={{ '--hue': `var(${familyLooks[node.family].hue})` }}>
                        <Icon name={familyLooks[node.family].icon} />
                      </span>
                      <b>{node.title}</b>
                      <span className="meta clip grow">{node.subtitle}</span>
                      <StateMark node={node} />
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              <Command.Group heading={texts.palette.commands}>
                {commands
                  .filter(([, , , isOffered = true]) => isOffered)
                  .map(([icon, label, action]) => (
                    <Command.Item key={label} value={label} keywords={[label]} onSelect={() => run(action)}>
                      <Icon name={icon} />
                      {label}
                    </Command.Item>
                  ))}
              </Command.Group>
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
