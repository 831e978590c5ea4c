// The core group without its workloads: services, configuration, namespaces, nodes, limits and quotas, volumes.

import { type Case, casesOf, times } from '../case.ts'

const services = casesOf(
  {
    apiVersion: 'v1',
    kind: 'Service',
    resource: 'services',
    base: { spec: { selector: { app: 'x' }, ports: [{ port: 80 }] } },
  },
  [
    ['no ports', 'create', { spec: { ports: [] } }],
    [
      'bad ports',
      'create',
      {
        spec: {
          ports: [
            { port: 0, protocol: 'tcp', targetPort: 'A_b' },
            { port: 80, name: 'A_b', nodePort: 30000, appProtocol: 'a b' },
            { port: 80, name: 'x' },
            { port: 81, name: 'x', targetPort: 70000 },
          ],
        },
      },
    ],
    [
      'unknown words',
      'create',
      {
        spec: {
          type: 'Magic',
          sessionAffinity: 'Sticky',
          externalTrafficPolicy: 'x',
          internalTrafficPolicy: 'y',
          ipFamilyPolicy: 'z',
          ipFamilies: ['IPv5'],
        },
      },
    ],
    ['a bad selector', 'create', { spec: { selector: { 'a b': 'c d' } } }],
    ['a name without an address', 'create', { spec: { type: 'ExternalName', externalName: '' } }],
    ['a bad external name', 'create', { spec: { type: 'ExternalName', externalName: 'A_b', clusterIP: '10.96.0.77' } }],
    ['a bad address', 'create', { spec: { clusterIP: 'x' } }],
    ['addresses that do not fit', 'create', { spec: { clusterIP: '10.96.0.50', clusterIPs: ['10.96.0.51'] } }],
    ['bad external addresses', 'create', { spec: { externalIPs: ['x', '127.0.0.1', '0.0.0.0', '010.1.1.1'] } }],
    [
      'session times',
      'create',
      { spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } } } },
    ],
    [
      'session times without sessions',
      'create',
      { spec: { sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } } },
    ],
    [
      'ranges of a service inside',
      'create',
      {
        spec: {
          loadBalancerSourceRanges: ['10.0.0.1/8', 'x'],
          loadBalancerClass: 'a b',
          allocateLoadBalancerNodePorts: true,
          healthCheckNodePort: 30001,
        },
      },
    ],
    [
      'ranges of a service outside',
      'create',
      {
        spec: {
          type: 'LoadBalancer',
          loadBalancerSourceRanges: ['x', '10.0.0.1/8'],
          loadBalancerClass: 'a b',
          loadBalancerIP: '1.2.3.4',
        },
      },
    ],
    ['a node port outside the range', 'create', { spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] } }],
    ['headless and exposed', 'create', { spec: { type: 'NodePort', clusterIP: 'None' } }],
    ['a headless one for a name', 'create', { spec: { clusterIP: 'None', ports: null } }],
    ['a name that starts with a digit', 'create', { metadata: { name: '1a' } }],
    ['a name with dots', 'create', { metadata: { name: 'a.b' } }],
    ['a traffic distribution', 'create', { spec: { trafficDistribution: 'Far' } }],
    ['a preference that is old', 'create', { spec: { trafficDistribution: 'PreferClose' } }],
    [
      'a topology annotation',
      'create',
      {
        metadata: {
          annotations: {
            'service.kubernetes.io/topology-aware-hints': 'auto',
            'service.kubernetes.io/topology-mode': 'Sometimes',
          },
        },
      },
    ],
    [
      'old notations',
      'create',
      { spec: { externalIPs: ['::ffff:1.2.3.4'], loadBalancerIP: 'x', type: 'LoadBalancer' } },
    ],
    [
      'a v6 address that is not short',
      'create',
      { spec: { externalIPs: ['2001:DB8:0:0::1'], type: 'LoadBalancer', loadBalancerSourceRanges: ['2001:DB8::/32'] } },
    ],
    [
      'two policies',
      'create',
      { spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', internalTrafficPolicy: 'Local' } },
    ],
    ['another address', 'update', { spec: { clusterIP: '10.96.0.99', clusterIPs: ['10.96.0.99'] } }],
    ['no ports', 'update', { spec: { ports: [] } }],
    ['another type', 'update', { spec: { type: 'NodePort' } }],
    ['an external name', 'update', { spec: { type: 'ExternalName', externalName: 'example.com' } }],
    [
      'bad addresses',
      'status',
      { status: { loadBalancer: { ingress: [{ ip: 'x' }, { hostname: '1.2.3.4' }, { hostname: 'A_b' }] } } },
    ],
    ['addresses of a service inside', 'status', { status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } } }],
    ['a bad condition', 'status', { status: { conditions: [{ type: 'a b', status: 'x' }] } }],
  ],
)

const balancers = casesOf(
  {
    apiVersion: 'v1',
    kind: 'Service',
    resource: 'services',
    name: 'balanced',
    base: { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } },
  },
  [
    [
      'an address',
      'status',
      { status: { loadBalancer: { ingress: [{ ip: '1.2.3.4', ports: [{ port: 80, protocol: 'TCP' }] }] } } },
    ],
    [
      'bad entries',
      'status',
      { status: { loadBalancer: { ingress: [{ ip: 'x', ipMode: 'Q' }, { ipMode: 'VIP' }, { hostname: '1.2.3.4' }] } } },
    ],
    ['another class', 'update', { spec: { loadBalancerClass: 'example.com/x' } }],
  ],
).map((one) => ({ ...one, name: `${one.name} of a load balancer` }))

const configMaps = casesOf(
  { apiVersion: 'v1', kind: 'ConfigMap', resource: 'configmaps', base: { data: { a: 'b' } } },
  [
    ['bad keys', 'create', { data: { 'a b': 'c', '..': 'd' }, binaryData: { a: 'AA==', 'e/f': 'AA==' } }, 'any order'],
    ['too much', 'create', { data: { big: 'x'.repeat(1_048_577) } }],
    ['a bad key', 'update', { data: { 'a b': 'c' } }],
    ['an immutable one', 'update', { immutable: true }],
    ['a generated name', 'create', { metadata: { name: null, generateName: 'A_' } }],
    ['no name', 'create', { metadata: { name: null } }],
    [
      'bad metadata',
      'create',
      {
        metadata: {
          name: 'A_b',
          labels: { 'a b': 'c d' },
          annotations: { 'e f': 'g' },
          finalizers: ['h i', 'j'],
          ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }],
          generation: -1,
        },
      },
    ],
    [
      'two controllers',
      'create',
      {
        metadata: {
          ownerReferences: [
            { apiVersion: 'v1', kind: 'A', name: 'a', uid: '1', controller: true },
            { apiVersion: 'v1', kind: 'B', name: 'b', uid: '2', controller: true },
          ],
        },
      },
    ],
    ['large annotations', 'create', { metadata: { annotations: { a: 'x'.repeat(262_145) } } }],
    ['another namespace', 'create', { metadata: { namespace: 'other' } }],
  ],
)

const frozen = casesOf(
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    resource: 'configmaps',
    name: 'frozen',
    base: { immutable: true, data: { a: 'b' }, binaryData: { c: 'AA==' } },
  },
  [
    ['other data', 'update', { data: { a: 'c' } }],
    ['other data and bytes', 'update', { immutable: false, data: { a: 'c' }, binaryData: { c: 'AQ==' } }],
    ['a label', 'update', { metadata: { labels: { a: 'b' } } }],
  ],
).map((one) => ({ ...one, name: `${one.name} of an immutable one` }))

const secrets = casesOf({ apiVersion: 'v1', kind: 'Secret', resource: 'secrets', base: { data: { a: 'AA==' } } }, [
  ['bad keys', 'create', { data: { 'a b': 'AA==' } }],
  ['a token of nobody', 'create', { type: 'kubernetes.io/service-account-token' }],
  ['a bad registry login', 'create', { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'e30' } }],
  ['no registry login', 'create', { type: 'kubernetes.io/dockercfg' }],
  ['a registry login that is no JSON', 'create', { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': 'eA==' } }],
  ['no user', 'create', { type: 'kubernetes.io/basic-auth' }],
  ['no key', 'create', { type: 'kubernetes.io/ssh-auth' }],
  ['no certificate', 'create', { type: 'kubernetes.io/tls' }],
  ['another type', 'update', { type: 'kubernetes.io/tls' }],
  ['a bad key', 'update', { data: { 'a b': 'AA==' } }],
])

const namespaces = casesOf({ apiVersion: 'v1', kind: 'Namespace', resource: 'namespaces', cluster: true, base: {} }, [
  ['a name with dots', 'create', { metadata: { name: 'a.b' } }],
  ['a bad finalizer', 'create', { spec: { finalizers: ['a b', 'c'] } }],
  ['bad labels', 'update', { metadata: { labels: { 'a b': 'c d' } } }],
  ['another phase', 'status', { status: { phase: 'Terminating' } }],
  ['no phase', 'status', { status: { phase: null } }],
  [
    'a pod security level',
    'create',
    {
      metadata: {
        labels: { 'pod-security.kubernetes.io/enforce': 'strict', 'pod-security.kubernetes.io/warn-version': 'x' },
      },
    },
  ],
  ['other finalizers', 'update', { spec: { finalizers: [] } }],
])

const accounts = casesOf({ apiVersion: 'v1', kind: 'ServiceAccount', resource: 'serviceaccounts', base: {} }, [
  ['secrets', 'create', { secrets: [{ name: 's' }], imagePullSecrets: [{ name: '' }] }],
  ['an annotation', 'create', { metadata: { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } } }],
  ['an annotation', 'update', { metadata: { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } } }],
  ['a bad name', 'create', { metadata: { name: 'A_b' } }],
])

const nodes = casesOf(
  {
    apiVersion: 'v1',
    kind: 'Node',
    resource: 'nodes',
    cluster: true,
    base: { spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'], providerID: 'p' } },
  },
  [
    [
      'bad taints',
      'create',
      {
        spec: {
          taints: [
            { key: 'a b', effect: 'x', value: 'c d' },
            { key: 'k', effect: 'NoExecute' },
            { key: 'k', effect: 'NoExecute', value: 'v' },
            { key: 'k' },
          ],
        },
      },
    ],
    ['bad ranges', 'create', { spec: { podCIDR: 'x', podCIDRs: ['x', 'y'] } }],
    ['ranges of one family', 'create', { spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'] } }],
    [
      'old fields',
      'create',
      { spec: { configSource: { configMap: { name: 'c', namespace: 'n', kubeletConfigKey: 'k' } }, externalID: 'x' } },
    ],
    ['an old label', 'create', { metadata: { labels: { 'beta.kubernetes.io/os': 'linux' } } }],
    ['another provider', 'update', { spec: { providerID: 'q' } }],
    ['another range', 'update', { spec: { podCIDR: '10.244.2.0/24', podCIDRs: ['10.244.2.0/24'] } }],
    ['bad taints', 'update', { spec: { taints: [{ key: 'a b', effect: 'x' }] } }],
    ['not to be scheduled', 'update', { spec: { unschedulable: true } }],
    [
      'a negative capacity',
      'status',
      { status: { capacity: { cpu: '-1', pods: '1.5' }, allocatable: { 'a b': '1' } } },
      'any order',
    ],
    [
      'addresses twice',
      'status',
      {
        status: {
          addresses: [
            { type: 'InternalIP', address: '1.2.3.4' },
            { type: 'InternalIP', address: '1.2.3.4' },
          ],
        },
      },
    ],
    [
      'a bad avoidance',
      'create',
      { metadata: { annotations: { 'scheduler.alpha.kubernetes.io/preferAvoidPods': 'x' } } },
    ],
  ],
)

const limitRanges = casesOf(
  {
    apiVersion: 'v1',
    kind: 'LimitRange',
    resource: 'limitranges',
    base: { spec: { limits: [{ type: 'Container', max: { cpu: '4' } }] } },
  },
  [
    [
      'bad items',
      'create',
      {
        spec: {
          limits: [
            { type: 'a b' },
            { type: 'Pod', default: { cpu: '1' }, defaultRequest: { cpu: '1' } },
            { type: 'PersistentVolumeClaim' },
            { type: 'Pod' },
          ],
        },
      },
    ],
    [
      'limits in a wrong order',
      'create',
      {
        spec: {
          limits: [
            {
              type: 'Container',
              min: { cpu: '4' },
              max: { cpu: '1' },
              default: { cpu: '2' },
              defaultRequest: { cpu: '3' },
            },
          ],
        },
      },
    ],
    [
      'bad ratios',
      'create',
      {
        spec: {
          limits: [
            {
              type: 'Container',
              min: { cpu: '1' },
              max: { cpu: '2' },
              maxLimitRequestRatio: { cpu: '0.5', memory: '3', 'a b': '1' },
            },
          ],
        },
      },
      'any order',
    ],
    [
      'a ratio that is too large',
      'create',
      {
        spec: {
          limits: [{ type: 'Container', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3' } }],
        },
      },
    ],
    [
      'unknown resources',
      'create',
      { spec: { limits: [{ type: 'Container', max: { gold: '1', 'hugepages-2Mi': '2Mi' } }] } },
      'any order',
    ],
    ['a bad item', 'update', { spec: { limits: [{ type: 'Pod', default: { cpu: '1' } }] } }],
  ],
)

const quotas = casesOf(
  {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    resource: 'resourcequotas',
    base: { spec: { hard: { 'count/secrets': '100' } } },
  },
  [
    [
      'bad amounts',
      'create',
      { spec: { hard: { gold: '1', 'a b': '1', pods: '1.5', cpu: '-1', 'example.com/x': '1' } } },
      'any order',
    ],
    ['bad scopes', 'create', { spec: { hard: { pods: '1' }, scopes: ['x', 'Terminating', 'NotTerminating'] } }],
    [
      'a scope that does not fit',
      'create',
      { spec: { hard: { services: '1' }, scopes: ['BestEffort', 'NotBestEffort'] } },
    ],
    [
      'bad scope selectors',
      'create',
      {
        spec: {
          hard: { pods: '1' },
          scopeSelector: {
            matchExpressions: [
              { scopeName: 'PriorityClass', operator: 'In' },
              { scopeName: 'Terminating', operator: 'In', values: ['x'] },
              { scopeName: 'x', operator: 'y' },
              { scopeName: 'PriorityClass', operator: 'Exists', values: ['x'] },
            ],
          },
        },
      },
    ],
    ['scopes', 'update', { spec: { scopes: ['BestEffort'] } }],
    ['other amounts', 'update', { spec: { hard: { 'count/secrets': '-5' } } }],
    [
      'bad amounts',
      'status',
      { status: { hard: { gold: '1', pods: '-1' }, used: { pods: '1.5', 'a b': '1' } } },
      'any order',
    ],
  ],
)

const endpoints = casesOf(
  {
    apiVersion: 'v1',
    kind: 'Endpoints',
    resource: 'endpoints',
    base: { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
  },
  [
    ['no addresses', 'create', { subsets: [{ ports: [{ port: 80 }] }] }],
    [
      'bad addresses',
      'create',
      {
        subsets: [
          {
            addresses: [
              { ip: 'x' },
              { ip: '169.254.1.1' },
              { ip: '0.0.0.0' },
              { ip: '10.0.0.1', hostname: 'A_b', nodeName: 'A_b' },
            ],
            ports: [
              { port: 0, protocol: 'x' },
              { port: 80, name: 'A_b', appProtocol: 'a b' },
            ],
          },
        ],
      },
    ],
    ['bad addresses', 'update', { subsets: [{ addresses: [{ ip: 'x' }] }] }],
    ['another address', 'update', { subsets: [{ addresses: [{ ip: '10.0.0.2' }] }] }],
    ['a node', 'update', { subsets: [{ addresses: [{ ip: '10.0.0.1', nodeName: 'n' }], ports: [{ port: 80 }] }] }],
  ],
)

const volumeSpec = {
  capacity: { storage: '1Gi' },
  accessModes: ['ReadWriteOnce'],
  hostPath: { path: '/x' },
}

const volumes = casesOf(
  {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    resource: 'persistentvolumes',
    cluster: true,
    base: { spec: volumeSpec },
  },
  [
    ['nothing', 'create', { spec: null }],
    ['no source', 'create', { spec: { hostPath: null } }],
    ['two sources', 'create', { spec: { nfs: { server: 's', path: '/' } } }],
    ['no capacity and modes', 'create', { spec: { capacity: null, accessModes: null } }],
    [
      'bad capacity and modes',
      'create',
      {
        spec: {
          capacity: { cpu: '1', storage: '0' },
          accessModes: ['x', 'ReadWriteOncePod', 'ReadWriteMany'],
          persistentVolumeReclaimPolicy: 'x',
          volumeMode: 'y',
          storageClassName: 'A_b',
        },
      },
      'any order',
    ],
    ['a negative capacity', 'create', { spec: { capacity: { storage: '-1Gi' } } }],
    ['a fraction of a byte', 'create', { spec: { capacity: { storage: '100m' } } }],
    ['a path upwards', 'create', { spec: { hostPath: { path: '/x/../y', type: 'z' } } }],
    ['a recycled root', 'create', { spec: { hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' } }],
    ['a recycled path', 'create', { spec: { persistentVolumeReclaimPolicy: 'Recycle' } }],
    ['a local path', 'create', { spec: { hostPath: null, local: { path: '' } } }],
    ['a local path without a node', 'create', { spec: { hostPath: null, local: { path: '/x' } } }],
    [
      'bad node terms',
      'create',
      {
        spec: {
          nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a b', operator: 'x' }] }] } },
        },
      },
    ],
    ['no node terms', 'create', { spec: { nodeAffinity: {} } }],
    [
      'old node labels',
      'create',
      {
        spec: {
          nodeAffinity: {
            required: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'In', values: ['linux'] }] },
              ],
            },
          },
        },
      },
    ],
    [
      'a CSI driver',
      'create',
      {
        spec: {
          hostPath: null,
          csi: {
            driver: '',
            volumeHandle: '',
            controllerPublishSecretRef: { name: '', namespace: '' },
            nodeExpandSecretRef: { name: 'x' },
          },
        },
      },
    ],
    ['an NFS server', 'create', { spec: { hostPath: null, nfs: { server: '', path: 'x' } } }],
    [
      'iSCSI',
      'create',
      { spec: { hostPath: null, iscsi: { targetPortal: '', iqn: 'x', lun: 300, chapAuthDiscovery: true } } },
    ],
    ['Fibre Channel', 'create', { spec: { hostPath: null, fc: { lun: 1 } } }],
    ['FlexVolume', 'create', { spec: { hostPath: null, flexVolume: { driver: '' } } }],
    ['deprecated sources: glusterfs', 'create', { spec: { hostPath: null, glusterfs: { endpoints: 'e', path: 'p' } } }],
    ['deprecated sources: rbd', 'create', { spec: { hostPath: null, rbd: { monitors: ['m'], image: 'i' } } }],
    ['deprecated sources: cephfs', 'create', { spec: { hostPath: null, cephfs: { monitors: ['m'] } } }],
    [
      'deprecated sources: scaleIO',
      'create',
      {
        spec: {
          hostPath: null,
          scaleIO: { gateway: 'g', system: 's', volumeName: 'v', secretRef: { name: 's', namespace: 'n' } },
        },
      },
    ],
    [
      'deprecated sources: storageos',
      'create',
      { spec: { hostPath: null, storageos: { volumeName: 'v', volumeNamespace: 'n' } } },
    ],
    ['deprecated sources: quobyte', 'create', { spec: { hostPath: null, quobyte: { registry: 'r:1', volume: 'v' } } }],
    ['deprecated sources: flocker', 'create', { spec: { hostPath: null, flocker: { datasetName: 'd' } } }],
    ['deprecated sources: photon', 'create', { spec: { hostPath: null, photonPersistentDisk: { pdID: 'p' } } }],
    [
      'an old annotation',
      'create',
      {
        metadata: {
          annotations: {
            'volume.beta.kubernetes.io/storage-class': 'x',
            'volume.beta.kubernetes.io/mount-options': 'ro',
          },
        },
      },
    ],
    ['attributes without CSI', 'create', { spec: { volumeAttributesClassName: 'x', mountOptions: ['a'] } }],
    ['another source', 'update', { spec: { hostPath: { path: '/y' } } }],
    ['another mode', 'update', { spec: { volumeMode: 'Block' } }],
    ['a claim', 'update', { spec: { claimRef: { kind: 'PersistentVolumeClaim', namespace: 'n', name: 'c' } } }],
    ['more capacity', 'update', { spec: { capacity: { storage: '2Gi' } } }],
    [
      'a node',
      'update',
      {
        spec: {
          nodeAffinity: {
            required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }] },
          },
        },
      },
    ],
    ['an attributes class', 'update', { spec: { volumeAttributesClassName: 'x' } }],
    ['a phase', 'status', { status: { phase: 'Available' } }],
  ],
)

const claims = casesOf(
  {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    resource: 'persistentvolumeclaims',
    base: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  },
  [
    ['nothing', 'create', { spec: null }],
    [
      'bad words',
      'create',
      {
        spec: {
          accessModes: ['x', 'ReadWriteOncePod', 'ReadOnlyMany'],
          volumeMode: 'x',
          storageClassName: 'A_b',
          selector: { matchExpressions: [{ key: 'a b', operator: 'x' }] },
        },
      },
    ],
    ['no size', 'create', { spec: { resources: null } }],
    ['a size below zero', 'create', { spec: { resources: { requests: { storage: '-1' } } } }],
    ['no size at all', 'create', { spec: { resources: { requests: { storage: '0' } } } }],
    [
      'a fraction of a byte',
      'create',
      { spec: { resources: { requests: { storage: '100m' }, limits: { storage: '1500m' } } } },
    ],
    [
      'a bad source',
      'create',
      { spec: { dataSource: { kind: '', name: '' }, dataSourceRef: { kind: 'Pod', name: 'p' } } },
    ],
    ['a source in the core group', 'create', { spec: { dataSource: { kind: 'Pod', name: 'p' } } }],
    ['an unknown source', 'create', { spec: { dataSourceRef: { apiGroup: 'a b', kind: 'X', name: 'x' } } }],
    ['an attributes class', 'create', { spec: { volumeAttributesClassName: 'A_b' } }],
    [
      'an old class',
      'create',
      {
        metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } },
        spec: { storageClassName: 'y' },
      },
    ],
    ['an old annotation', 'create', { metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } } }],
    ['a bad name', 'create', { metadata: { name: 'A_b' } }],
    ['another mode', 'update', { spec: { accessModes: ['ReadWriteMany'] } }],
    ['another class', 'update', { spec: { storageClassName: 'x' } }],
    ['more before it is bound', 'update', { spec: { resources: { requests: { storage: '2Gi' } } } }],
    ['less', 'update', { spec: { resources: { requests: { storage: '1Mi' } } } }],
    ['a volume', 'update', { spec: { volumeName: 'v' } }],
    ['a volume mode', 'update', { spec: { volumeMode: 'Block' } }],
    ['a selector', 'update', { spec: { selector: { matchLabels: { a: 'b' } } } }],
    ['an attributes class', 'update', { spec: { volumeAttributesClassName: 'x' } }],
    ['bound', 'status', { status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } } }],
    ['bad capacity', 'status', { status: { capacity: { storage: '-1', gold: '1' } } }, 'any order'],
    [
      'bad resize states',
      'status',
      {
        status: {
          allocatedResourceStatuses: { storage: 'x', 'a b': 'NodeResizePending' },
          allocatedResources: { gold: '1', storage: '-1' },
        },
      },
      'any order',
    ],
    [
      'a modified class',
      'status',
      { status: { currentVolumeAttributesClassName: 'A_b', modifyVolumeStatus: { status: 'x' } } },
    ],
  ],
)

const large = casesOf(
  {
    apiVersion: 'v1',
    kind: 'Secret',
    resource: 'secrets',
    name: 'frozen',
    base: { immutable: true, data: { a: 'AA==' } },
  },
  [
    ['other data', 'update', { data: { a: 'AQ==' } }],
    ['not immutable', 'update', { immutable: false }],
    ['many labels', 'update', { metadata: { labels: Object.fromEntries(times(3, (index) => [`l${index}`, 'v'])) } }],
  ],
).map((one) => ({ ...one, name: `${one.name} of an immutable one` }))

export const coreCases: readonly Case[] = [
  ...services,
  ...balancers,
  ...configMaps,
  ...frozen,
  ...secrets,
  ...large,
  ...namespaces,
  ...accounts,
  ...nodes,
  ...limitRanges,
  ...endpoints,
  ...volumes,
  ...claims,
  // Last, since a quota applies to what is written after it.
  ...quotas,
]
