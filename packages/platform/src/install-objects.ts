// What `binnacle install` puts into a cluster beside the definitions: who the controllers are, what they may do, and the
// Deployment that runs them.

import type {
  ClusterRole,
  ClusterRoleBinding,
  Deployment,
  KubeObject,
  PolicyRule,
  Role,
  RoleBinding,
} from '@binnacle/api'
import { customResourceDefinitions, group, managedBy, managedByLabel } from '@binnacle/model'

const systemNamespace = 'binnacle-system'
/** Who leads, of several that run the controllers. */
export const controllersLease: { namespace: string; name: string } = {
  namespace: systemNamespace,
  name: 'binnacle-controllers',
}
const account = 'binnacle-controllers'
const labels = { [managedByLabel]: managedBy }

/** In the order in which they are applied; without an image no Deployment. */
export function installObjects({ image }: { image?: string | undefined }): KubeObject[] {
  const meta = { name: account, labels }
  const inNamespace = { ...meta, namespace: systemNamespace }
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace: systemNamespace }]
  const rbac = 'rbac.authorization.k8s.io'
  const role: ClusterRole = { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: meta, rules: clusterRules }
  const binding: ClusterRoleBinding = {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: meta,
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: account },
    subjects,
  }
  const leaseRole: Role = {
    apiVersion: `${rbac}/v1`,
    kind: 'Role',
    metadata: inNamespace,
    rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] }],
  }
  const leaseBinding: RoleBinding = {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: inNamespace,
    roleRef: { apiGroup: rbac, kind: 'Role', name: account },
    subjects,
  }
  return [
    ...customResourceDefinitions(),
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: systemNamespace, labels } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: inNamespace },
    role,
    binding,
    leaseRole,
    leaseBinding,
    ...(image === undefined ? [] : [deploymentOf(image)]),
  ]
}

const all = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']
const read = ['get', 'list', 'watch']

const clusterRules: PolicyRule[] = [
  { apiGroups: [group], resources: ['*'], verbs: all },
  {
    apiGroups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions'],
    verbs: ['get', 'list', 'watch', 'create', 'patch'],
  },
  { apiGroups: [''], resources: ['configmaps', 'secrets', 'services'], verbs: all },
  { apiGroups: [''], resources: ['pods', 'nodes', 'events'], verbs: read },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: [...read, 'create'] },
  { apiGroups: ['apps'], resources: ['deployments', 'statefulsets'], verbs: all },
  { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: all },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: all },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: all },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: all },
]

function deploymentOf(image: string): Deployment {
  const selector = { 'app.kubernetes.io/name': account }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: account, namespace: systemNamespace, labels: { ...labels, ...selector } },
    spec: {
      // The second takes over at once when the first is gone.
      replicas: 2,
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: selector },
        spec: {
          serviceAccountName: account,
          containers: [
            {
              name: 'controllers',
              image,
              args: ['controllers'],
              resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '512Mi' } },
              terminationMessagePolicy: 'FallbackToLogsOnError',
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
                readOnlyRootFilesystem: true,
                runAsNonRoot: true,
                runAsUser: 65_532,
                seccompProfile: { type: 'RuntimeDefault' },
              },
            },
          ],
        },
      },
    },
  }
}
