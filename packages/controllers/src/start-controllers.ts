// All controllers and the scheduler, each under its own identity, over one set of informers.

import type { Clock, Transport } from '@binnacle/api'
import { type Client, type Controller, Informers, createClient, createEventRecorder } from '@binnacle/client'
import { clusterControllerUsers, clusterControllers } from './cluster/cluster-controllers.ts'
import type { ControllerContext, SignClientRequest } from './context.ts'
import { startScheduler } from './scheduler/scheduler.ts'
import { workloadControllerUsers, workloadControllers } from './workloads/index.ts'

export interface StartControllersOptions {
  /** A way to the API that acts as `user`. */
  transportFor(user: string): Transport
  clock: Clock
  /** Aborts when the engine ends: informers stop with it. */
  signal: AbortSignal
  /** PEM, for kube-root-ca.crt. */
  caCertificate?: string
  signClientRequest?: SignClientRequest
  onError?: (error: unknown, key: string) => void
}

export interface RunningControllers {
  /** Resolves when all informers are in step. */
  readonly synced: Promise<void>
  /** Resolves when no controller is busy any more. */
  stop(): Promise<void>
}

const managerUser = 'system:kube-controller-manager'
/** Where events name another source than the controller (NewRecorder in pkg/controller/disruption). */
const eventSources: Readonly<Record<string, string>> = {
  'disruption-controller': 'controllermanager',
  'persistentvolume-binder-controller': 'persistentvolume-controller',
}
const schedulerUser = 'system:kube-scheduler'

export function startControllers(options: StartControllersOptions): RunningControllers {
  const { clock, signal } = options
  const onError = options.onError ?? (() => undefined)
  const clients = new Map<string, Client>()
  const clientFor = (user: string): Client => {
    const known = clients.get(user) ?? createClient(options.transportFor(user))
    clients.set(user, known)
    return known
  }
  // Informers read everything that any controller needs, so they read as the manager does.
  const informers = new Informers({ client: clientFor(managerUser), onError: (error) => onError(error, 'informer') })
  const contextFor = (component: string, user: string): ControllerContext => ({
    client: clientFor(user),
    informers,
    events: createEventRecorder({
      client: clientFor(user),
      component: eventSources[component] ?? component,
      clock,
      onError: (error) => onError(error, component),
    }),
    clock,
    signal,
    onError: (error, key) => onError(error, `${component} ${key}`),
    ...(options.caCertificate === undefined ? {} : { caCertificate: options.caCertificate }),
    ...(options.signClientRequest === undefined ? {} : { signClientRequest: options.signClientRequest }),
  })
  const users = { ...clusterControllerUsers, ...workloadControllerUsers }
  const running: Pick<Controller, 'stop'>[] = Object.entries({ ...clusterControllers, ...workloadControllers }).map(
    ([name, start]) => start(contextFor(name, users[name] ?? managerUser)),
  )
  running.push(startScheduler(contextFor('default-scheduler', schedulerUser)))
  informers.start(signal)
  return {
    synced: informers.synced(),
    stop: async () => {
      await Promise.all(running.map((controller) => controller.stop()))
    },
  }
}
