import { describe, expect, it } from 'vitest'
import { applyDefaults } from '../src/defaults/index.ts'
import { fieldErrorText } from '../src/field-error.ts'
import type { KubeObject } from '../src/object.ts'
import { validateCreate, validateStatusUpdate, validateUpdate } from '../src/validation/index.ts'

const clusterKinds = new Set([
  'Namespace',
  'StorageClass',
  'ClusterRole',
  'ClusterRoleBinding',
  'PriorityClass',
  'Node',
])

function kindOf(group: string, kind: string): { group: string; version: string; kind: string; namespaced: boolean } {
  return { group, version: 'v1', kind, namespaced: !clusterKinds.has(kind) }
}

function draft(group: string, kind: string, object: object): KubeObject {
  const namespace = clusterKinds.has(kind) ? {} : { namespace: 'default' }
  const given = object as { metadata?: object }
  const draft = { ...structuredClone(object), metadata: { name: 'x', ...namespace, ...given.metadata } } as KubeObject
  applyDefaults(kindOf(group, kind), draft)
  return draft
}

function problems(group: string, kind: string, object: object): string[] {
  return validateCreate(kindOf(group, kind), draft(group, kind, object)).map(fieldErrorText)
}

function updateProblems(group: string, kind: string, object: object, old: object): string[] {
  return validateUpdate(kindOf(group, kind), draft(group, kind, object), draft(group, kind, old)).map(fieldErrorText)
}

describe('metadata', () => {
  it('is required to have a name and a namespace where the kind has one', () => {
    expect(problems('', 'ConfigMap', { metadata: { name: '', namespace: '' } })).toEqual([
      'metadata.name: Required value: name or generateName is required',
      'metadata.namespace: Required value',
    ])
    expect(problems('', 'Namespace', { metadata: { namespace: 'a' } })).toEqual([
      'metadata.namespace: Forbidden: not allowed on this type',
    ])
  })

  it('reports everything at once', () => {
    const metadata = {
      name: 'Bad_Name',
      labels: { '/a': '?' },
      annotations: { 'only/one/slash': '' },
      finalizers: ['orphan', 'foregroundDeletion'],
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: '1', controller: true },
        { apiVersion: 'v1', kind: 'Pod', name: 'b', uid: '', controller: true },
      ],
    }
    const fields = validateCreate(kindOf('', 'ConfigMap'), draft('', 'ConfigMap', { metadata })).map(
      ({ field }) => field,
    )
    expect(fields).toEqual([
      'metadata.name',
      'metadata.labels',
      'metadata.labels',
      'metadata.annotations',
      'metadata.ownerReferences.uid',
      'metadata.ownerReferences',
      'metadata.finalizers',
    ])
  })

  it('limits annotations to 256 KiB', () => {
    const annotations = { a: 'x'.repeat(256 * 1024) }
    expect(problems('', 'ConfigMap', { metadata: { annotations } })).toEqual([
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ])
  })

  it('takes custom kinds too', () => {
    expect(problems('x.io', 'Car', {})).toEqual([])
    expect(problems('x.io', 'Car', { metadata: { name: 'A' } })).toHaveLength(1)
  })

  // Each is told twice: the registry and the kind look at metadata alike.
  it('does not change where it must not', () => {
    const old = { metadata: { uid: 'a', creationTimestamp: '2026-01-01T00:00:00Z' } }
    expect(updateProblems('', 'ConfigMap', { metadata: { ...old.metadata, uid: 'b' } }, old)).toEqual([
      'metadata.uid: Invalid value: "b": field is immutable',
      'metadata.uid: Invalid value: "b": field is immutable',
    ])
  })

  it('takes no new finalizer while the object is being deleted', () => {
    const deletionTimestamp = '2026-01-01T00:00:00Z'
    const old = { metadata: { deletionTimestamp, finalizers: ['a.b/c'] } }
    const added = { metadata: { deletionTimestamp, finalizers: ['a.b/c', 'a.b/d'] } }
    const message =
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a.b/d"}'
    expect(updateProblems('', 'ConfigMap', added, old)).toEqual([message, message])
  })

  it('wants to know the version that is replaced for leases and custom kinds', () => {
    const message = 'metadata.resourceVersion: Invalid value: "": must be specified for an update'
    expect(updateProblems('coordination.k8s.io', 'Lease', {}, {})).toEqual([message, message])
    expect(updateProblems('x.io', 'Car', {}, {})).toEqual([message, message])
    expect(updateProblems('', 'ConfigMap', {}, {})).toEqual([])
  })
})

describe('ConfigMaps and Secrets', () => {
  it('checks keys and finds them in both maps', () => {
    expect(problems('', 'ConfigMap', { data: { a: '', '..': '' }, binaryData: { a: '' } })).toEqual([
      'data[a]: Invalid value: "a": duplicate of key present in binaryData',
      `data[..]: Invalid value: "..": must not be '..'`,
    ])
  })

  it('takes up to a mebibyte', () => {
    expect(problems('', 'ConfigMap', { data: { a: 'x'.repeat(1024 * 1024) } })).toEqual([])
    expect(problems('', 'ConfigMap', { data: { a: 'x'.repeat(1024 * 1024 + 1) } })).toHaveLength(1)
    const encoded = Buffer.alloc(1024 * 1024).toString('base64')
    expect(problems('', 'Secret', { data: { a: encoded } })).toEqual([])
  })

  it('stay as they are once immutable', () => {
    const message = 'Forbidden: field is immutable when `immutable` is set'
    const old = { immutable: true, data: { a: 'b' } }
    expect(updateProblems('', 'ConfigMap', { immutable: true, data: { a: 'b' } }, old)).toEqual([])
    expect(updateProblems('', 'ConfigMap', { data: { a: 'c' } }, old)).toEqual([
      `immutable: ${message}`,
      `data: ${message}`,
    ])
  })

  it('have the keys of their type, and keep the type', () => {
    expect(problems('', 'Secret', { type: 'kubernetes.io/tls' })).toEqual([
      'data[tls.crt]: Required value',
      'data[tls.key]: Required value',
    ])
    expect(updateProblems('', 'Secret', { type: 'a' }, { type: 'b' })).toEqual([
      'type: Invalid value: "a": field is immutable',
    ])
  })

  it('never shows the content of a secret', () => {
    const data = { '.dockerconfigjson': Buffer.from('{').toString('base64') }
    const [problem] = problems('', 'Secret', { type: 'kubernetes.io/dockerconfigjson', data })
    expect(problem).toContain('<secret contents redacted>')
  })
})

describe('services', () => {
  const ok = { ports: [{ port: 80 }], clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] }

  it.each([
    [ok, []],
    [{ clusterIP: 'None', clusterIPs: ['None'] }, []],
    [{}, ['spec.ports: Required value']],
    [
      { ports: [{ port: 80 }, { port: 80 }] },
      [
        'spec.ports[0].name: Required value',
        'spec.ports[1].name: Required value',
        'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
      ],
    ],
    [
      { ports: [{ port: 0, protocol: 'XYZ', targetPort: 'a--b' }] },
      [
        'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.ports[0].protocol: Unsupported value: "XYZ": supported values: "SCTP", "TCP", "UDP"',
        'spec.ports[0].targetPort: Invalid value: "a--b": must not contain consecutive hyphens',
      ],
    ],
    [
      { ...ok, type: 'ExternalName' },
      ['spec.clusterIPs: Forbidden: may not be set for ExternalName services', 'spec.externalName: Required value'],
    ],
    [
      { ...ok, ports: [{ port: 80, nodePort: 30000 }] },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      { ...ok, clusterIPs: ['10.0.0.2'] },
      ['spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`'],
    ],
    [
      { ...ok, clusterIP: '010.0.0.1', clusterIPs: ['010.0.0.1'] },
      ['spec.clusterIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s'],
    ],
  ])('%j', (spec, expected) => {
    expect(problems('', 'Service', { spec })).toEqual(expected)
  })

  it('keep their address', () => {
    const moved = { ...ok, clusterIP: '10.0.0.2', clusterIPs: ['10.0.0.2'] }
    expect(updateProblems('', 'Service', { spec: moved }, { spec: ok })).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
    ])
  })

  it('may start with a digit since 1.36', () => {
    expect(problems('', 'Service', { metadata: { name: '1up' }, spec: ok })).toEqual([])
    expect(problems('', 'Service', { metadata: { name: 'a.b' }, spec: ok })).toHaveLength(1)
  })
})

describe('RBAC', () => {
  const group = 'rbac.authorization.k8s.io'

  it('takes names with colons and refuses rules that allow nothing', () => {
    const rules = [{ verbs: [], apiGroups: [''], resources: ['pods'] }]
    expect(problems(group, 'Role', { metadata: { name: 'system:a' }, rules })).toEqual([
      'rules[0].verbs: Required value: verbs must contain at least one value',
    ])
  })

  it('never points elsewhere', () => {
    const binding = (name: string): object => ({ roleRef: { apiGroup: group, kind: 'Role', name }, subjects: [] })
    expect(updateProblems(group, 'RoleBinding', binding('a'), binding('b'))).toEqual([
      `roleRef: Invalid value: {"APIGroup":"${group}","Kind":"Role","Name":"a"}: cannot change roleRef`,
    ])
  })

  it('knows the three kinds of subjects', () => {
    const object = {
      roleRef: { kind: 'ClusterRole', name: 'a' },
      subjects: [
        { kind: 'ServiceAccount', name: 'a' },
        { kind: 'X', name: 'b' },
      ],
    }
    expect(problems(group, 'ClusterRoleBinding', object)).toEqual([
      'subjects[0].namespace: Required value',
      'subjects[1].kind: Unsupported value: "X": supported values: "ServiceAccount", "User", "Group"',
    ])
  })
})

describe('other kinds', () => {
  it.each([
    [
      'networking.k8s.io',
      'Ingress',
      { spec: { rules: [{ host: '1.2.3.4', http: { paths: [{ path: 'a', pathType: 'Prefix', backend: {} }] } }] } },
      [
        'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
        'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path',
        'spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required',
      ],
    ],
    [
      'networking.k8s.io',
      'NetworkPolicy',
      { spec: { ingress: [{ from: [{}, { ipBlock: { cidr: '10.0.0.1/8' } }] }] } },
      [
        'spec.ingress[0].from[0]: Required value: must specify a peer',
        'spec.ingress[0].from[1].ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
      ],
    ],
    [
      '',
      'ResourceQuota',
      { spec: { hard: { pods: '1500m', nothing: '1' } } },
      [
        'spec.hard[pods]: Invalid value: "1500m": must be an integer',
        'spec.hard[nothing]: Invalid value: "nothing": must be a standard resource type or fully qualified',
        'spec.hard[nothing]: Invalid value: "nothing": must be a standard resource for quota',
      ],
    ],
    [
      '',
      'LimitRange',
      { spec: { limits: [{ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }] } },
      [
        'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
        'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
        'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
      ],
    ],
    [
      'scheduling.k8s.io',
      'PriorityClass',
      { value: 1_000_000_001 },
      ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
    ],
    [
      'policy',
      'PodDisruptionBudget',
      { spec: { maxUnavailable: '101%' } },
      ['spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ],
    ['discovery.k8s.io', 'EndpointSlice', { addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'] }] }, []],
    ['storage.k8s.io', 'StorageClass', {}, ['provisioner: Required value']],
    ['', 'Event', { involvedObject: { namespace: 'default' } }, []],
    [
      '',
      'Event',
      { involvedObject: { namespace: 'other' } },
      ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
    ],
  ])('%s %s %j', (group, kind, object, expected) => {
    expect(problems(group, kind, object)).toEqual(expected)
  })

  it('lets a namespace be terminating only while it is being deleted', () => {
    const of = kindOf('', 'Namespace')
    const object = draft('', 'Namespace', { status: { phase: 'Terminating' } })
    expect(validateStatusUpdate(of, object, draft('', 'Namespace', {})).map(fieldErrorText)).toEqual([
      `status.Phase: Invalid value: "Terminating": may only be 'Active' if \`deletionTimestamp\` is empty`,
    ])
  })
})
