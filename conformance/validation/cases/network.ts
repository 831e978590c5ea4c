// networking.k8s.io and discovery.k8s.io.

import { type Case, casesOf, times } from '../case.ts'

const backend = { service: { name: 's', port: { number: 80 } } }

const ingresses = casesOf(
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    resource: 'ingresses',
    base: {
      spec: { rules: [{ host: 'a.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
    },
  },
  [
    ['nothing', 'create', { spec: null }],
    ['no rules', 'create', { spec: { rules: [] } }],
    [
      'bad hosts',
      'create',
      {
        spec: {
          rules: [{ host: '1.2.3.4' }, { host: 'A_b' }, { host: '*' }, { host: '*.x.com' }, { host: 'a*.b' }],
          tls: [{ hosts: ['A_b', '*.a.b', '*'], secretName: 'A_b' }],
        },
      },
    ],
    ['no paths', 'create', { spec: { rules: [{ http: { paths: [] } }] } }],
    [
      'bad paths',
      'create',
      {
        spec: {
          rules: [
            {
              http: {
                paths: [
                  { path: 'x', pathType: 'Prefix', backend },
                  { path: '/a//b/../c%2F/.', pathType: 'Exact', backend },
                  { path: '/', backend },
                  { path: 'q', pathType: 'ImplementationSpecific', backend },
                  { path: '/', pathType: 'Regex', backend },
                ],
              },
            },
          ],
        },
      },
    ],
    [
      'bad backends',
      'create',
      {
        spec: {
          defaultBackend: { service: { name: 's', port: { number: 80 } }, resource: { kind: 'a', name: 'b' } },
          rules: [
            {
              http: {
                paths: [
                  { path: '/', pathType: 'Exact', backend: {} },
                  { path: '/', pathType: 'Exact', backend: { service: { name: 'A_b', port: { number: 70000 } } } },
                  { path: '/', pathType: 'Exact', backend: { service: { name: '', port: {} } } },
                  {
                    path: '/',
                    pathType: 'Exact',
                    backend: { service: { name: 's', port: { name: 'A_b', number: 3 } } },
                  },
                  { path: '/', pathType: 'Exact', backend: { service: { name: 's', port: { name: 'A_b' } } } },
                  { path: '/', pathType: 'Exact', backend: { resource: { kind: '', name: '', apiGroup: 'a b' } } },
                ],
              },
            },
          ],
        },
      },
    ],
    ['a bad class', 'create', { spec: { ingressClassName: 'A_b' } }],
    [
      'two classes',
      'create',
      { metadata: { annotations: { 'kubernetes.io/ingress.class': 'x' } }, spec: { ingressClassName: 'y' } },
    ],
    ['an old annotation', 'create', { metadata: { annotations: { 'kubernetes.io/ingress.class': 'x' } } }],
    ['no rules', 'update', { spec: { rules: null } }],
    ['a bad path', 'update', { spec: { rules: [{ http: { paths: [{ path: 'x', pathType: 'Prefix', backend }] } }] } }],
    [
      'bad addresses',
      'status',
      {
        status: {
          loadBalancer: { ingress: [{ ip: 'x' }, { hostname: '1.2.3.4' }, { hostname: 'A_b' }, { ip: '010.1.1.1' }] },
        },
      },
    ],
  ],
)

const classes = casesOf(
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    resource: 'ingressclasses',
    cluster: true,
    base: { spec: { controller: 'example.com/x' } },
  },
  [
    ['nothing', 'create', { spec: null }],
    ['no controller', 'create', { spec: { controller: '' } }],
    ['a bad controller', 'create', { spec: { controller: 'x' } }],
    ['a controller with a bad domain', 'create', { spec: { controller: 'A_b/x' } }],
    ['a controller with a bad path', 'create', { spec: { controller: 'a.b/x y' } }],
    ['a long controller', 'create', { spec: { controller: `a.b/${'x'.repeat(250)}` } }],
    ['empty parameters', 'create', { spec: { parameters: { kind: '', name: '' } } }],
    [
      'bad parameters',
      'create',
      { spec: { parameters: { apiGroup: 'a b', kind: 'a/b', name: 'c/d', scope: 'x', namespace: 'A_b' } } },
    ],
    [
      'parameters of the cluster in a namespace',
      'create',
      { spec: { parameters: { kind: 'a', name: 'b', scope: 'Cluster', namespace: 'n' } } },
    ],
    ['parameters of no namespace', 'create', { spec: { parameters: { kind: 'a', name: 'b', scope: 'Namespace' } } }],
    ['another controller', 'update', { spec: { controller: 'example.com/y' } }],
    ['parameters', 'update', { spec: { parameters: { kind: 'a', name: 'b' } } }],
  ],
)

const policies = casesOf(
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    resource: 'networkpolicies',
    base: { spec: { podSelector: {} } },
  },
  [
    ['nothing', 'create', { spec: null }],
    ['a bad selector', 'create', { spec: { podSelector: { matchLabels: { 'a b': 'c d' } } } }],
    [
      'bad ports',
      'create',
      {
        spec: {
          ingress: [
            {
              ports: [
                { protocol: 'x', port: 0 },
                { port: 'A_b', endPort: 5 },
                { endPort: 5 },
                { port: 10, endPort: 5 },
                { port: 10, endPort: 70000 },
              ],
            },
          ],
        },
      },
    ],
    [
      'bad peers',
      'create',
      {
        spec: {
          ingress: [
            {
              from: [
                {},
                { podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } },
                { ipBlock: { cidr: '' } },
                { ipBlock: { cidr: 'x' } },
                { ipBlock: { cidr: '10.0.0.0/8', except: ['x', '11.0.0.0/24', '10.0.0.0/8', '10.1.0.0/16'] } },
                { namespaceSelector: { matchLabels: { 'a b': 'c' } } },
              ],
            },
          ],
        },
      },
    ],
    ['bad peers outwards', 'create', { spec: { egress: [{ to: [{}], ports: [{ port: 0 }] }] } }],
    ['unknown types', 'create', { spec: { policyTypes: ['x', 'Ingress'] } }],
    ['too many types', 'create', { spec: { policyTypes: ['Ingress', 'Egress', 'Ingress'] } }],
    [
      'an odd range',
      'create',
      {
        spec: {
          ingress: [
            {
              from: [
                { ipBlock: { cidr: '10.0.0.1/8' } },
                { ipBlock: { cidr: '010.0.0.0/8' } },
                { ipBlock: { cidr: '2001:DB8::/32', except: ['2001:db8:0::/48'] } },
              ],
            },
          ],
        },
      },
    ],
    ['unknown types', 'update', { spec: { policyTypes: ['x'] } }],
    ['a bad port', 'update', { spec: { egress: [{ ports: [{ port: 0 }] }] } }],
  ],
)

const slices = casesOf(
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    resource: 'endpointslices',
    base: { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }] },
  },
  [
    ['no type', 'create', { addressType: null }],
    ['an unknown type', 'create', { addressType: 'IPX' }],
    [
      'bad addresses',
      'create',
      {
        endpoints: [
          { addresses: [] },
          { addresses: ['x', '::1', '169.254.1.1', '0.0.0.0'] },
          { addresses: ['10.0.0.1'], hostname: 'A_b', nodeName: 'A_b', zone: 'a b' },
        ],
      },
    ],
    [
      'addresses of the other family',
      'create',
      { addressType: 'IPv6', endpoints: [{ addresses: ['10.0.0.1', 'fe80::1'] }] },
    ],
    ['names', 'create', { addressType: 'FQDN', endpoints: [{ addresses: ['A_b', 'example.com'] }] }],
    [
      'bad ports',
      'create',
      {
        ports: [
          { name: 'A_b', port: 0, protocol: 'x', appProtocol: 'a b' },
          { name: '', port: 80 },
          { name: '', port: 81 },
          { port: 70000 },
        ],
      },
    ],
    ['too many', 'create', { endpoints: times(1001, () => ({ addresses: ['10.0.0.1'] })) }],
    ['too many addresses', 'create', { endpoints: [{ addresses: times(101, (index) => `10.0.1.${index}`) }] }],
    [
      'hints',
      'create',
      {
        endpoints: [
          {
            addresses: ['10.0.0.1'],
            hints: {
              forZones: times(9, (index) => ({ name: `z${index % 8}` })),
              forNodes: [{ name: '' }, { name: 'a b' }],
            },
            deprecatedTopology: { 'kubernetes.io/hostname': 'n' },
          },
        ],
      },
    ],
    ['another type', 'update', { addressType: 'IPv6', endpoints: [] }],
    ['bad addresses', 'update', { endpoints: [{ addresses: ['x'] }] }],
    ['addresses of services', 'create', { endpoints: [{ addresses: ['010.0.0.1', '127.0.0.2', '224.0.0.1'] }] }],
  ],
)

const addresses = casesOf(
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    resource: 'ipaddresses',
    cluster: true,
    name: '192.168.1.1',
    base: {
      metadata: { name: '192.168.1.2' },
      spec: { parentRef: { resource: 'services', name: 's', namespace: 'n' } },
    },
  },
  [
    ['a bad name', 'create', { metadata: { name: 'x' } }],
    ['a name that is not short', 'create', { metadata: { name: '2001:db8:0::1' } }],
    ['no parent', 'create', { metadata: { name: '192.168.1.3' }, spec: null }],
    [
      'a bad parent',
      'create',
      {
        metadata: { name: '192.168.1.3' },
        spec: { parentRef: { group: 'a b', resource: 'a/b', name: 'c/d', namespace: 'A_b' } },
      },
    ],
    [
      'an empty parent',
      'create',
      { metadata: { name: '192.168.1.3' }, spec: { parentRef: { resource: null, name: null } } },
    ],
    ['another parent', 'update', { spec: { parentRef: { name: 't' } } }],
  ],
)

const ranges = casesOf(
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    resource: 'servicecidrs',
    cluster: true,
    base: { spec: { cidrs: ['10.200.0.0/24'] } },
  },
  [
    ['nothing', 'create', { spec: null }],
    ['bad ranges', 'create', { spec: { cidrs: ['x', '10.0.0.1/8'] } }],
    ['ranges of one family', 'create', { spec: { cidrs: ['10.1.0.0/24', '10.2.0.0/24'] } }],
    ['three ranges', 'create', { spec: { cidrs: ['10.1.0.0/24', '10.2.0.0/24', '10.3.0.0/24'] } }],
    ['another range', 'update', { spec: { cidrs: ['10.201.0.0/24'] } }],
    ['no range', 'update', { spec: { cidrs: null } }],
    ['a second range', 'update', { spec: { cidrs: ['10.200.0.0/24', '2001:db8::/112'] } }],
  ],
)

export const networkCases: readonly Case[] = [...ingresses, ...classes, ...policies, ...slices, ...addresses, ...ranges]
