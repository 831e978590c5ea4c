// The first screen: three ways to begin, and what there is already.

import type { KubeObject } from '@binnacle/api'
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { type JSX, useState } from 'react'
import { accessIn } from '../data/access.ts'
import { isKubeError, kube, pathOf } from '../data/kube-api.ts'
import { shopResources } from '../starters/shop.ts'
import { createApplication, messageOf, open } from '../state/session.ts'
import { act, openDialog, toast, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon, type IconName, Mark } from '../ui/icons.tsx'

type Starter = 'blank' | 'shop' | 'import'

interface ListedApplication extends KubeObject {
  status?: { resources?: number; readyResources?: number; revision?: number }
}

const starters: readonly { id: Starter; icon: IconName; title: string; text: string; name: string }[] = [
  { id: 'blank', icon: 'plus', title: texts.start.blank, text: texts.start.blankText, name: 'app' },
  { id: 'shop', icon: 'svc', title: texts.start.shop, text: texts.start.shopText, name: 'shop' },
  { id: 'import', icon: 'download', title: texts.start.import, text: texts.start.importText, name: 'app' },
]

const queries = new QueryClient({ defaultOptions: { queries: { retry: 1, refetchOnWindowFocus: false } } })

export function StartPage(): JSX.Element {
  return (
    <QueryClientProvider client={queries}>
      <Start />
    </QueryClientProvider>
  )
}

function Start(): JSX.Element {
  const namespace = useCanvas((state) => state.context?.namespace ?? 'default')
  // The engine alone counts traffic.
  const cluster = useCanvas(({ context }) => (context?.hasTraffic === false ? context.name : undefined))
  const [starter, setStarter] = useState<Starter>()
  const { data: applications } = useQuery({
    queryKey: ['applications', namespace],
    queryFn: () => listApplications(namespace),
    refetchInterval: 5000,
  })
  const { data: access } = useQuery({ queryKey: ['access', namespace], queryFn: () => accessIn(namespace) })
  const canCreate = access?.can('create', { group: 'binnacle.dev', resource: 'applications' }) !== false
  const chosen = starters.find(({ id }) => id === starter)
  return (
    <div className="start">
      <main>
        <Mark />
        <h1>{texts.start.title}</h1>
        <p>{texts.start.text(cluster)}</p>
        {!canCreate && <p>{texts.errors.noPermission(texts.start.makeOne(namespace))}</p>}
        <div className="starters">
          {(canCreate ? starters : []).map(({ id, icon, title, text }) => (
            <button key={id} className="starter" aria-pressed={starter === id} onClick={() => setStarter(id)}>
              <Icon name={icon} size={20} />
              <b>{title}</b>
              <span>{text}</span>
            </button>
          ))}
        </div>
        {chosen !== undefined && (
          <NameForm
            key={chosen.id}
            initial={freeApplicationName(chosen.name, applications ?? [])}
            onCreate={async (application) => {
              await createApplication({ application, namespace })
              begin(chosen.id, application, namespace)
            }}
          />
        )}
        {applications !== undefined && applications.length > 0 && (
          <section>
            <h2 className="meta">{texts.start.existing}</h2>
            <ul className="list">
              {applications.map(({ metadata, status }) => (
                <li key={`${metadata.namespace}/${metadata.name}`}>
                  <button
                    className="list-row"
                    onClick={() => open({ application: metadata.name ?? '', namespace: metadata.namespace ?? '' })}
                  >
                    <span className="tile small" style={{ '--hue': 'var(--svc)' }}>
                      <Icon name="svc" />
                    </span>
                    <b className="grow clip">{metadata.name}</b>
                    <span className="meta">{metadata.namespace}</span>
                    {status?.resources !== undefined && (
                      <span className="meta">{texts.state.of(status.readyResources ?? 0, status.resources)}</span>
                    )}
                    {status?.revision !== undefined && <span className="meta">r{status.revision}</span>}
                  </button>
                </li>
              ))}
            </ul>
          </section>
        )}
      </main>
    </div>
  )
}

const applicationsResource = { group: 'binnacle.dev', version: 'v1alpha1', resource: 'applications' }

/** All that there are; of the user's own namespace for who may not see the others. */
async function listApplications(namespace: string): Promise<readonly ListedApplication[]> {
  try {
    return (await kube.list<ListedApplication>(pathOf(applicationsResource))).items
  } catch (error) {
    if (!isKubeError(error) || error.code !== 403) throw error
    return (await kube.list<ListedApplication>(pathOf(applicationsResource, { namespace }))).items
  }
}

function begin(starter: Starter, application: string, namespace: string): void {
  if (starter === 'import') openDialog('import')
  if (starter === 'shop') {
    act(
      {
        type: 'batch',
        commands: shopResources({ application, namespace }).map(({ object, position }) => ({
          type: 'addResource',
          object,
          position,
        })),
      },
      { label: texts.start.shop },
    )
  }
}

function NameForm({ initial, onCreate }: { initial: string; onCreate: (name: string) => Promise<void> }): JSX.Element {
  const [name, setName] = useState(initial)
  const [isBusy, setBusy] = useState(false)
  const isGood = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)
  return (
    <form
      className="name-form"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isGood) return
        setBusy(true)
        onCreate(name).catch((error: unknown) => {
          setBusy(false)
          toast({ severity: 'bad', title: messageOf(error) })
        })
      }}
    >
      <label className="grow">
        <span className="meta">{texts.start.name}</span>
        <input
          className="input"
          value={name}
          autoFocus
          aria-invalid={!isGood}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <button className="btn p big" disabled={!isGood || isBusy}>
        {texts.start.create}
      </button>
      {!isGood && <p className="problem">{texts.start.badName}</p>}
    </form>
  )
}

function freeApplicationName(wanted: string, applications: readonly KubeObject[]): string {
  const taken = new Set(applications.map(({ metadata }) => metadata.name))
  let name = wanted
  for (let number = 2; taken.has(name); number++) name = `${wanted}-${number}`
  return name
}
