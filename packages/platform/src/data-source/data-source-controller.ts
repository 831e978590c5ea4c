// Makes a DataSource run (or names one that runs elsewhere), gives it credentials, and tests the connection.

import { type KubeObject, type StatefulSet, StatusError, formatTime } from '@binnacle/api'
import { type Controller, type Result, objectKey, startController } from '@binnacle/client'
import {
  type Credentials,
  type DataSource,
  type DataSourceStatus,
  type RenderContext,
  RenderError,
  type ServiceAddress,
  bindingKeysOf,
  bindingSecretName,
  dataSourceAddress,
  dataSourceDatabase,
  engineOf,
  render,
  renderServices,
  testConnectionAnnotation,
} from '@binnacle/model'
import { type Finding, conditionsOf, tellOfReady, writeStatus } from '../conditions.ts'
import type { PlatformContext } from '../context.ts'
import { NameTakenError, ownedBy, refusal } from '../owned-objects.ts'
import type { Trouble } from '../pod-trouble.ts'
import { renderContext, renderSources } from '../render-context.ts'
import { dataSources } from '../resources.ts'
import { digest, loginRevision } from '../revisions.ts'
import type { Shared } from '../shared.ts'
import { workloadTrouble } from '../workload.ts'
import { CredentialStore } from './credentials.ts'
import { type ProbeTarget, probe } from './probes/probe.ts'

const retestMs = 60_000
const retestFailedMs = 5000

interface Test {
  /** What was tested: another address, other credentials or a new wish is another test. */
  subject: string
  at: number
  trouble: Trouble | undefined
}

interface Outcome {
  failure?: Trouble
  unresolved?: boolean
  retry?: StatusError
}

export function startDataSourceController(context: PlatformContext, shared: Shared): Controller {
  const { client, events, clock, runtime, onError } = context
  const { owned, podWatch } = shared
  const sources = renderSources(context)
  const credentials = new CredentialStore(sources.secrets)
  const tests = new Map<string, Test>()
  const name = 'datasource-controller'

  const controller = startController({
    name,
    workers: 8,
    clock,
    onError: (error, key) => onError(error, `${name} ${key}`),
    reconcile: async (key, signal) => {
      await shared.inStep()
      const source = sources.dataSources.get(key)
      if (source === undefined || source.metadata.deletionTimestamp !== undefined) return undefined
      return reconcile(source, { key, signal })
    },
  })

  async function reconcile(source: DataSource, { key, signal }: { key: string; signal: AbortSignal }): Promise<Result> {
    const login = credentials.of(source)
    const rendering = await contextOf(source, login)
    const outcome = await applied(source, rendering, login)
    const address = dataSourceAddress(source, rendering)
    const set = ownedBy(source, owned.get('StatefulSet', key))
    const isUp = source.spec.external !== undefined || (set !== undefined && isAvailable(set))
    const test =
      outcome.failure === undefined && isUp && address !== undefined && runtime.reachesPods !== false
        ? await tested(source, { target: targetOf(source, address, login), signal })
        : undefined
    await report(source, { key, outcome, address, set, test, isUp })
    if (outcome.retry !== undefined) throw outcome.retry
    if (test === undefined) return undefined
    return { requeueAfterMs: test.at + (test.trouble === undefined ? retestMs : retestFailedMs) - clock.now() }
  }

  async function contextOf(source: DataSource, login: Credentials | undefined): Promise<RenderContext> {
    const { namespace = '', name: ownName = '' } = source.metadata
    const programs = source.spec.external === undefined ? await programsFor(source) : undefined
    return {
      ...renderContext(namespace, sources, runtime),
      ...(login === undefined
        ? {}
        : {
            credentials: new Map([[ownName, login]]),
            // Pods take the credentials at their start: other credentials are another version.
            revisions: new Map([[`Secret/${bindingSecretName(ownName)}`, loginRevision(source, login)]]),
          }),
      ...(runtime.programs === undefined ? {} : { programImage: runtime.programs.image }),
      ...(programs === undefined ? {} : { programs }),
    }
  }

  /** Folder of each program that could run it and is found, by its name. */
  async function programsFor(source: DataSource): Promise<ReadonlyMap<string, string>> {
    const wanted = (engineOf(source.spec.type)?.programs ?? []).flatMap(({ name: own, needs = [], folders }) =>
      [own, ...needs].map(async (one) => [one, await runtime.programs?.find(one, folders)] as const),
    )
    const found = await Promise.all(wanted)
    return new Map(found.flatMap(([one, folder]) => (folder === undefined ? [] : [[one, folder] as const])))
  }

  async function applied(
    source: DataSource,
    rendering: RenderContext,
    login: Credentials | undefined,
  ): Promise<Outcome> {
    const wanted = source.spec.external?.credentialsSecret
    if (wanted !== undefined && login === undefined)
      return {
        failure: {
          reason: 'CredentialsMissing',
          message: `there is no Secret ${wanted} with the keys username and password: create it, or correct external.credentialsSecret`,
        },
      }
    try {
      const objects = render(source, rendering)
      await owned.reconcile(source, objects)
      return {}
    } catch (error) {
      if (error instanceof RenderError) {
        await owned.apply(source, renderServices(source, rendering))
        return { failure: { reason: error.reason, message: error.message }, unresolved: true }
      }
      if (error instanceof NameTakenError) return { failure: { reason: 'NameTaken', message: error.message } }
      if (!(error instanceof StatusError)) throw error
      return { failure: refusal(error), retry: error }
    }
  }

  /** The last test where it still says something, else a new one. */
  async function tested(
    source: DataSource,
    { target, signal }: { target: ProbeTarget; signal: AbortSignal },
  ): Promise<Test> {
    const { uid = '', annotations = {} } = source.metadata
    const subject = digest([target, annotations[testConnectionAnnotation]])
    const last = tests.get(uid)
    const age = last === undefined ? Infinity : clock.now() - last.at
    if (last?.subject === subject && age < (last.trouble === undefined ? retestMs : retestFailedMs)) return last
    const trouble = await probe(target, signal)
    const test = { subject, at: clock.now(), trouble }
    tests.set(uid, test)
    return test
  }

  async function report(source: DataSource, seen: Seen): Promise<void> {
    const status = statusOf(source, seen)
    if (await writeStatus(client, dataSources, { resource: source, status }))
      tellOfReady(events, source, status.conditions)
  }

  function statusOf(source: DataSource, { key, outcome, address, set, test, isUp }: Seen): DataSourceStatus {
    const reachable = reachableOf(source, test, isUp)
    const trouble =
      outcome.failure ??
      (isUp
        ? undefined
        : (workloadTrouble({
            statefulSet: set,
            pods: podWatch.podsOf(key),
            warningsOf: (kind, object) => podWatch.warningsOf(kind, object),
          }) ?? { reason: 'Progressing', message: 'it is being started' })) ??
      (reachable.status === 'False' ? reachable : undefined)
    const ready: Finding =
      trouble === undefined
        ? { type: 'Ready', status: 'True', reason: 'Available', message: 'it can be bound' }
        : { type: 'Ready', status: 'False', reason: trouble.reason, message: trouble.message }
    const resolved: Finding =
      outcome.unresolved === true && outcome.failure !== undefined
        ? { type: 'Resolved', status: 'False', ...outcome.failure }
        : { type: 'Resolved', status: 'True', reason: 'Resolved', message: '' }
    const binding = bindingSecretName(source.metadata.name ?? '')
    const hasBinding = ownedBy(source, owned.get('Secret', `${source.metadata.namespace}/${binding}`)) !== undefined
    const testedAt = test === undefined ? source.status?.lastTestTime : formatTime(test.at)
    return {
      observedGeneration: source.metadata.generation ?? 0,
      conditions: conditionsOf(source, [ready, reachable, resolved], clock),
      ...(hasBinding ? { binding: { name: binding } } : {}),
      ...(address === undefined ? {} : { address: `${address.host}:${address.port}` }),
      ...(testedAt === undefined ? {} : { lastTestTime: testedAt }),
    }
  }

  function reachableOf(source: DataSource, test: Test | undefined, isUp: boolean): Finding {
    if (test === undefined)
      return {
        type: 'Reachable',
        status: 'Unknown',
        reason: 'NotTested',
        message:
          runtime.reachesPods === false && isUp
            ? 'the controllers run outside of the cluster: they cannot test it'
            : 'not tested yet: it is not running',
      }
    if (test.trouble === undefined)
      return { type: 'Reachable', status: 'True', reason: 'Connected', message: 'it answers' }
    const { reason, message } = test.trouble
    const hint = source.spec.external === undefined ? '; its log says more' : ''
    return { type: 'Reachable', status: 'False', reason, message: `${message}${hint}` }
  }

  const enqueue = (object: KubeObject): void => controller.enqueue(objectKey(object))
  sources.dataSources.on({
    added: enqueue,
    updated: enqueue,
    deleted: (source) => {
      owned.forget(source)
      tests.delete(source.metadata.uid ?? '')
      credentials.forget(source.metadata.uid ?? '')
    },
  })
  const enqueueExternal = (secret: KubeObject): void => {
    for (const source of sources.dataSources.byIndex('namespace', secret.metadata.namespace ?? ''))
      if (source.spec.external?.credentialsSecret === secret.metadata.name) enqueue(source)
  }
  sources.secrets.on({ added: enqueueExternal, updated: enqueueExternal, deleted: enqueueExternal })
  owned.onChange('DataSource', (key) => controller.enqueue(key))
  podWatch.onChange((key) => controller.enqueue(key))
  return controller
}

interface Seen {
  key: string
  outcome: Outcome
  address: ServiceAddress | undefined
  set: StatefulSet | undefined
  test: Test | undefined
  isUp: boolean
}

function isAvailable({ spec, status, metadata }: StatefulSet): boolean {
  return (
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status?.availableReplicas ?? 0) >= (spec?.replicas ?? 1) &&
    status?.currentRevision === status?.updateRevision
  )
}

function targetOf(source: DataSource, { host, port }: ServiceAddress, login: Credentials | undefined): ProbeTarget {
  const { type, external } = source.spec
  const keys = bindingKeysOf(source.spec)
  const username = keys.includes('username') ? login?.username : undefined
  return {
    type,
    host,
    port,
    tls: external?.tls ?? type === 'http',
    ...(external?.path === undefined ? {} : { path: external.path }),
    ...(username === undefined || username === '' ? {} : { username }),
    ...(login === undefined ? {} : { password: login.password }),
    ...(keys.includes('database') ? { database: dataSourceDatabase(source) } : {}),
  }
}
