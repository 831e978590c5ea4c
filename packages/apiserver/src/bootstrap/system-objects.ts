// What every API server has from its first moment: namespaces, the Service `kubernetes`, roles, priority classes, flow
// control, the Service CIDR. Missing ones are made at each start, in one commit; what exists is left as it is, except
// for the addresses of this server. Upstream: pkg/controlplane, pkg/registry/{rbac,scheduling}/rest.

import { randomUUID } from 'node:crypto'
import {
  type Clock,
  type KubeObject,
  type PolicyRule,
  type ResourceInfo,
  apiVersionOf,
  applyDefaults,
  deepEqual,
  formatTime,
} from '@binnacle/api'
import type { Store } from '@binnacle/store'
import { uncoveredRules } from '../auth/rule-coverage.ts'
import type { Registry } from '../registry.ts'
import { flowSchemas, priorityLevels } from './flow-control.ts'
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './policy.ts'
import { ownRoles } from './own-policy.ts'

export interface SystemObjectsOptions {
  store: Store
  registry: Registry
  clock: Clock
  /** First address of the Service range, for the Service `kubernetes`. */
  serviceIP: string
  serviceClusterIPRange: string
  /** Where this server listens. */
  endpoint: { address: string; port: number }
  /** PEM of the authority for client certificates. */
  clientCa: string
}

type Draft = KubeObject & Record<string, unknown>

export async function ensureSystemObjects(options: SystemObjectsOptions): Promise<void> {
  const { store, registry, clock } = options
  const writes: Promise<unknown>[] = []
  const ensure = (
    group: string,
    resource: string,
    draft: Draft,
    refresh?: (current: Draft) => Draft | undefined,
  ): void => {
    const info = registry.storageRow(group, resource)?.info
    if (info === undefined) throw new Error(`nothing serves ${resource}.${group}`)
    const { namespace, name } = draft.metadata
    const key = namespace === undefined ? `${info.storageKey}/${name}` : `${info.storageKey}/${namespace}/${name}`
    const current = store.get(key)
    if (current === undefined) writes.push(store.write(key, () => ({ put: complete(info, draft, clock) })))
    else {
      const changed = refresh?.(current.object as Draft)
      if (changed !== undefined) writes.push(store.write(key, () => ({ put: changed })))
    }
  }
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    ensure('', 'namespaces', {
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    })
  }
  for (const write of [ensureService, ensurePolicy, ensureFlowControl, ensurePriorityClasses, ensureCustomary])
    write(options, ensure)
  await Promise.all(writes)
}

type Ensure = (group: string, resource: string, draft: Draft, refresh?: (current: Draft) => Draft | undefined) => void

function complete(info: ResourceInfo, { metadata, ...rest }: Draft, clock: Clock): KubeObject {
  const object: Draft = {
    kind: info.kind,
    apiVersion: apiVersionOf(info),
    metadata: { ...metadata, uid: randomUUID(), creationTimestamp: formatTime(clock.now()) },
    ...rest,
  }
  applyDefaults(info, object, () => clock.now())
  return object
}

function ensureService({ serviceIP, endpoint }: SystemObjectsOptions, ensure: Ensure): void {
  const metadata = { name: 'kubernetes', namespace: 'default' }
  const { address, port } = endpoint
  ensure('', 'services', {
    metadata: { ...metadata, labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      type: 'ClusterIP',
      clusterIP: serviceIP,
      clusterIPs: [serviceIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }],
    },
    status: { loadBalancer: {} },
  })
  const ports = [{ name: 'https', port, protocol: 'TCP' }]
  const subsets = [{ addresses: [{ ip: address }], ports }]
  ensure(
    '',
    'endpoints',
    { metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }, subsets },
    (current) => ({ ...current, subsets }),
  )
  const endpoints = [{ addresses: [address], conditions: { ready: true } }]
  ensure(
    'discovery.k8s.io',
    'endpointslices',
    {
      metadata: { ...metadata, generation: 1, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType: 'IPv4',
      endpoints,
      ports,
    },
    (current) => ({ ...current, endpoints, ports }),
  )
}

const defaultsLabel = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }
const defaultsAnnotation = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' }
const rbac = 'rbac.authorization.k8s.io'

function ensurePolicy(_options: SystemObjectsOptions, ensure: Ensure): void {
  const meta = (
    name: string,
    labels?: Readonly<Record<string, string>>,
    namespace?: string,
  ): KubeObject['metadata'] => ({
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { ...defaultsLabel, ...labels },
    annotations: defaultsAnnotation,
  })
  const all = [...clusterRoles, ...ownRoles.map(({ role }) => role)]
  for (const role of all) {
    const rules = rulesOf(role.rules)
    // The aggregation writes what the others gather.
    const draft =
      role.aggregates === undefined
        ? { metadata: meta(role.name, role.labels), rules }
        : {
            metadata: meta(role.name, role.labels),
            aggregationRule: { clusterRoleSelectors: role.aggregates.map((matchLabels) => ({ matchLabels })) },
            rules: [],
          }
    ensure(rbac, 'clusterroles', draft, (current) => withRules(current, rules))
  }
  const bindings = [...lines(clusterRoleBindings), ...ownRoles.map(({ role, subjects }) => `${role.name}: ${subjects}`)]
  for (const line of bindings) {
    const [name, subjects] = split(line)
    const wanted = subjectsOf(subjects)
    ensure(
      rbac,
      'clusterrolebindings',
      {
        metadata: meta(name),
        ...(wanted.length === 0 ? {} : { subjects: wanted }),
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      },
      (current) => withSubjects(current, wanted),
    )
  }
  for (const role of roles)
    ensure(rbac, 'roles', { metadata: meta(role.name, role.labels, role.namespace), rules: rulesOf(role.rules) })
  for (const line of lines(roleBindings)) {
    const [head, subjects] = split(line)
    const [namespace = '', name = '', role = ''] = head.split(' ')
    ensure(rbac, 'rolebindings', {
      metadata: meta(name, undefined, namespace),
      subjects: subjectsOf(subjects),
      roleRef: { apiGroup: rbac, kind: 'Role', name: role },
    })
  }
}

function isKeptUpToDate({ metadata }: Draft): boolean {
  return metadata.annotations?.['rbac.authorization.kubernetes.io/autoupdate'] !== 'false'
}

/** A role of an earlier version gets the rules that are missing (autoupdate); what people added stays. */
function withRules(current: Draft, wanted: readonly PolicyRule[]): Draft | undefined {
  const rules = (current['rules'] ?? []) as PolicyRule[]
  const missing = uncoveredRules(rules, wanted)
  return missing.length === 0 || !isKeptUpToDate(current) ? undefined : { ...current, rules: [...rules, ...missing] }
}

function withSubjects(current: Draft, wanted: readonly object[]): Draft | undefined {
  const subjects = (current['subjects'] ?? []) as object[]
  const missing = wanted.filter((subject) => !subjects.some((known) => deepEqual(known, subject)))
  return missing.length === 0 || !isKeptUpToDate(current)
    ? undefined
    : { ...current, subjects: [...subjects, ...missing] }
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

/** Names of roles have colons themselves; the list of subjects starts at the colon with a space. */
function split(line: string): [string, string] {
  const at = line.indexOf(': ')
  return [line.slice(0, at), line.slice(at + 2)]
}

function rulesOf(text: string): PolicyRule[] {
  return lines(text).map((line) => {
    const [verbs = '', groupsOrPaths = '', resources, names] = line.split(/ [@:] /)
    if (resources === undefined) return { verbs: verbs.split(','), nonResourceURLs: groupsOrPaths.split(',') }
    return {
      verbs: verbs.split(','),
      apiGroups: groupsOrPaths.split(',').map((name) => (name === 'core' ? '' : name)),
      resources: resources.split(','),
      ...(names === undefined ? {} : { resourceNames: names.split(',') }),
    }
  })
}

function subjectsOf(text: string): object[] {
  if (text === '') return []
  return text.split(', ').map((subject) => {
    const [kind = '', ...rest] = subject.split(' ')
    const name = rest.join(' ')
    if (kind !== 'ServiceAccount') return { kind, apiGroup: rbac, name }
    const [namespace = '', account = ''] = name.split('/')
    return { kind, name: account, namespace }
  })
}

function ensureFlowControl({ clock }: SystemObjectsOptions, ensure: Ensure): void {
  const group = 'flowcontrol.apiserver.k8s.io'
  const annotations = { 'apf.kubernetes.io/autoupdate-spec': 'true' }
  for (const { name, spec } of priorityLevels())
    ensure(group, 'prioritylevelconfigurations', { metadata: { name, annotations, generation: 1 }, spec })
  for (const { name, spec, status } of flowSchemas(formatTime(clock.now())))
    ensure(group, 'flowschemas', { metadata: { name, annotations, generation: 1 }, spec, status })
}

const systemClasses = [
  [
    'system-cluster-critical',
    2_000_000_000,
    'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  ],
  [
    'system-node-critical',
    2_000_001_000,
    'Used for system critical pods that must not be moved from their current node.',
  ],
] as const

function ensurePriorityClasses(_options: SystemObjectsOptions, ensure: Ensure): void {
  for (const [name, value, description] of systemClasses) {
    ensure('scheduling.k8s.io', 'priorityclasses', {
      metadata: { name, generation: 1 },
      value,
      description,
      preemptionPolicy: 'PreemptLowerPriority',
    })
  }
}

function ensureCustomary(
  { serviceClusterIPRange, serviceIP, clientCa, clock }: SystemObjectsOptions,
  ensure: Ensure,
): void {
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: '',
    message: 'Kubernetes default Service CIDR is ready',
    lastTransitionTime: formatTime(clock.now()),
  }
  ensure('networking.k8s.io', 'servicecidrs', {
    metadata: { name: 'kubernetes' },
    spec: { cidrs: [serviceClusterIPRange] },
    status: { conditions: [condition] },
  })
  ensure('networking.k8s.io', 'ipaddresses', {
    metadata: {
      name: serviceIP,
      labels: {
        'ipaddress.kubernetes.io/ip-family': 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'kubernetes' } },
  })
  const data = { 'client-ca-file': clientCa }
  ensure(
    '',
    'configmaps',
    { metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' }, data },
    (current) => ({ ...current, data }),
  )
}
