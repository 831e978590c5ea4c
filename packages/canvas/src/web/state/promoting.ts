// The newest release of the environment that is looked at becomes staged changes of the next one: there its diff is seen,
// the cluster is asked, and a deploy makes it true. Nothing but objects is written from here.

import { rollbackCommands } from '@binnacle/canvas-core'
import {
  type Environment,
  PromotionError,
  type Release,
  overridden,
  promotedResources,
  reverseOverrides,
} from '@binnacle/model'
import { isKubeError, kube, pathOf } from '../data/kube-api.ts'
import { texts } from '../texts.ts'
import type { Environments } from './environments.ts'
import { messageOf, open } from './session.ts'
import { act, currentDocument, openDialog, toast, useCanvas } from './store.ts'

export interface Promotion {
  from: Environment
  to: Environment
  release: Release
  home: string
}

/** What may be promoted from here, and what is said instead where it may not. */
export function promotionsOf(
  { all, here, home }: Environments,
  release: Release | undefined,
): readonly (Promotion & { refused: string | undefined })[] {
  if (here === undefined || release === undefined) return []
  return all
    .filter(({ spec }) => spec.promotesFrom === here.metadata.name)
    .map((to) => ({ from: here, to, release, home, refused: refusedBecause(to) }))
}

/** What is in another cluster is out of this page's reach: the command line promotes to it. */
function refusedBecause({ spec }: Environment): string | undefined {
  return spec.cluster === undefined ? undefined : texts.environment.promotedElsewhere(spec.cluster.context)
}

/** Goes to the environment and stages the release there. */
export async function promote({ from, to, release, home }: Promotion): Promise<void> {
  const { namespace, application, overrides = [] } = to.spec
  const name = to.metadata.name ?? ''
  try {
    const base = promotedResources(release)
    const resources = overridden(base, overrides).map((object) => movedTo(object, release.metadata.namespace))
    await ensureNamespace(namespace)
    open({ application, namespace, ...(namespace === home ? {} : { home }) })
    if (!(await isTold(namespace))) return
    const document = currentDocument()
    if (document.staged.size > 0) {
      toast({ severity: 'bad', title: texts.environment.notEmpty(name) })
      return
    }
    const wanted: Release = {
      ...release,
      metadata: { ...release.metadata, namespace },
      spec: { ...release.spec, resources: [...resources] },
    }
    const commands = rollbackCommands(document, wanted)
    const { revision } = release.spec
    if (commands.length === 0) {
      toast({ severity: 'info', title: texts.environment.same(name, revision) })
      return
    }
    if (!act({ type: 'batch', commands }, { label: texts.environment.promote(revision, name) })) return
    useCanvas.setState({
      promotion: {
        environment: from.metadata.name ?? '',
        revision,
        withoutOverrides: JSON.stringify(reverseOverrides(base, overrides)),
      },
    })
    openDialog('details')
  } catch (error) {
    if (!(error instanceof PromotionError) && !isKubeError(error)) throw error
    toast({ severity: 'bad', title: messageOf(error) })
  }
}

/** What stood in the namespace of its release stands in that of the next one. */
function movedTo<T extends { metadata: { namespace?: string | undefined } }>(object: T, left: string | undefined): T {
  const { namespace, ...metadata } = object.metadata
  return namespace === left ? { ...object, metadata } : object
}

async function ensureNamespace(name: string): Promise<void> {
  const resource = { group: '', version: 'v1', resource: 'namespaces' }
  try {
    await kube.get(pathOf(resource, { name }))
  } catch (error) {
    if (!isKubeError(error) || error.reason !== 'NotFound') throw error
    await kube.create(pathOf(resource, {}), { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
}

/** Once all of the namespace is known; false where the person went elsewhere meanwhile. */
async function isTold(namespace: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const look = ({ place, isSynced }: ReturnType<typeof useCanvas.getState>): void => {
    if (place?.namespace !== namespace) resolve(false)
    else if (isSynced) resolve(true)
  }
  const stop = useCanvas.subscribe(look)
  look(useCanvas.getState())
  const told = await promise
  stop()
  return told
}
