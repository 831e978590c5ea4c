// `binnacle logs APP [SERVICE]`: the logs of all replicas at once, in the order of time; with -f as they are written, and
// those of pods that come later too.

import { type Clock, type Pod, StatusError, systemClock } from '@binnacle/api'
import { Informer, pods } from '@binnacle/client'
import { CliError } from '../cli-error.ts'
import { type TargetOptions, type Target, connectTarget } from '../deploy/target.ts'
import { podFilter, startedContainers } from '../logs/application-pods.ts'
import { createLineMerger } from '../logs/line-merger.ts'
import { type LogLine, compareLines, formatLine } from '../logs/log-line.ts'
import { type LogRequest, logLines } from '../logs/log-stream.ts'

export interface LogsOptions extends TargetOptions {
  follow?: boolean
  /** Seconds. */
  since?: number
  /** Lines of each container. */
  tail?: number
  previous?: boolean
  container?: string
  timestamps?: boolean
  output?: string
}

/** As kubectl with a selector: a screen's worth of what was before. */
const tailBeforeFollowing = 10

export async function logs(application: string, service: string | undefined, options: LogsOptions): Promise<void> {
  using target = await connectTarget(options, (text) => process.stderr.write(`warning: ${text}\n`))
  const stop = new AbortController()
  const end = (): void => stop.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)
  // Whoever reads may have enough: `binnacle logs … | head`.
  process.stdout.once('error', end)
  try {
    const isOwn = await podFilter({ ...target, application, ...(service === undefined ? {} : { service }) })
    const what = service === undefined ? application : `${application} ${service}`
    const run: Run = { target, isOwn, what, options, clock: systemClock, signal: stop.signal }
    await (options.follow === true ? followAll(run) : printAll(run))
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end)
  }
}

interface Run {
  target: Target
  isOwn: (pod: Pod) => boolean
  what: string
  options: LogsOptions
  clock: Clock
  signal: AbortSignal
}

/** What is there now, all in order. */
async function printAll({ target, isOwn, what, options, signal }: Run): Promise<void> {
  const { items } = await target.client.list<Pod>(pods, { namespace: target.namespace })
  const requests = items.filter(isOwn).flatMap((pod) => requestsOf(pod, options))
  if (requests.length === 0)
    throw new CliError(
      options.container === undefined
        ? `${what} has no containers that have run in the namespace ${target.namespace}: \`kubectl get pods -n ${target.namespace}\` says why; -n names another namespace`
        : `${what} has no container ${options.container} in the namespace ${target.namespace}: leave out --container to see all`,
    )
  const all = await Promise.all(
    requests.map((request) => collect(target, { ...request, previous: options.previous ?? false }, signal)),
  )
  print(all.flat().toSorted(compareLines), options)
}

async function collect(target: Target, request: LogRequest, signal: AbortSignal): Promise<LogLine[]> {
  const lines: LogLine[] = []
  try {
    for await (const batch of logLines(target.connection, request, signal)) for (const line of batch) lines.push(line)
  } catch (error) {
    // One replica without a previous container must not hide the others.
    if (!(error instanceof StatusError)) throw error
    warn(request, error)
  }
  return lines
}

/** Until it is interrupted. */
async function followAll({ target, isOwn, options, clock, signal }: Run): Promise<void> {
  const merger = createLineMerger((lines) => print(lines, options), clock)
  const seen = new Set<string>()
  let isFirst = true
  const join = (pod: Pod): void => {
    if (!isOwn(pod)) return
    for (const request of requestsOf(pod, { ...options, ...(isFirst ? {} : { since: undefined, tail: undefined }) })) {
      const key = `${pod.metadata.uid}/${request.container}/${request.restarts}`
      if (seen.has(key)) continue
      seen.add(key)
      const tailLines = isFirst ? (options.tail ?? tailBeforeFollowing) : undefined
      void follow({ ...request, follow: true, ...(tailLines === undefined ? {} : { tailLines }) })
    }
  }
  const follow = async (request: LogRequest): Promise<void> => {
    try {
      for await (const batch of logLines(target.connection, request, signal)) merger.add(batch)
    } catch (error) {
      if (!signal.aborted) warn(request, error)
    }
  }
  const informer = new Informer<Pod>({
    client: target.client,
    ref: pods,
    namespace: target.namespace,
    clock,
    onError: (error) => process.stderr.write(`warning: ${error instanceof Error ? error.message : String(error)}\n`),
  })
  informer.on({ added: join, updated: join })
  informer.start(signal)
  await informer.synced
  isFirst = false
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  merger.flush()
}

function requestsOf(
  pod: Pod,
  options: Omit<LogsOptions, 'since' | 'tail'> & { since?: number | undefined; tail?: number | undefined },
): (LogRequest & { restarts: number })[] {
  return startedContainers(pod)
    .filter(({ name }) => options.container === undefined || options.container === name)
    .map(({ name, restarts }) => ({
      namespace: pod.metadata.namespace ?? '',
      pod: pod.metadata.name ?? '',
      container: name,
      follow: false,
      previous: false,
      restarts,
      ...(options.since === undefined ? {} : { sinceSeconds: options.since }),
      ...(options.tail === undefined ? {} : { tailLines: options.tail }),
    }))
}

function warn({ pod, container }: LogRequest, error: unknown): void {
  process.stderr.write(`warning: ${pod} ${container}: ${error instanceof Error ? error.message : String(error)}\n`)
}

function print(lines: readonly LogLine[], { output, timestamps, container }: LogsOptions): void {
  const containers = container === undefined && hasSeveralContainers(lines)
  const format = { json: output === 'json', timestamps: timestamps ?? false, containers, stream: process.stdout }
  process.stdout.write(lines.map((line) => formatLine(line, format)).join(''))
}

/** Whether the name of a pod does not say which program wrote. */
function hasSeveralContainers(lines: readonly LogLine[]): boolean {
  const byPod = new Map<string, string>()
  return lines.some(({ pod, container }) => {
    const other = byPod.get(pod)
    byPod.set(pod, container)
    return other !== undefined && other !== container
  })
}
