import { expect, it } from 'vitest'
import { type Answer, type SendOptions, type ServerFixture, startServer } from '../server-fixture.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const apiVersion = 'rbac.authorization.k8s.io/v1'
const apiGroup = 'rbac.authorization.k8s.io'

const bob = { 'impersonate-user': 'bob' }

function asBob(api: ServerFixture): (method: string, path: string, options?: SendOptions) => Promise<Answer> {
  return (method, path, options) => api.send(method, path, { ...options, headers: { ...options?.headers, ...bob } })
}

async function grant(api: ServerFixture, role: string, namespace?: string): Promise<void> {
  const kind = namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding'
  const path = namespace === undefined ? `${rbac}/clusterrolebindings` : `${rbac}/namespaces/${namespace}/rolebindings`
  const body = {
    apiVersion,
    kind,
    metadata: { name: `bob-${role}` },
    subjects: [{ kind: 'User', apiGroup, name: 'bob' }],
    roleRef: { apiGroup, kind: 'ClusterRole', name: role },
  }
  expect((await api.send('POST', path, { body })).code).toBe(201)
}

async function makeRole(
  api: ServerFixture,
  name: string,
  rules: object[],
  labels: Record<string, string> = {},
): Promise<void> {
  const body = { apiVersion, kind: 'ClusterRole', metadata: { name, labels }, rules }
  expect((await api.send('POST', `${rbac}/clusterroles`, { body })).code).toBe(201)
}

it.each([
  [
    'GET',
    '/api/v1/namespaces/default/pods',
    'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"',
  ],
  [
    'GET',
    '/api/v1/pods',
    'pods is forbidden: User "bob" cannot list resource "pods" in API group "" at the cluster scope',
  ],
  [
    'GET',
    '/api/v1/nodes/n',
    'nodes "n" is forbidden: User "bob" cannot get resource "nodes" in API group "" at the cluster scope',
  ],
  [
    'GET',
    '/apis/apps/v1/namespaces/default/deployments/d/scale',
    'deployments.apps "d" is forbidden: User "bob" cannot get resource "deployments/scale" in API group "apps" in the namespace "default"',
  ],
  [
    'GET',
    '/api/v1/namespaces/default/foos',
    'foos is forbidden: User "bob" cannot list resource "foos" in API group "" in the namespace "default"',
  ],
  [
    'DELETE',
    '/api/v1/namespaces/default/pods',
    'pods is forbidden: User "bob" cannot deletecollection resource "pods" in API group "" in the namespace "default"',
  ],
  ['GET', '/metrics', 'forbidden: User "bob" cannot get path "/metrics"'],
])('tells whom it refuses what: %s %s', async (method, path, message) => {
  await using api = await startServer()
  const { code, json } = await asBob(api)(method, path)
  expect([code, json.message]).toEqual([403, message])
})

it('lets a role binding reach one namespace', async () => {
  await using api = await startServer()
  await grant(api, 'view', 'default')
  const send = asBob(api)
  expect((await send('GET', '/api/v1/namespaces/default/pods')).code).toBe(200)
  expect((await send('GET', '/api/v1/namespaces/kube-system/pods')).code).toBe(403)
  expect((await send('GET', '/api/v1/namespaces/default/secrets')).code).toBe(403)
})

it('follows a role that is aggregated, and a binding that goes', async () => {
  await using api = await startServer()
  await grant(api, 'view', 'default')
  const send = asBob(api)
  const secrets = '/api/v1/namespaces/default/secrets'
  expect((await send('GET', secrets)).code).toBe(403)
  const rules = [{ verbs: ['list'], apiGroups: [''], resources: ['secrets'] }]
  await makeRole(api, 'see-secrets', rules, { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' })
  const view = await api.send('GET', `${rbac}/clusterroles/view`)
  expect(view.json['rules']).toContainEqual(rules[0])
  expect((await send('GET', secrets)).code).toBe(200)
  await api.send('DELETE', `${rbac}/namespaces/default/rolebindings/bob-view`)
  expect((await send('GET', secrets)).code).toBe(403)
})

it('lets nobody grant what they do not hold', async () => {
  await using api = await startServer()
  await makeRole(api, 'granter', [
    { verbs: ['create', 'patch'], apiGroups: [apiGroup], resources: ['clusterroles', 'clusterrolebindings'] },
  ])
  await grant(api, 'granter')
  const send = asBob(api)
  const role = (rules: object[]): SendOptions => ({
    body: { apiVersion, kind: 'ClusterRole', metadata: { name: 'new' }, rules },
  })
  const refused = await send(
    'POST',
    `${rbac}/clusterroles`,
    role([{ verbs: ['get', 'list'], apiGroups: [''], resources: ['secrets'] }]),
  )
  expect([refused.code, refused.json.message]).toEqual([
    403,
    'clusterroles.rbac.authorization.k8s.io "new" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
  ])
  const own = await send(
    'POST',
    `${rbac}/clusterroles`,
    role([{ verbs: ['create'], apiGroups: [apiGroup], resources: ['clusterroles'] }]),
  )
  expect(own.code).toBe(201)
  const binding = {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'climb' },
    subjects: [{ kind: 'User', apiGroup, name: 'bob' }],
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' },
  }
  expect((await send('POST', `${rbac}/clusterrolebindings`, { body: binding })).code).toBe(403)
  await makeRole(api, 'binder', [{ verbs: ['bind'], apiGroups: [apiGroup], resources: ['clusterroles'] }])
  await grant(api, 'binder')
  expect((await send('POST', `${rbac}/clusterrolebindings`, { body: binding })).code).toBe(201)
})

it('answers reviews of access as it would decide', async () => {
  await using api = await startServer()
  await grant(api, 'view', 'default')
  const review = async (namespace: string): Promise<unknown> => {
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: 'bob', resourceAttributes: { verb: 'list', resource: 'pods', namespace } },
    }
    return (await api.send('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { body })).json['status']
  }
  expect(await review('default')).toEqual({
    allowed: true,
    reason: 'RBAC: allowed by RoleBinding "bob-view/default" of ClusterRole "view" to User "bob"',
  })
  expect(await review('kube-system')).toEqual({ allowed: false })
})

it('lets those impersonate who may', async () => {
  await using api = await startServer()
  await makeRole(api, 'impersonator', [{ verbs: ['impersonate'], apiGroups: [''], resources: ['users', 'groups'] }])
  await grant(api, 'impersonator')
  const transport = api.server.transport({ username: 'bob', groups: ['system:authenticated'] })
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const request = {
    verb: 'create',
    group: 'authentication.k8s.io',
    version: 'v1',
    resource: 'selfsubjectreviews',
  } as const
  expect(await transport.send({ ...request, body })).toMatchObject({ status: { userInfo: { username: 'bob' } } })
  const groupOnly = await api.send('GET', '/api/v1/pods', { headers: { 'impersonate-group': 'g' } })
  expect(groupOnly.code).toBe(400)
})

it('authorizes in process as over HTTPS', async () => {
  await using api = await startServer()
  const transport = api.server.transport('system:serviceaccount:default:robot')
  const request = { verb: 'list', group: '', version: 'v1', resource: 'pods', namespace: 'default' } as const
  await expect(transport.send(request)).rejects.toThrow(
    'pods is forbidden: User "system:serviceaccount:default:robot" cannot list resource "pods"',
  )
})
