// Keeps the rules of ClusterRoles with an aggregationRule: those of all roles that its selectors name. Runs beside the
// store, so that `admin`, `edit` and `view` follow a new role at once, without a controller manager.
// Upstream: pkg/controller/clusterroleaggregation.

import { type ClusterRole, type PolicyRule, deepEqual, labelSelectorMatches } from '@binnacle/api'
import type { Store } from '@binnacle/store'

const prefix = 'clusterroles.rbac.authorization.k8s.io/'

/** Starts with the roles as they are; the promise resolves once these are right. */
export async function startRoleAggregation(store: Store, onError: (error: unknown) => void): Promise<() => void> {
  let isPending = false
  const stop = store.watch({
    prefix,
    fromRevision: store.revision,
    sink: {
      events: () => {
        if (isPending) return
        isPending = true
        // The store is still telling of the commit; what comes of it is written after that.
        queueMicrotask(() => {
          isPending = false
          aggregateAll(store).catch(onError)
        })
      },
    },
  })
  await aggregateAll(store)
  return stop
}

async function aggregateAll(store: Store): Promise<void> {
  const roles = store.range({ prefix }).items.map(({ object }) => object as ClusterRole)
  const writes = roles
    .filter(({ aggregationRule }) => aggregationRule !== undefined)
    .map((role) => ({ role, rules: aggregatedRules(role, roles) }))
    .filter(({ role, rules }) => !deepEqual(role.rules ?? [], rules))
    .map(({ role, rules }) =>
      store.write(`${prefix}${role.metadata.name}`, (current) =>
        current?.object.metadata.resourceVersion === role.metadata.resourceVersion
          ? { put: { ...role, rules } }
          : { keep: true },
      ),
    )
  await Promise.all(writes)
}

/** Rules of the selected roles by name, each once; roles that aggregate themselves stand for what they gather. */
function aggregatedRules(
  role: ClusterRole,
  roles: readonly ClusterRole[],
  above: ReadonlySet<string> = new Set(),
): PolicyRule[] {
  const name = role.metadata.name ?? ''
  if (above.has(name)) return []
  const seen = new Set([...above, name])
  const gathered = new Map<string, PolicyRule>()
  for (const other of roles) {
    if (other === role || !isSelected(role, other)) continue
    const rules = other.aggregationRule === undefined ? (other.rules ?? []) : aggregatedRules(other, roles, seen)
    for (const rule of rules) gathered.set(JSON.stringify(rule), rule)
  }
  return [...gathered.values()]
}

function isSelected({ aggregationRule }: ClusterRole, { metadata }: ClusterRole): boolean {
  return (aggregationRule?.clusterRoleSelectors ?? []).some((selector) =>
    labelSelectorMatches(selector, metadata.labels),
  )
}
