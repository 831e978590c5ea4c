// `binnacle controllers`: runs the platform's controllers for a cluster until Ctrl-C; in a pod, for the cluster that it is
// in. Of several, one leads.

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { systemClock } from '@binnacle/api'
import {
  type Client,
  type HttpTransport,
  Informers,
  createClient,
  createEventRecorder,
  createHttpTransport,
  createLeaderElection,
} from '@binnacle/client'
import { type RunningPlatform, controllersLease, startPlatform } from '@binnacle/platform'
import { CliError } from '../cli-error.ts'
import { type TargetOptions, connectTarget } from '../deploy/target.ts'
import { type Progress, progress } from '../progress.ts'

/** Where a pod finds its account. */
const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

export async function controllers(options: TargetOptions): Promise<void> {
  const steps = progress({ json: false })
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
  const isInPod = options.context === undefined && options.kubeconfig === undefined && isInCluster()
  if (isInPod) {
    const transport = await podTransport()
    try {
      await lead(createClient(transport), { steps, signal: stop.signal, reachesPods: true })
    } finally {
      transport.close()
    }
    return
  }
  using target = await connectTarget(options, (text) => steps.warn(text))
  if (target.engine !== undefined)
    throw new CliError('the engine runs the controllers itself: name another cluster with --context')
  await lead(target.client, { steps, signal: stop.signal, reachesPods: false })
}

interface Leading {
  steps: Progress
  signal: AbortSignal
  reachesPods: boolean
}

async function lead(client: Client, { steps, signal, reachesPods }: Leading): Promise<void> {
  const onError = (error: unknown, about = ''): void =>
    steps.warn(`${about}: ${error instanceof Error ? error.message : String(error)}`)
  let running: Promise<RunningPlatform> | undefined
  let isLost = false
  const election = createLeaderElection({
    client,
    lease: controllersLease,
    identity: `${hostname()}_${randomUUID()}`,
    clock: systemClock,
    releaseOnCancel: true,
    onError: (error) => onError(error, 'leader election'),
    onNewLeader: (identity) => steps.step(`${identity} leads`),
    onStartedLeading: (leading) => {
      running = start(client, { signal: leading, reachesPods, onError })
      running.then(
        () => steps.step('the controllers run'),
        (error: unknown) => onError(error, 'start'),
      )
    },
    onStoppedLeading: () => {
      isLost = !signal.aborted
    },
  })
  await election.run(signal)
  await running?.then(
    (platform) => platform.stop(),
    () => undefined,
  )
  // Another leads now: who restarts this program makes it a candidate again.
  if (isLost) throw new CliError('the lease was lost: another one leads, or the cluster did not answer in time')
}

async function start(
  client: Client,
  options: { signal: AbortSignal; reachesPods: boolean; onError: (error: unknown, about?: string) => void },
): Promise<RunningPlatform> {
  const { signal, reachesPods, onError } = options
  const informers = new Informers({ client, onError: (error) => onError(error, 'informer') })
  const platform = await startPlatform({
    client,
    informers,
    events: createEventRecorder({ client, component: 'binnacle-controller', clock: systemClock, onError }),
    clock: systemClock,
    signal,
    runtime: { serviceNames: true, reachesPods },
    onError,
  })
  informers.start(signal)
  return platform
}

function isInCluster(): boolean {
  return process.env['KUBERNETES_SERVICE_HOST'] !== undefined && process.env['KUBERNETES_SERVICE_PORT'] !== undefined
}

async function podTransport(): Promise<HttpTransport> {
  const host = process.env['KUBERNETES_SERVICE_HOST'] ?? ''
  const caCertificate = await readFile(`${accountFolder}/ca.crt`, 'utf8')
  return createHttpTransport({
    cluster: {
      server: `https://${host.includes(':') ? `[${host}]` : host}:${process.env['KUBERNETES_SERVICE_PORT']}`,
      caCertificate,
    },
    user: { tokenFile: `${accountFolder}/token` },
    userAgent: 'binnacle',
  })
}
