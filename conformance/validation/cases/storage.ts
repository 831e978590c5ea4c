// storage.k8s.io.

import { type Case, casesOf } from '../case.ts'

const apiVersion = 'storage.k8s.io/v1'
const long = 'x'.repeat(64)

const classes = casesOf(
  {
    apiVersion,
    kind: 'StorageClass',
    resource: 'storageclasses',
    cluster: true,
    base: { provisioner: 'example.com/x' },
  },
  [
    ['no provisioner', 'create', { provisioner: '' }],
    [
      'bad words',
      'create',
      { provisioner: 'a b', reclaimPolicy: 'x', volumeBindingMode: 'y', parameters: { '': 'z' } },
    ],
    ['a recycled one', 'create', { reclaimPolicy: 'Recycle' }],
    [
      'bad topologies',
      'create',
      {
        allowedTopologies: [
          {
            matchLabelExpressions: [
              { key: 'a b', values: [] },
              { key: 'k', values: ['v', 'v'] },
              { key: 'k', values: ['v'] },
            ],
          },
        ],
      },
    ],
    [
      'topologies twice',
      'create',
      {
        allowedTopologies: [
          { matchLabelExpressions: [{ key: 'k', values: ['v'] }] },
          { matchLabelExpressions: [{ key: 'k', values: ['v'] }] },
        ],
      },
    ],
    [
      'an old topology',
      'create',
      {
        allowedTopologies: [
          { matchLabelExpressions: [{ key: 'failure-domain.beta.kubernetes.io/zone', values: ['v'] }] },
        ],
      },
    ],
    ['large parameters', 'create', { parameters: { a: 'x'.repeat(262_145) } }],
    [
      'other parameters',
      'update',
      { parameters: { a: 'b' }, provisioner: 'y', reclaimPolicy: 'Retain', volumeBindingMode: 'WaitForFirstConsumer' },
    ],
    ['expansion', 'update', { allowVolumeExpansion: true, mountOptions: ['ro'] }],
    ['topologies', 'update', { allowedTopologies: [{ matchLabelExpressions: [{ key: 'k', values: [] }] }] }],
  ],
)

const drivers = casesOf({ apiVersion, kind: 'CSIDriver', resource: 'csidrivers', cluster: true, base: { spec: {} } }, [
  ['a long name', 'create', { metadata: { name: long } }],
  [
    'bad words',
    'create',
    {
      spec: {
        fsGroupPolicy: 'x',
        volumeLifecycleModes: ['y'],
        tokenRequests: [
          { audience: 'a' },
          { audience: 'a', expirationSeconds: 5 },
          { audience: 'b', expirationSeconds: 4_294_967_297 },
        ],
        nodeAllocatableUpdatePeriodSeconds: 5,
      },
    },
  ],
  ['secrets', 'create', { spec: { serviceAccountTokenInSecrets: true } }],
  [
    'all that may change',
    'update',
    {
      spec: {
        podInfoOnMount: true,
        storageCapacity: true,
        requiresRepublish: true,
        seLinuxMount: true,
        fsGroupPolicy: 'File',
      },
    },
  ],
  ['what may not change', 'update', { spec: { attachRequired: false, volumeLifecycleModes: ['Ephemeral'] } }],
])

const nodes = casesOf(
  {
    apiVersion,
    kind: 'CSINode',
    resource: 'csinodes',
    cluster: true,
    base: { spec: { drivers: [{ name: 'd', nodeID: 'n', topologyKeys: ['k'], allocatable: { count: 1 } }] } },
  },
  [
    [
      'bad drivers',
      'create',
      {
        spec: {
          drivers: [
            { name: '', nodeID: '' },
            { name: long, nodeID: 'x'.repeat(300) },
            { name: 'a', nodeID: 'n', topologyKeys: ['a b', 'k', 'k'], allocatable: { count: -1 } },
            { name: 'a', nodeID: 'n', topologyKeys: [''] },
          ],
        },
      },
    ],
    [
      'another driver',
      'update',
      { spec: { drivers: [{ name: 'd', nodeID: 'm', topologyKeys: ['l'], allocatable: { count: 2 } }] } },
    ],
    [
      'one driver more',
      'update',
      {
        spec: {
          drivers: [
            { name: 'd', nodeID: 'n', topologyKeys: ['k'], allocatable: { count: 1 } },
            { name: 'e', nodeID: 'n' },
          ],
        },
      },
    ],
    ['no driver', 'update', { spec: { drivers: [] } }],
  ],
)

const capacities = casesOf(
  { apiVersion, kind: 'CSIStorageCapacity', resource: 'csistoragecapacities', base: { storageClassName: 'c' } },
  [
    [
      'bad values',
      'create',
      {
        storageClassName: 'A_b',
        capacity: '-1',
        maximumVolumeSize: '-2',
        nodeTopology: { matchLabels: { 'a b': 'c' } },
      },
    ],
    ['no class', 'create', { storageClassName: '' }],
    ['another class', 'update', { storageClassName: 'd', nodeTopology: { matchLabels: { a: 'b' } } }],
    ['other sizes', 'update', { capacity: '1Gi', maximumVolumeSize: '-1' }],
  ],
)

const attachments = casesOf(
  {
    apiVersion,
    kind: 'VolumeAttachment',
    resource: 'volumeattachments',
    cluster: true,
    base: { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } } },
  },
  [
    ['nothing', 'create', { spec: null }],
    ['bad words', 'create', { spec: { attacher: 'a b', nodeName: 'A_b', source: { persistentVolumeName: 'A_b' } } }],
    ['no source', 'create', { spec: { source: { persistentVolumeName: null } } }],
    ['an empty source', 'create', { spec: { source: { persistentVolumeName: '' } } }],
    [
      'two sources',
      'create',
      {
        spec: {
          source: {
            inlineVolumeSpec: {
              capacity: { storage: '1Gi' },
              accessModes: ['ReadWriteOnce'],
              csi: { driver: 'd', volumeHandle: 'h' },
            },
          },
        },
      },
    ],
    [
      'a source inside',
      'create',
      { spec: { source: { persistentVolumeName: null, inlineVolumeSpec: { hostPath: { path: '/x' } } } } },
    ],
    ['another node', 'update', { spec: { nodeName: 'm' } }],
    [
      'large metadata',
      'status',
      {
        status: {
          attached: true,
          attachmentMetadata: { a: 'x'.repeat(262_145) },
          attachError: { message: 'x'.repeat(1025), errorCode: -1 },
          detachError: { message: 'x'.repeat(1025) },
        },
      },
    ],
    ['attached', 'status', { status: { attached: true } }],
  ],
)

const attributes = casesOf(
  {
    apiVersion,
    kind: 'VolumeAttributesClass',
    resource: 'volumeattributesclasses',
    cluster: true,
    base: { driverName: 'd', parameters: { a: 'b' } },
  },
  [
    ['no driver', 'create', { driverName: '', parameters: null }],
    ['bad words', 'create', { driverName: 'A_b', parameters: { '': 'x' } }],
    ['another driver', 'update', { driverName: 'e', parameters: { a: 'c' } }],
  ],
)

export const storageCases: readonly Case[] = [
  ...classes,
  ...drivers,
  ...nodes,
  ...capacities,
  ...attachments,
  ...attributes,
]
