// resource.k8s.io: what devices there are and who claims them.

import { type Case, casesOf, times } from '../case.ts'

const apiVersion = 'resource.k8s.io/v1'
const cel = (expression: string): object => ({ cel: { expression } })

const classes = casesOf(
  {
    apiVersion,
    kind: 'DeviceClass',
    resource: 'deviceclasses',
    cluster: true,
    base: { spec: { selectors: [cel('device.driver == "d"')] } },
  },
  [
    [
      'bad selectors',
      'create',
      { spec: { selectors: [{}, cel(''), cel('x +'), cel('device.driver'), cel('nothing.here')] } },
    ],
    ['too many selectors', 'create', { spec: { selectors: times(33, () => cel('true')) } }],
    [
      'bad configurations',
      'create',
      {
        spec: {
          config: [{}, { opaque: { driver: '', parameters: null } }, { opaque: { driver: 'A_b', parameters: [1] } }],
        },
      },
    ],
    ['a bad name of a resource', 'create', { spec: { extendedResourceName: 'x' } }],
    ['bad selectors', 'update', { spec: { selectors: [{}] } }],
  ],
)

const exactly = { deviceClassName: 'c' }

const claim = { spec: { devices: { requests: [{ name: 'r', exactly }] } } }
const badDevices = {
  requests: [
    {},
    { name: 'A_b', exactly: { deviceClassName: 'A_b', allocationMode: 'x', count: -1 } },
    { name: 'r', exactly: { ...exactly, allocationMode: 'All', count: 2 } },
    { name: 'r', exactly, firstAvailable: [{ name: 's', deviceClassName: 'c' }] },
    {
      name: 's',
      firstAvailable: [
        { name: 'a', deviceClassName: '' },
        { name: 'a', deviceClassName: 'c' },
      ],
    },
    { name: 't', exactly: { ...exactly, selectors: [{}], tolerations: [{ key: 'a b', operator: 'x' }] } },
  ],
  constraints: [{ requests: ['nothing'], matchAttribute: 'x' }, {}],
  config: [{ requests: ['nothing', 'r'] }, { opaque: { driver: '', parameters: {} } }],
}

const claims = casesOf({ apiVersion, kind: 'ResourceClaim', resource: 'resourceclaims', base: claim }, [
  ['nothing', 'create', { spec: null }],
  ['bad requests', 'create', { spec: { devices: badDevices } }],
  [
    'too many requests',
    'create',
    { spec: { devices: { requests: times(33, (index) => ({ name: `r${index}`, exactly })) } } },
  ],
  ['a bad name', 'create', { metadata: { name: 'A_b' } }],
  ['another request', 'update', { spec: { devices: { requests: [{ name: 'q', exactly }] } } }],
  [
    'a reservation without an allocation',
    'status',
    { status: { reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }] } },
  ],
  [
    'a bad allocation',
    'status',
    {
      status: {
        allocation: {
          devices: {
            results: [
              { request: 'x', driver: '', pool: '', device: '' },
              { request: 'r', driver: 'A_b', pool: 'A_b', device: 'A_b' },
            ],
            config: [{ source: 'x' }],
          },
          nodeSelector: { nodeSelectorTerms: [] },
        },
      },
    },
  ],
  [
    'bad shares',
    'status',
    {
      status: {
        allocation: {
          devices: {
            results: ['x', '5F0C2C0E-93C4-4D6F-9D3C-0C3D5A1F2B3C', 'z'.repeat(36)].map((shareID) => ({
              request: 'r',
              driver: 'd',
              pool: 'p',
              device: 'x',
              shareID,
            })),
          },
        },
      },
    },
  ],
  [
    'bad reservations',
    'status',
    {
      status: {
        allocation: { devices: { results: [{ request: 'r', driver: 'd', pool: 'p', device: 'x' }] } },
        reservedFor: [
          { resource: '', name: '', uid: '' },
          { resource: 'pods', name: 'p', uid: 'u' },
          { resource: 'pods', name: 'p', uid: 'u' },
        ],
      },
    },
  ],
  [
    'an allocation',
    'status',
    { status: { allocation: { devices: { results: [{ request: 'r', driver: 'd', pool: 'p', device: 'x' }] } } } },
  ],
  [
    'bad devices',
    'status',
    {
      status: {
        allocation: { devices: { results: [{ request: 'r', driver: 'd', pool: 'p', device: 'x' }] } },
        devices: [
          { driver: 'q', pool: 'q', device: 'q' },
          { driver: 'd', pool: 'p', device: 'x', networkData: { interfaceName: 'x'.repeat(300), ips: ['x'] } },
        ],
      },
    },
  ],
])

const templates = casesOf(
  { apiVersion, kind: 'ResourceClaimTemplate', resource: 'resourceclaimtemplates', base: { spec: claim } },
  [
    ['nothing', 'create', { spec: null }],
    ['bad requests', 'create', { spec: { spec: { devices: badDevices } } }],
    ['bad labels', 'create', { spec: { metadata: { labels: { 'a b': 'c d' }, annotations: { 'e f': 'g' } } } }],
    ['another request', 'update', { spec: { spec: { devices: { requests: [{ name: 'q', exactly }] } } } }],
  ],
)

const slice = {
  driver: 'd',
  pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
  nodeName: 'n',
  devices: [{ name: 'x' }],
}

const slices = casesOf(
  { apiVersion, kind: 'ResourceSlice', resource: 'resourceslices', cluster: true, base: { spec: slice } },
  [
    ['nothing', 'create', { spec: null }],
    [
      'bad words',
      'create',
      { spec: { driver: 'A_b', nodeName: 'A_b', pool: { name: 'A_b', generation: -1, resourceSliceCount: 0 } } },
    ],
    ['no node', 'create', { spec: { nodeName: null } }],
    ['two places', 'create', { spec: { allNodes: true, nodeSelector: { nodeSelectorTerms: [] } } }],
    [
      'bad devices',
      'create',
      {
        spec: {
          devices: [
            { name: '' },
            { name: 'A_b' },
            { name: 'x' },
            {
              name: 'x',
              attributes: {
                'a b': { int: 1 },
                c: {},
                d: { int: 1, string: 'x' },
                e: { version: 'x' },
                'f/g/h': { bool: true },
              },
              capacity: { 'a b': { value: '1' } },
            },
          ],
        },
      },
    ],
    ['too many devices', 'create', { spec: { devices: times(129, (index) => ({ name: `x${index}` })) } }],
    [
      'bad taints',
      'create',
      {
        spec: {
          devices: [
            {
              name: 'x',
              taints: [
                { key: '', effect: '' },
                { key: 'k', effect: 'x', value: 'a b' },
              ],
            },
          ],
        },
      },
    ],
    [
      'shared counters',
      'create',
      {
        spec: {
          sharedCounters: [{ name: 'A_b', counters: {} }],
          devices: [{ name: 'x', consumesCounters: [{ counterSet: 'q', counters: { a: { value: '1' } } }] }],
        },
      },
    ],
    [
      'bad counters',
      'create',
      {
        spec: {
          devices: [
            {
              name: 'x',
              consumesCounters: [{ counterSet: 'A_b', counters: {} }, { counters: { A_b: { value: '1' } } }],
            },
          ],
        },
      },
    ],
    [
      'bad policies of capacity',
      'create',
      {
        spec: {
          devices: [
            {
              name: 'x',
              allowMultipleAllocations: true,
              capacity: { a: { value: '8Gi', requestPolicy: { default: '4Gi', validValues: ['2Gi', '1Gi', '9Gi'] } } },
            },
            {
              name: 'y',
              allowMultipleAllocations: true,
              capacity: {
                a: {
                  value: '8Gi',
                  requestPolicy: { default: '1Gi', validRange: { min: '2Gi', max: '9Gi', step: '2Gi' } },
                },
              },
            },
            {
              name: 'z',
              allowMultipleAllocations: true,
              capacity: { a: { value: '8Gi', requestPolicy: { validValues: ['1Gi'], validRange: { min: '1Gi' } } } },
            },
            { name: 'w', capacity: { a: { value: '1', requestPolicy: { default: '1' } } } },
          ],
        },
      },
    ],
    [
      'bad conditions of binding',
      'create',
      {
        spec: {
          devices: [
            { name: 'x', bindingConditions: ['a', 'a'], bindingFailureConditions: ['a', 'b c'] },
            { name: 'y', bindingConditions: ['a'] },
            { name: 'z', bindingFailureConditions: ['a', 'b', 'c', 'd', 'e'] },
          ],
        },
      },
    ],
    [
      'devices in places',
      'create',
      {
        spec: {
          nodeName: null,
          perDeviceNodeSelection: true,
          devices: [
            { name: 'x' },
            { name: 'y', nodeName: '', allNodes: false },
            { name: 'z', nodeName: 'n', allNodes: true },
          ],
        },
      },
    ],
    ['a device in a place', 'create', { spec: { devices: [{ name: 'x', nodeName: 'n' }] } }],
    ['another node', 'update', { spec: { nodeName: 'm', driver: 'e', pool: { name: 'q' } } }],
    ['other devices', 'update', { spec: { devices: [{ name: 'y' }, { name: 'y' }] } }],
  ],
)

export const deviceCases: readonly Case[] = [...classes, ...claims, ...templates, ...slices]
