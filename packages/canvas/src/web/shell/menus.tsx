// The menus of the top bar, as one part that is loaded after the first screen.

import { DropdownMenu } from 'radix-ui'
import type { JSX, ReactNode } from 'react'
import { mayAdd, mayEdit } from '../state/permissions.ts'
import type { Environments } from '../state/environments.ts'
import { promote, promotionsOf } from '../state/promoting.ts'
import { newestRelease } from '../state/releases.ts'
import { close, open } from '../state/session.ts'
import { openDialog, setView, useCanvas } from '../state/store.ts'
import { switchTheme } from '../state/theme.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'

interface EnvironmentMenuProps {
  label: string
  environments: Environments
  children: ReactNode
}

/** Another cluster has a Canvas of its own: it is named, and not offered. */
export function EnvironmentMenu({ label, environments, children }: EnvironmentMenuProps): JSX.Element {
  const application = useCanvas((state) => state.place?.application ?? '')
  const { home, all, here } = environments
  const live = useCanvas((state) => state.editor.document.live)
  const canEdit = useCanvas(mayEdit)
  const promotions = canEdit ? promotionsOf(environments, newestRelease(live.values(), application)) : []
  const go = (namespace: string): void => open({ application, namespace, ...(namespace === home ? {} : { home }) })
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="pill" aria-label={`${texts.environment.pick}: ${label}`}>
        {children}
        <Icon name="down" size={12} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" sideOffset={4}>
          <DropdownMenu.Item onSelect={() => go(home)}>
            <span className="grow">{texts.environment.home}</span>
            <span className="meta">{home}</span>
          </DropdownMenu.Item>
          {all.map(({ metadata, spec }) => (
            <DropdownMenu.Item
              key={metadata.name}
              disabled={spec.cluster !== undefined}
              onSelect={() => go(spec.namespace)}
            >
              <span className="grow">{metadata.name}</span>
              {metadata.name === here?.metadata.name && <Icon name="ok" size={12} />}
              <span className="meta">
                {spec.cluster === undefined ? spec.namespace : texts.environment.elsewhere(spec.cluster.context)}
              </span>
            </DropdownMenu.Item>
          ))}
          {promotions.length > 0 && <DropdownMenu.Separator className="separator" />}
          {promotions.map(({ refused, ...promotion }) => {
            const name = promotion.to.metadata.name ?? ''
            return (
              <DropdownMenu.Item key={name} disabled={refused !== undefined} onSelect={() => void promote(promotion)}>
                <Icon name="out" />
                <span className="grow">{texts.environment.promote(promotion.release.spec.revision, name)}</span>
                <span className="meta">
                  {refused ?? (promotion.to.spec.protected === true && texts.environment.protected)}
                </span>
              </DropdownMenu.Item>
            )
          })}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

export function MoreMenu(): JSX.Element {
  const canAdd = useCanvas(mayAdd)
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="btn icon bare" aria-label={texts.more}>
        <Icon name="more" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
          <DropdownMenu.Item onSelect={() => openDialog('releases')}>
            <Icon name="history" />
            {texts.releases.title}
          </DropdownMenu.Item>
          {canAdd && (
            <DropdownMenu.Item onSelect={() => openDialog('import')}>
              <Icon name="download" />
              {texts.start.import}
            </DropdownMenu.Item>
          )}
          <DropdownMenu.Item onSelect={() => openDialog('kinds')}>
            <Icon name="obj" />
            {texts.kinds.title}
          </DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => switchTheme()}>
            <Icon name="sun" />
            {texts.palette.theme}
          </DropdownMenu.Item>
          <DropdownMenu.Separator className="separator" />
          <DropdownMenu.Item onSelect={() => openDialog('shortcuts')}>
            <Icon name="help" />
            {texts.palette.shortcuts}
          </DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => setView({ guide: 'canvas.md' })}>
            <Icon name="log" />
            {texts.guide.title}
          </DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => setView({ isTouring: true })}>
            <Icon name="play" />
            {texts.palette.tour}
          </DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => close()}>
            <Icon name="list" />
            {texts.applications}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
