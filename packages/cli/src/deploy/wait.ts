// Waits until what was deployed is Ready: one line for each resource when it is, one whenever its cause of not being so
// changes, and the cause where it does not become so.

import { type Clock, type KubeObject, type Pod, type Unstructured, labelSelectorMatches } from '@binnacle/api'
import { type Client, Informer, type ResourceRef, objectKey, pods } from '@binnacle/client'
import { selectorLabels } from '@binnacle/model'
import { CliError } from '../cli-error.ts'
import { isOurs } from './project.ts'
import { type Readiness, isWaitedFor, readinessOf, troubleOf } from './readiness.ts'

export interface WaitOptions {
  client: Client
  objects: readonly { ref: ResourceRef; object: Unstructured }[]
  clock: Clock
  timeoutMs: number
  report: { ready(line: string): void; waiting(line: string): void }
  signal?: AbortSignal
}

/** What does not heal by waiting is given so long to turn out otherwise: a Secret may come a moment later. */
const stuckMs = 15_000
/** A cause that lasts so long is said. */
const sayMs = 3000

interface Waited {
  key: string
  label: string
  ref: ResourceRef
  namespace: string
  said: string
  cause: string
  /** Ends the wait unless the trouble goes away. */
  cancel: (() => void) | undefined
  /** Keeps quiet about a cause that has not lasted yet. */
  hush: (() => void) | undefined
}

/** The objects as they are when ready. @throws CliError with the cause where one is not in time */
export async function waitUntilReady(options: WaitOptions): Promise<KubeObject[]> {
  const { client, clock, timeoutMs, report } = options
  const pending = new Map<string, Waited>()
  for (const { ref, object } of options.objects) {
    if (!isWaitedFor(object)) continue
    const label = `${object.kind} ${object.metadata.name}`
    const namespace = object.metadata.namespace ?? ''
    pending.set(label, {
      key: objectKey(object),
      label,
      ref,
      namespace,
      said: '',
      cause: '',
      cancel: undefined,
      hush: undefined,
    })
  }
  if (pending.size === 0) return []
  const done: KubeObject[] = []
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal])
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const give = (why: string): void => {
    const causes = [...pending.values()].map(
      ({ label, cause }) => `${label}: ${cause === '' ? 'not there yet' : cause}`,
    )
    reject(new CliError(`${why}: ${causes.join('; ')}`))
  }
  const informers = watchAll(client, [...pending.values()], signal)
  const podsOf = (namespace: string): Pod[] => informers.get(`${pods.resource} ${namespace}`)?.list() ?? []
  const startedAt = clock.now()

  const look = (one: Waited): void => {
    const object = informers.get(`${one.ref.resource} ${one.namespace}`)?.get(one.key)
    if (object === undefined) return
    const readiness = readinessOf(object)
    if (readiness.state === 'ready') {
      one.cancel?.()
      one.hush?.()
      pending.delete(one.label)
      done.push(object)
      report.ready(`${one.label} is ready (${readiness.text}) after ${seconds(clock.now() - startedAt)}`)
      if (pending.size === 0) resolve()
      return
    }
    judge(one, readiness, podsOf(one.namespace).filter(selects(object)))
  }

  const judge = (one: Waited, { state, text }: Readiness, own: readonly Pod[]): void => {
    const troubles = own.map(troubleOf).filter((trouble) => trouble !== undefined)
    const worst = troubles.find((trouble) => trouble.stuck) ?? troubles[0] ?? { text, stuck: false }
    one.cause = worst.text
    if (state === 'failed') return give('deployed, but not ready')
    const isStuck = worst.stuck || state === 'stuck'
    // Counts change all the time, and much resolves itself at a start; what somebody must look at is said once.
    if (worst.text !== one.said) {
      one.said = worst.text
      one.hush?.()
      one.hush =
        isStuck || troubles.length > 0
          ? clock.after(sayMs, () => report.waiting(`${one.label}: ${worst.text}`))
          : undefined
    }
    if (isStuck) one.cancel ??= clock.after(stuckMs, () => give('deployed, but not ready'))
    else {
      one.cancel?.()
      one.cancel = undefined
    }
  }

  const lookAtAll = (): void => {
    for (const one of pending.values()) look(one)
  }
  for (const informer of informers.values()) informer.on({ added: lookAtAll, updated: lookAtAll, deleted: lookAtAll })
  const cancel = clock.after(timeoutMs, () => give(`deployed, but not ready within ${seconds(timeoutMs)}`))
  options.signal?.addEventListener('abort', () => reject(new CliError('interrupted; what was deployed goes on')), {
    once: true,
  })
  try {
    await promise
    return done
  } finally {
    cancel()
    for (const one of pending.values()) {
      one.cancel?.()
      one.hush?.()
    }
    stop.abort()
  }
}

type Informers = ReadonlyMap<string, Informer<KubeObject>>

function watchAll(client: Client, waited: readonly Waited[], signal: AbortSignal): Informers {
  const informers = new Map<string, Informer<KubeObject>>()
  for (const { ref, namespace } of waited) {
    for (const each of [ref, pods]) {
      const key = `${each.resource} ${namespace}`
      if (informers.has(key)) continue
      const informer = new Informer<KubeObject>({ client, ref: each, ...(namespace === '' ? {} : { namespace }) })
      informers.set(key, informer)
      informer.start(signal)
    }
  }
  return informers
}

/** Whether a pod belongs to the object. */
function selects(object: KubeObject): (pod: Pod) => boolean {
  if (object.kind === 'Pod') return (pod) => pod.metadata.name === object.metadata.name
  const labels = isOurs(object)
    ? selectorLabels(object.metadata.name ?? '')
    : (object as { spec?: { selector?: { matchLabels?: Record<string, string> } } }).spec?.selector?.matchLabels
  return (pod) => labels !== undefined && labelSelectorMatches({ matchLabels: labels }, pod.metadata.labels)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
