// Where a project goes: the cluster and namespace that were named, or those of an Environment, which is in the project's
// files or in the cluster.

import { type KubeObject, type Secret, isNotFound } from '@binnacle/api'
import { type ResourceRef, parseKubeconfig, secrets } from '@binnacle/client'
import type { Environment } from '@binnacle/model'
import { CliError } from '../cli-error.ts'
import { servesOurKinds } from './plan.ts'
import { type Project, inEnvironment, isEnvironment } from './project.ts'
import { reverseOverrides } from './release-project.ts'
import { type Target, connectCluster, connectTarget } from './target.ts'

const environments: ResourceRef = {
  group: 'binnacle.dev',
  version: 'v1alpha1',
  resource: 'environments',
  namespaced: true,
}

export interface Place extends Disposable {
  target: Target
  /** With what differs there. */
  project: Project
  environment: string | undefined
  isProtected: boolean
  /** What leads back from the environment's overrides. */
  overridden?: NonNullable<Environment['spec']['overrides']>
}

export async function placeOf(
  project: Project,
  { home, environment }: { home: Target; environment?: string },
): Promise<Place> {
  if (environment === undefined)
    return {
      target: home,
      // Environments belong to the place where the application is at home.
      project: (await servesOurKinds(home.client))
        ? { ...project, objects: [...project.objects, ...project.environments] }
        : project,
      environment,
      isProtected: false,
      [Symbol.dispose]: () => undefined,
    }
  const found = await findEnvironment(project, { home, name: environment })
  const target = await environmentTarget(found, home)
  return {
    target,
    project: inEnvironment(project, environment, found.spec),
    environment,
    isProtected: found.spec.protected === true,
    overridden: reverseOverrides(project, found.spec.overrides ?? []),
    [Symbol.dispose]: () => target[Symbol.dispose](),
  }
}

/** From the files, else from the cluster. @throws CliError that lists what there is */
export async function findEnvironment(
  project: Pick<Project, 'application' | 'environments'>,
  { home, name }: { home: Target; name: string },
): Promise<Environment> {
  const written = project.environments.map(({ object }): KubeObject => object).filter(isEnvironment)
  const own = written.find(({ metadata }) => metadata.name === name)
  if (own !== undefined) return own
  const live = (await servesOurKinds(home.client))
    ? (await home.client.list<Environment>(environments, { namespace: home.namespace })).items.filter(
        ({ spec }) => spec.application === project.application,
      )
    : []
  const found = live.find(({ metadata }) => metadata.name === name)
  if (found !== undefined) return found
  const names = [...new Set([...written, ...live].map(({ metadata }) => metadata.name))].join(', ')
  const place = `the namespace ${home.namespace} of ${home.name}`
  throw new CliError(
    names === ''
      ? `${project.application} has no environments in ${place}: write environments/${name}.yaml (kind: Environment), and \`kubectl apply\` it there`
      : `${project.application} has no environment ${name}: there are ${names}`,
  )
}

/** The environment's namespace, in this cluster or in its own. */
export async function environmentTarget({ metadata, spec }: Environment, home: Target): Promise<Target> {
  const { namespace, cluster } = spec
  if (cluster === undefined) return { ...home, namespace, [Symbol.dispose]: () => undefined }
  const name = `environment ${metadata.name}`
  if (cluster.kubeconfigSecret === undefined)
    return connectTarget(
      { ...(cluster.context === undefined ? {} : { context: cluster.context }), namespace },
      () => undefined,
    )
  const key = { namespace: home.namespace, name: cluster.kubeconfigSecret }
  const secret = await home.client.get<Secret>(secrets, key).catch((error: unknown) => {
    if (!isNotFound(error)) throw error
    throw new CliError(
      `${name}: spec.cluster.kubeconfigSecret: there is no Secret ${key.name} in ${key.namespace}: \`kubectl create secret generic ${key.name} --from-file=kubeconfig=FILE\` makes it`,
    )
  })
  const text = secret.data?.['kubeconfig']
  if (text === undefined)
    throw new CliError(`${name}: spec.cluster.kubeconfigSecret: the Secret ${key.name} has no key kubeconfig`)
  const kubeconfig = parseKubeconfig(Buffer.from(text, 'base64').toString())
  return connectCluster(await kubeconfig.context(cluster.context), { namespace, name })
}
