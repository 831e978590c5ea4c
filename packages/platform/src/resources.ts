// References of our kinds, and of the kinds that they become.

import type { KubeObject } from '@binnacle/api'
import {
  type ResourceRef,
  configMaps,
  cronJobs,
  deployments,
  horizontalPodAutoscalers,
  jobs,
  networkPolicies,
  podDisruptionBudgets,
  secrets,
  services,
  statefulSets,
} from '@binnacle/client'
import { group, version } from '@binnacle/model'

const ours = (resource: string): ResourceRef => ({ group, version, resource, namespaced: true })

export const applications: ResourceRef = ours('applications')
export const dataSources: ResourceRef = ours('datasources')
export const environments: ResourceRef = ours('environments')
export const microservices: ResourceRef = ours('microservices')
export const releases: ResourceRef = ours('releases')

export type OwnedKind =
  | 'ConfigMap'
  | 'CronJob'
  | 'Deployment'
  | 'HorizontalPodAutoscaler'
  | 'Job'
  | 'NetworkPolicy'
  | 'PodDisruptionBudget'
  | 'Secret'
  | 'Service'
  | 'StatefulSet'

/** All that `render` makes, by kind. */
export const ownedKinds: Readonly<Record<OwnedKind, ResourceRef>> = {
  ConfigMap: configMaps,
  CronJob: cronJobs,
  Deployment: deployments,
  HorizontalPodAutoscaler: horizontalPodAutoscalers,
  Job: jobs,
  NetworkPolicy: networkPolicies,
  PodDisruptionBudget: podDisruptionBudgets,
  Secret: secrets,
  Service: services,
  StatefulSet: statefulSets,
}

function isOwnedKind(kind: string): kind is OwnedKind {
  return Object.hasOwn(ownedKinds, kind)
}

/** @throws TypeError for a kind that rendering has no business to make */
export function ownedKindOf({ kind }: KubeObject): OwnedKind {
  if (kind === undefined || !isOwnedKind(kind)) throw new TypeError(`${kind} is no kind that a resource becomes`)
  return kind
}
