// The page's life: find out where it is, watch the namespace of the open application, and let the address follow.

import { type WatchEvent, systemClock } from '@binnacle/api'
import { accessIn } from '../data/access.ts'
import { KubeError, isKubeError, kube, pathOf, serverContext } from '../data/kube-api.ts'
import { type LiveKind, liveKinds, watchNamespace } from '../data/live.ts'
import { WatchConnection } from '../data/watch-connection.ts'
import { texts } from '../texts.ts'
import { watchEnvironments } from './environments.ts'
import { startLayoutSaver } from './layout-saver.ts'
import { hideKinds, showKinds } from './further-kinds.ts'
import {
  type Panel,
  type Place,
  type Tab,
  enter,
  forget,
  receive,
  select,
  synced,
  toast,
  useCanvas,
  wasYamlBeside,
} from './store.ts'
import { startTelemetry } from './telemetry.ts'
import { readUrl, writeUrl } from './url.ts'

let connection: WatchConnection | undefined
let leave: () => void = () => undefined

/** The page's one WebSocket. */
export function watchConnection(): WatchConnection {
  connection ??= new WatchConnection(`${location.origin.replace('http', 'ws')}/watch`, { clock: systemClock })
  return connection
}

/** @throws KubeError where the Canvas's server does not let the page in */
export async function start(): Promise<void> {
  const context = await serverContext()
  useCanvas.setState({ context })
  const socket = watchConnection()
  const told = (): void => {
    // While it is tried again it stays lost.
    if (socket.state !== 'connecting') useCanvas.setState({ connection: socket.state === 'open' ? 'open' : 'lost' })
  }
  socket.subscribe(told)
  told()
  window.addEventListener('popstate', followUrl)
  useCanvas.subscribe(writeState)
  followUrl()
}

/** Goes where the address says. */
function followUrl(): void {
  const { namespace, application, home, selected = [], tab, beside, panel, view, kinds = [] } = readUrl()
  const { place, context } = useCanvas.getState()
  if (application === undefined) {
    if (place !== undefined) close()
    return
  }
  const next: Place = {
    application,
    namespace: namespace ?? context?.namespace ?? 'default',
    ...(home === undefined ? {} : { home }),
  }
  if (place?.application !== next.application || place.namespace !== next.namespace) open(next)
  showKinds(watchConnection(), kinds).catch((error: unknown) => toast({ severity: 'bad', title: messageOf(error) }))
  select(selected)
  useCanvas.setState({
    tab: (tab ?? 'overview') as Tab,
    isYamlBeside: beside === 'yaml' || wasYamlBeside(),
    panel: panel as Panel | undefined,
    isOutline: view === 'outline' || (selected.length === 0 && window.innerWidth <= 700),
  })
}

function writeState({
  place,
  selected,
  tab,
  isYamlBeside,
  panel,
  isOutline,
  furtherKinds,
}: ReturnType<typeof useCanvas.getState>): void {
  if (place === undefined) return
  writeUrl({
    ...place,
    selected: [...selected],
    ...(tab === 'overview' ? {} : { tab }),
    ...(tab === 'settings' && isYamlBeside ? { beside: 'yaml' } : {}),
    ...(panel === undefined ? {} : { panel }),
    ...(isOutline ? { view: 'outline' } : {}),
    kinds: furtherKinds,
  })
}

/** Opens an application and watches its namespace. */
export function open(place: Place): void {
  leave()
  writeUrl(place, { push: useCanvas.getState().place === undefined })
  enter(place)
  const { namespace } = place
  const ended = new AbortController()
  const kinds: readonly LiveKind[] = liveKinds
  const stopWatching = watchNamespace(watchConnection(), {
    namespace,
    kinds,
    listener: {
      events: (batch: readonly WatchEvent[]) => receive(batch),
      synced: (told) => synced(kinds, told),
      reset: forget,
      error: (kind, message) => {
        if (!ended.signal.aborted) console.warn(`${kind.resource}: ${message}`)
      },
    },
  })
  const stopEnvironments = place.home === undefined ? undefined : watchEnvironments(watchConnection(), place.home)
  const stopTelemetry = startTelemetry(namespace)
  const stopSaving = startLayoutSaver()
  void readAccess(namespace, ended.signal)
  leave = () => {
    ended.abort()
    stopWatching()
    stopEnvironments?.()
    stopTelemetry()
    stopSaving()
    hideKinds()
    leave = () => undefined
  }
}

async function readAccess(namespace: string, signal: AbortSignal): Promise<void> {
  try {
    const access = await accessIn(namespace)
    if (!signal.aborted) useCanvas.setState({ access })
  } catch (error) {
    if (!signal.aborted) toast({ severity: 'bad', title: messageOf(error) })
  }
}

/** Back to the list of applications. */
export function close(): void {
  leave()
  writeUrl({}, { push: true })
  useCanvas.setState({ place: undefined })
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Makes an Application in the cluster and opens it. */
export async function createApplication(place: Place): Promise<void> {
  const path = pathOf({ group: 'binnacle.dev', version: 'v1alpha1', resource: 'applications' }, place)
  try {
    await kube.create(path, {
      apiVersion: 'binnacle.dev/v1alpha1',
      kind: 'Application',
      metadata: { name: place.application, namespace: place.namespace },
      spec: {},
    } as never)
  } catch (error) {
    if (!isKubeError(error) || error.reason !== 'AlreadyExists') throw error
    throw new KubeError({ ...error.status, message: texts.start.exists(place.application) })
  }
  open(place)
}
