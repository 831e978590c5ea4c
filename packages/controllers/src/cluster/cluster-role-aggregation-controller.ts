// Fills the rules of ClusterRoles that are made of others by label. Upstream: pkg/controller/clusterroleaggregation.

import { semanticallyEqual, isConflict, isNotFound, labelSelectorMatches } from '@binnacle/api'
import type { ClusterRole } from '@binnacle/api'
import { clusterRoles } from '@binnacle/client'
import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'
import { runController } from './run-controller.ts'

export function startClusterRoleAggregationController(context: ControllerContext): Controller {
  const { client, informers } = context
  const roles = informers.of<ClusterRole>(clusterRoles)
  const controller = runController(context, {
    name: 'clusterrole-aggregation-controller',
    workers: 2,
    reconcile: async (name) => {
      const role = roles.get(name)
      if (!role?.aggregationRule) return undefined
      const rules = aggregatedRules(role, roles.list())
      if (semanticallyEqual(role.rules ?? [], rules)) return undefined
      try {
        await client.update<ClusterRole>(clusterRoles, { ...role, rules })
      } catch (error) {
        if (isConflict(error)) return { requeueAfterMs: 20 }
        if (!isNotFound(error)) throw error
      }
      return undefined
    },
  })
  const enqueueAggregated = (): void => {
    for (const { aggregationRule, metadata } of roles.list())
      if (aggregationRule) controller.enqueue(metadata.name ?? '')
  }
  roles.on({ added: enqueueAggregated, updated: enqueueAggregated, deleted: enqueueAggregated })
  return controller
}

/** The rules of all other roles that a selector matches, by name within each selector, each rule once. */
function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): NonNullable<ClusterRole['rules']> {
  const rules: NonNullable<ClusterRole['rules']> = []
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const matching = all
      .filter(({ metadata }) => metadata.name !== role.metadata.name && labelSelectorMatches(selector, metadata.labels))
      .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
    for (const rule of matching.flatMap((one) => one.rules ?? [])) {
      if (!rules.some((known) => semanticallyEqual(known, rule))) rules.push(rule)
    }
  }
  return rules
}
