import { expect, test } from 'vitest'
import { startEngine } from '../engine-fixture.ts'

const core = { group: '', version: 'v1', namespace: 'default' } as const
const configMap = (name: string, data = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})

test('LimitRanger fills in and bounds, and says by how much', async () => {
  const { send } = await startEngine()
  await send({
    verb: 'create',
    ...core,
    resource: 'serviceaccounts',
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
  })
  const limits = [{ type: 'Container', default: { cpu: '200m' }, defaultRequest: { cpu: '100m' }, max: { cpu: '1' } }]
  await send({
    verb: 'create',
    ...core,
    resource: 'limitranges',
    body: { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'l' }, spec: { limits } },
  })
  const pod = (name: string, resources: object): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'i:1', resources }] },
  })
  const filled = await send({ verb: 'create', ...core, resource: 'pods', body: pod('a', {}) })
  expect(filled).toMatchObject({
    spec: { containers: [{ resources: { requests: { cpu: '100m' }, limits: { cpu: '200m' } } }] },
  })
  const big = send({ verb: 'create', ...core, resource: 'pods', body: pod('b', { limits: { cpu: '2' } }) })
  await expect(big).rejects.toThrow('pods "b" is forbidden: maximum cpu usage per Container is 1, but limit is 2')
})

test('ResourceQuota refuses what would be too much', async () => {
  const { send } = await startEngine()
  await send({
    verb: 'create',
    ...core,
    resource: 'resourcequotas',
    body: { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard: { configmaps: '1' } } },
  })
  await send({ verb: 'create', ...core, resource: 'configmaps', body: configMap('a') })
  await expect(send({ verb: 'create', ...core, resource: 'configmaps', body: configMap('b') })).rejects.toThrow(
    'configmaps "b" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1',
  )
})

test('two creates at once do not both fit where one does', async () => {
  const { send } = await startEngine()
  await send({
    verb: 'create',
    ...core,
    resource: 'resourcequotas',
    body: { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard: { configmaps: '1' } } },
  })
  const create = (name: string): Promise<unknown> =>
    send({ verb: 'create', ...core, resource: 'configmaps', body: configMap(name) })
  const settled = await Promise.allSettled([create('a'), create('b'), create('c')])
  expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
  await send({ verb: 'delete', ...core, resource: 'configmaps', name: 'a' })
  await expect(create('d')).resolves.toBeDefined()
})

test('a MutatingAdmissionPolicy changes what is created', async () => {
  const { send } = await startEngine()
  const registration = { group: 'admissionregistration.k8s.io', version: 'v1' } as const
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }]
  const policy = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: 'p' },
    spec: {
      matchConstraints: { resourceRules },
      reinvocationPolicy: 'Never',
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: { expression: 'Object{metadata: Object.metadata{labels: {"made-by": "policy"}}}' },
        },
        {
          patchType: 'JSONPatch',
          jsonPatch: {
            expression: '[JSONPatch{op: "add", path: "/data", value: {"n": object.metadata.labels["made-by"]}}]',
          },
        },
      ],
    },
  }
  await send({ verb: 'create', ...registration, resource: 'mutatingadmissionpolicies', body: policy })
  const binding = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: 'b' },
    spec: { policyName: 'p' },
  }
  await send({ verb: 'create', ...registration, resource: 'mutatingadmissionpolicybindings', body: binding })
  const made = await send({ verb: 'create', ...core, resource: 'configmaps', body: configMap('a') })
  expect(made).toMatchObject({ metadata: { labels: { 'made-by': 'policy' } }, data: { n: 'policy' } })
  const wrong = {
    ...policy,
    metadata: { name: 'w' },
    spec: { ...policy.spec, matchConditions: [{ name: 'x', expression: 'nothing' }] },
  }
  await expect(
    send({ verb: 'create', ...registration, resource: 'mutatingadmissionpolicies', body: wrong }),
  ).rejects.toThrow(
    'spec.matchConditions[0].expression: Invalid value: "nothing": compilation failed: ERROR: <input>:1:1: undeclared reference to \'nothing\'',
  )
})

test('a ValidatingAdmissionPolicy denies once a binding puts it in force', async () => {
  const { send } = await startEngine()
  const registration = { group: 'admissionregistration.k8s.io', version: 'v1' } as const
  const policy = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'p' },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
      },
      variables: [{ name: 'keys', expression: 'object.data.map(key, key)' }],
      validations: [{ expression: 'variables.keys.size() < 2', message: 'one key at most' }],
    },
  }
  await send({ verb: 'create', ...registration, resource: 'validatingadmissionpolicies', body: policy })
  const two = { verb: 'create', ...core, resource: 'configmaps', body: configMap('two', { a: '1', b: '2' }) } as const
  const binding = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: 'b' },
    spec: { policyName: 'p', validationActions: ['Deny'] },
  }
  await send({ verb: 'create', ...registration, resource: 'validatingadmissionpolicybindings', body: binding })
  await expect(send(two)).rejects.toThrow(
    `configmaps "two" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: one key at most`,
  )
  await expect(send({ ...two, body: configMap('one', { a: '1' }) })).resolves.toBeDefined()
})

test('PodSecurity refuses what the level of the namespace forbids, with every reason', async () => {
  const { send } = await startEngine()
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  const space = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tight', labels } }
  await send({ verb: 'create', group: '', version: 'v1', resource: 'namespaces', body: space })
  const tight = { group: '', version: 'v1', namespace: 'tight' } as const
  await send({
    verb: 'create',
    ...tight,
    resource: 'serviceaccounts',
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
  })
  const pod = (name: string, spec: object, securityContext: object): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { ...spec, containers: [{ name: 'c', image: 'i:1', securityContext }] },
  })
  const loose = send({
    verb: 'create',
    ...tight,
    resource: 'pods',
    body: pod('loose', { hostPID: true }, { privileged: true }),
  })
  await expect(loose).rejects.toThrow(
    'pods "loose" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostPID=true), ' +
      'privileged (container "c" must not set securityContext.privileged=true), ' +
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), ' +
      'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), ' +
      'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ' +
      'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  )
  const securityContext = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }
  const kept = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
  await expect(
    send({ verb: 'create', ...tight, resource: 'pods', body: pod('kept', { securityContext }, kept) }),
  ).resolves.toBeDefined()
})
