// The pods of an application: those that say so by their labels, and those of plain workloads that do.

import { type KubeObject, type Pod, labelSelectorMatches } from '@binnacle/api'
import { type Client, type ResourceRef, daemonSets, deployments, jobs, statefulSets } from '@binnacle/client'
import { nameLabel, partOfLabel } from '@binnacle/model'

export interface PodScope {
  client: Client
  namespace: string
  application: string
  /** One service or workload of it. */
  service?: string
}

interface Workload extends KubeObject {
  spec?: { selector?: { matchLabels?: Record<string, string> } }
}

/** Whether a pod belongs to the application. Its workloads are asked once. */
export async function podFilter({ client, namespace, application, service }: PodScope): Promise<(pod: Pod) => boolean> {
  const lists = await Promise.all(
    [deployments, statefulSets, daemonSets, jobs].map((ref: ResourceRef) =>
      client.list<Workload>(ref, { namespace, labelSelector: `${partOfLabel}=${application}` }),
    ),
  )
  const selectors = lists
    .flatMap(({ items }) => items)
    .filter(({ metadata }) => service === undefined || metadata.name === service)
    .flatMap(({ spec }) =>
      spec?.selector?.matchLabels === undefined ? [] : [{ matchLabels: spec.selector.matchLabels }],
    )
  return ({ metadata: { labels } }) =>
    (labels?.[partOfLabel] === application && (service === undefined || labels[nameLabel] === service)) ||
    selectors.some((selector) => labelSelectorMatches(selector, labels))
}

/** Containers that have written something, or may: started at least once. */
export function startedContainers({ status }: Pod): { name: string; restarts: number; isRunning: boolean }[] {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  return all
    .filter(({ state, lastState }) => state?.running ?? state?.terminated ?? lastState?.terminated)
    .map(({ name, restartCount, state }) => ({
      name,
      restarts: restartCount ?? 0,
      isRunning: state?.running !== undefined,
    }))
}
