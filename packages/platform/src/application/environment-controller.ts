// Makes the namespace of an Environment, and says what is deployed in it.

import { type Namespace, type Secret, isAlreadyExists } from '@binnacle/api'
import { type Controller, namespaces, objectKey, secrets, startController } from '@binnacle/client'
import { type Environment, type Release, managedBy, managedByLabel } from '@binnacle/model'
import { type Finding, conditionsOf, tellOfReady, writeStatus } from '../conditions.ts'
import type { PlatformContext } from '../context.ts'
import { environments } from '../resources.ts'
import type { Shared } from '../shared.ts'
import { applicationOfRelease, membersOf } from './members.ts'

export function startEnvironmentController(context: PlatformContext, shared: Shared): Controller {
  const { client, informers, events, clock, onError } = context
  const informer = informers.of<Environment>(environments, {
    namespace: ({ spec }) => [spec.namespace],
    target: ({ spec }) => [`${spec.namespace}/${spec.application}`],
  })
  const namespaceInformer = informers.of<Namespace>(namespaces)
  const secretInformer = informers.of<Secret>(secrets)
  const members = membersOf(context)
  const name = 'environment-controller'

  const controller = startController({
    name,
    clock,
    onError: (error, key) => onError(error, `${name} ${key}`),
    reconcile: async (key) => {
      await shared.inStep()
      const environment = informer.get(key)
      if (environment === undefined || environment.metadata.deletionTimestamp !== undefined) return undefined
      await makeNamespace(environment)
      await report(environment)
      return undefined
    },
  })

  /** It outlives the Environment: what is in it may be all that somebody has. */
  async function makeNamespace({ spec }: Environment): Promise<void> {
    if (spec.cluster !== undefined || namespaceInformer.get(spec.namespace) !== undefined) return
    const namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: spec.namespace, labels: { [managedByLabel]: managedBy } },
    }
    await client.create<Namespace>(namespaces, namespace).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
  }

  async function report(environment: Environment): Promise<void> {
    const { spec } = environment
    const newest =
      spec.cluster === undefined ? members.releasesOf(`${spec.namespace}/${spec.application}`)[0] : undefined
    const conditions = conditionsOf(environment, [readyOf(environment)], clock)
    const status = {
      observedGeneration: environment.metadata.generation ?? 0,
      conditions,
      ...(newest === undefined ? {} : { revision: newest.spec.revision }),
    }
    if (await writeStatus(client, environments, { resource: environment, status }))
      tellOfReady(events, environment, conditions)
  }

  function readyOf({ metadata, spec }: Environment): Finding {
    const { cluster, namespace } = spec
    const notReady = (reason: string, message: string): Finding => ({ type: 'Ready', status: 'False', reason, message })
    if (cluster !== undefined) {
      const wanted = cluster.kubeconfigSecret
      if (wanted === undefined)
        return {
          type: 'Ready',
          status: 'Unknown',
          reason: 'AnotherCluster',
          message: `it is reached from the machine whose kubeconfig has the context ${cluster.context ?? '(current)'}`,
        }
      if (secretInformer.get(`${metadata.namespace}/${wanted}`)?.data?.['kubeconfig'] === undefined)
        return notReady('CredentialsMissing', `there is no Secret ${wanted} with the key kubeconfig: create it`)
      return { type: 'Ready', status: 'True', reason: 'AnotherCluster', message: 'deploys go to another cluster' }
    }
    const live = namespaceInformer.get(namespace)
    if (live?.metadata.deletionTimestamp !== undefined)
      return notReady('NamespaceTerminating', `namespace ${namespace} is being deleted: wait, or choose another`)
    if (live === undefined) return notReady('Progressing', `namespace ${namespace} is being made`)
    return { type: 'Ready', status: 'True', reason: 'Available', message: `deploys go to namespace ${namespace}` }
  }

  const enqueue = (environment: Environment): void => controller.enqueue(objectKey(environment))
  informer.on({ added: enqueue, updated: enqueue })
  const inNamespace = ({ metadata }: Namespace): void =>
    informer.byIndex('namespace', metadata.name ?? '').forEach(enqueue)
  namespaceInformer.on({ added: inNamespace, updated: inNamespace, deleted: inNamespace })
  const ofRelease = (release: Release): void =>
    informer.byIndex('target', applicationOfRelease(release)).forEach(enqueue)
  members.releases.on({ added: ofRelease, deleted: ofRelease })
  const ofSecret = ({ metadata }: Secret): void => {
    for (const environment of informer.list())
      if (
        environment.metadata.namespace === metadata.namespace &&
        environment.spec.cluster?.kubeconfigSecret === metadata.name
      )
        enqueue(environment)
  }
  secretInformer.on({ added: ofSecret, updated: ofSecret, deleted: ofSecret })
  return controller
}
