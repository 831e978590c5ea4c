// Pods, and the warnings that their templates share.

import { type Case, type Change, type Fields, casesOf } from '../case.ts'

const container = { name: 'a', image: 'i' }
const kind = { apiVersion: 'v1', kind: 'Pod', resource: 'pods' }
const withContainer = (more: Fields): Fields => ({ spec: { containers: [{ ...container, ...more }] } })

/** Accepted, with a warning each. */
const warned: readonly Change[] = [
  [
    'deprecated node labels',
    'create',
    {
      spec: {
        nodeSelector: { 'beta.kubernetes.io/os': 'linux', 'failure-domain.beta.kubernetes.io/zone': 'a' },
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'In', values: ['amd64'] }] },
              ],
            },
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 1,
                preference: {
                  matchExpressions: [
                    { key: 'beta.kubernetes.io/instance-type', operator: 'In', values: ['x'] },
                    { key: 'kubernetes.io/hostname', operator: 'In', values: ['A_b'] },
                  ],
                },
              },
            ],
          },
        },
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'failure-domain.beta.kubernetes.io/region', whenUnsatisfiable: 'DoNotSchedule' },
        ],
      },
    },
  ],
  [
    'deprecated annotations',
    'create',
    {
      metadata: {
        annotations: {
          'seccomp.security.alpha.kubernetes.io/pod': 'runtime/default',
          'container.seccomp.security.alpha.kubernetes.io/a': 'runtime/default',
          'container.apparmor.security.beta.kubernetes.io/a': 'runtime/default',
          'security.alpha.kubernetes.io/sysctls': 'x',
          'security.alpha.kubernetes.io/unsafe-sysctls': 'x',
        },
      },
    },
  ],
  [
    'deprecated volumes',
    'create',
    {
      spec: {
        volumes: [
          { name: 'g', gitRepo: { repository: 'r' } },
          { name: 's', scaleIO: { gateway: 'g', system: 's', secretRef: { name: 's' }, volumeName: 'v' } },
          { name: 'o', storageos: { volumeName: 'v' } },
          { name: 'q', quobyte: { registry: 'r:1', volume: 'v' } },
          { name: 'f', flocker: { datasetName: 'd' } },
          { name: 'p', photonPersistentDisk: { pdID: 'p' } },
          { name: 'gl', glusterfs: { endpoints: 'e', path: 'p' } },
          { name: 'c', cephfs: { monitors: ['m'] } },
          { name: 'r', rbd: { monitors: ['m'], image: 'i' } },
        ],
      },
    },
  ],
  [
    'a key twice',
    'create',
    {
      spec: {
        volumes: [
          { name: 'v', configMap: { name: 'c', items: [{ key: 'a', path: 'b' }] } },
          {
            name: 'w',
            projected: {
              sources: [
                { configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } },
                { secret: { name: 's', items: [{ key: 'k', path: 'p' }] } },
                { downwardAPI: { items: [{ path: 'p', fieldRef: { fieldPath: 'metadata.name' } }] } },
                { serviceAccountToken: { path: 'p' } },
              ],
            },
          },
        ],
      },
    },
  ],
  [
    'hosts, secrets and environment twice or empty',
    'create',
    {
      spec: {
        hostAliases: [
          { ip: '10.0.0.1', hostnames: ['a'] },
          { ip: '10.0.0.1', hostnames: ['b'] },
        ],
        imagePullSecrets: [{ name: '' }, { name: 's' }],
        containers: [
          {
            ...container,
            env: [
              { name: 'E', value: '1' },
              { name: 'E', value: '2' },
              { name: 'F', value: 'x' },
              { name: 'F', value: '$(F)' },
            ],
            ports: [
              { containerPort: 80, name: 'one' },
              { containerPort: 80, name: 'two' },
            ],
          },
          { name: 'b', image: 'i', ports: [{ containerPort: 80, name: 'one' }] },
        ],
      },
    },
  ],
  [
    'fractions of bytes',
    'create',
    {
      spec: {
        containers: [{ ...container, resources: { limits: { memory: '1500m' }, requests: { memory: '1500m' } } }],
        volumes: [
          { name: 'e', emptyDir: { sizeLimit: '100m' } },
          {
            name: 'v',
            ephemeral: {
              volumeClaimTemplate: {
                spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '100m' } } },
              },
            },
          },
        ],
      },
    },
  ],
  ['a host port of a pod with a fixed network', 'create', { spec: { hostNetwork: true, hostUsers: true } }],
  ['no grace', 'create', { spec: { terminationGracePeriodSeconds: -5 } }],
  [
    'an endless runtime class and a priority',
    'create',
    { spec: { securityContext: { seccompProfile: { type: 'RuntimeDefault' } }, dnsPolicy: 'Default' } },
  ],
  [
    'a spread and an affinity that select nothing',
    'create',
    {
      spec: {
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' },
          { maxSkew: 1, topologyKey: 'host', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} },
        ],
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }],
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'zone' } }],
          },
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }],
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'zone' } }],
          },
        },
      },
    },
  ],
  [
    'an owner twice',
    'create',
    {
      metadata: {
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' },
          { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' },
        ],
      },
    },
  ],
  ['a name with dots', 'create', { metadata: { name: 'a.b' } }],
  ['a long name', 'create', { metadata: { name: 'x'.repeat(64) } }],
  ['a finalizer without a domain', 'create', { metadata: { finalizers: ['kubernetes', 'other'] } }],
  [
    'shell-like expansions and image with spaces',
    'create',
    { spec: { containers: [{ ...container, image: ' i ' }], initContainers: [{ name: 'n', image: 'i' }] } },
  ],
  [
    'iscsi and other volumes',
    'create',
    {
      spec: {
        volumes: [
          { name: 'i', iscsi: { targetPortal: '1.2.3.4:80', iqn: 'iqn.2001-04.com.example:storage', lun: 0 } },
          { name: 'n', nfs: { server: 's', path: '/' } },
          { name: 'h', hostPath: { path: '/x', type: 'Directory' } },
        ],
      },
    },
  ],
]

const refused: readonly Change[] = [
  ['nothing', 'create', { spec: null }],
  ['an empty container', 'create', { spec: { containers: [{}] } }],
  [
    'bad policies',
    'create',
    { spec: { restartPolicy: 'x', dnsPolicy: 'y', preemptionPolicy: 'z', os: { name: 'q' } } },
  ],
  [
    'a bad container',
    'create',
    withContainer({
      name: 'A_b',
      image: '',
      imagePullPolicy: 'Maybe',
      terminationMessagePolicy: 'x',
      terminationMessagePath: '',
      ports: [{ containerPort: 0, hostPort: 70000, protocol: 'tcp', name: 'A_b', hostIP: 'x' }],
      env: [{ name: '' }, { name: 'A=b' }, { name: 'B', value: 'x', valueFrom: { fieldRef: { fieldPath: 'x' } } }],
      envFrom: [{ prefix: '=', configMapRef: { name: 'A_b' } }, {}],
      volumeMounts: [{ name: '', mountPath: '' }],
      resources: { limits: { cpu: '-1' }, requests: { cpu: '2' } },
    }),
  ],
  [
    'bad probes',
    'create',
    withContainer({
      livenessProbe: { httpGet: { port: 0, path: '', scheme: 'FTP' }, successThreshold: 2, timeoutSeconds: -1 },
      readinessProbe: {},
      startupProbe: { exec: { command: [] }, tcpSocket: { port: 'A_b' } },
    }),
  ],
  ['bad hooks', 'create', withContainer({ lifecycle: { postStart: {}, preStop: { sleep: { seconds: 100 } } } })],
  [
    'a bad security context',
    'create',
    withContainer({
      securityContext: {
        runAsUser: -1,
        runAsGroup: -1,
        procMount: 'x',
        privileged: true,
        allowPrivilegeEscalation: false,
        capabilities: { add: ['CAP_SYS_ADMIN'] },
        seccompProfile: { type: 'Localhost' },
      },
    }),
  ],
  [
    'bad host settings',
    'create',
    {
      spec: {
        nodeName: 'A_b',
        hostname: 'A_b',
        subdomain: 'A_b',
        serviceAccountName: 'default',
        schedulingGates: [{ name: 'a b' }],
        readinessGates: [{ conditionType: 'a b' }],
        hostAliases: [{ ip: 'x', hostnames: ['A_b'] }],
        dnsConfig: { nameservers: ['x'], searches: ['A_b!'], options: [{}] },
        activeDeadlineSeconds: 0,
      },
    },
  ],
  [
    'bad tolerations and node selectors',
    'create',
    {
      spec: {
        nodeSelector: { 'a b': 'c d' },
        tolerations: [
          { key: 'a b', operator: 'Exists', value: 'x' },
          { operator: 'Equal' },
          { key: 'k', operator: 'Near' },
          { key: 'k', effect: 'Sometimes' },
          { key: 'k', tolerationSeconds: 5 },
        ],
      },
    },
  ],
  [
    'bad affinities',
    'create',
    {
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] },
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 0, preference: { matchExpressions: [{ key: 'a', operator: 'Gt', values: ['x', 'y'] }] } },
            ],
          },
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { topologyKey: '', labelSelector: { matchLabels: { 'a b': 'c' } }, namespaces: ['A_b'] },
            ],
          },
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 200, podAffinityTerm: { topologyKey: 'a b' } }],
          },
        },
      },
    },
  ],
  [
    'bad spread',
    'create',
    {
      spec: {
        topologySpreadConstraints: [
          { maxSkew: 0, topologyKey: '', whenUnsatisfiable: 'x', minDomains: 0 },
          {
            maxSkew: 1,
            topologyKey: 'a',
            whenUnsatisfiable: 'DoNotSchedule',
            nodeAffinityPolicy: 'x',
            nodeTaintsPolicy: 'y',
          },
          { maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' },
        ],
      },
    },
  ],
  [
    'bad volumes',
    'create',
    {
      spec: {
        volumes: [
          { name: '' },
          { name: 'A_b', emptyDir: {} },
          { name: 'a', emptyDir: { sizeLimit: '-1' } },
          { name: 'a', hostPath: { path: '', type: 'x' } },
          { name: 'b', configMap: { name: '', defaultMode: 1000, items: [{ key: '', path: '../x' }] } },
          { name: 'c', secret: { secretName: '' } },
          { name: 'd', persistentVolumeClaim: { claimName: '' } },
          { name: 'e', projected: { sources: [{}] } },
          { name: 'f', nfs: { server: '', path: 'x' } },
          { name: 'g', csi: { driver: '' } },
          { name: 'h', emptyDir: {}, hostPath: { path: '/' } },
        ],
      },
    },
  ],
  ['an image with blanks', 'create', withContainer({ image: ' i' })],
  ['init containers of one name', 'create', { spec: { initContainers: [container] } }],
  ['an ephemeral container', 'create', { spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] } }],
  ['a grace that is set', 'create', { spec: { terminationGracePeriodSeconds: 1, enableServiceLinks: false } }],
]

const updates: readonly Change[] = [
  ['another image', 'update', { spec: { containers: [{ name: 'a', image: 'j' }] } }],
  ['no image', 'update', { spec: { containers: [{ name: 'a', image: '' }] } }],
  ['another container', 'update', { spec: { containers: [container, { name: 'b', image: 'i' }] } }],
  ['a deadline', 'update', { spec: { activeDeadlineSeconds: 10 } }],
  ['a deadline below zero', 'update', { spec: { activeDeadlineSeconds: -10 } }],
  ['a toleration', 'update', { spec: { tolerations: [{ key: 'k', operator: 'Exists' }] } }],
  ['a scheduling gate', 'update', { spec: { schedulingGates: [{ name: 'g' }] } }],
  ['a label', 'update', { metadata: { labels: { a: 'b' } } }],
  ['a bad label', 'update', { metadata: { labels: { 'a b': 'b' } } }],
  ['another name', 'update', { metadata: { name: 'other' } }],
  ['another uid', 'update', { metadata: { uid: 'other' } }],
]

const statuses: readonly Change[] = [
  ['a phase', 'status', { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }],
  ['another class', 'status', { status: { qosClass: 'Guaranteed' } }],
  ['a bad nominated node', 'status', { status: { nominatedNodeName: 'A_b' } }],
  ['bad addresses', 'status', { status: { podIPs: [{ ip: 'x' }], hostIPs: [{ ip: 'y' }] } }],
  ['addresses twice', 'status', { status: { podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }] } }],
  ['two of one family', 'status', { status: { podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] } }],
  ['three addresses', 'status', { status: { podIPs: [{ ip: '10.0.0.1' }, { ip: '::1' }, { ip: '10.0.0.3' }] } }],
  ['host addresses', 'status', { status: { hostIP: '10.0.0.9', hostIPs: [{ ip: '10.0.0.1' }] } }],
  ['a bad condition', 'status', { status: { conditions: [{ type: 'a b', status: 'True' }] } }],
  ['a negative generation', 'status', { status: { observedGeneration: -1 } }],
  [
    'a container that was never there',
    'status',
    { status: { containerStatuses: [{ name: 'z', ready: true, restartCount: 0, image: 'i', imageID: '' }] } },
  ],
  [
    'a container of two states',
    'status',
    {
      status: {
        containerStatuses: [
          {
            name: 'a',
            ready: true,
            restartCount: 0,
            image: 'i',
            imageID: '',
            state: { running: {}, terminated: { exitCode: 0 } },
          },
        ],
      },
    },
  ],
  [
    'a claim status without a claim',
    'status',
    { status: { resourceClaimStatuses: [{ name: 'c', resourceClaimName: 'x' }] } },
  ],
  [
    'extended claims',
    'status',
    { status: { extendedResourceClaimStatus: { resourceClaimName: 'A_b', requestMappings: [] } } },
  ],
]

const resizes: readonly Change[] = [
  [
    'more memory',
    'resize',
    {
      spec: {
        containers: [
          {
            name: 'a',
            image: 'i',
            resources: { limits: { memory: '2Gi', cpu: '1' }, requests: { memory: '1Gi', cpu: '1' } },
          },
        ],
      },
    },
  ],
  [
    'another class',
    'resize',
    {
      spec: {
        containers: [
          {
            name: 'a',
            image: 'i',
            resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } },
          },
        ],
      },
    },
  ],
  ['no resources', 'resize', { spec: { containers: [{ name: 'a', image: 'i', resources: {} }] } }],
  [
    'other resources',
    'resize',
    {
      spec: {
        containers: [
          {
            name: 'a',
            image: 'i',
            resources: {
              limits: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' },
              requests: { cpu: '500m', memory: '512Mi' },
            },
          },
        ],
      },
    },
  ],
  ['another image', 'resize', { spec: { containers: [{ name: 'a', image: 'j' }] } }],
  [
    'more than the limit',
    'resize',
    {
      spec: {
        containers: [
          {
            name: 'a',
            image: 'i',
            resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '2', memory: '512Mi' } },
          },
        ],
      },
    },
  ],
  ['another container', 'resize', { spec: { containers: [{ name: 'z', image: 'i' }] } }],
  [
    'other restart rules',
    'resize',
    {
      spec: {
        containers: [
          { name: 'a', image: 'i', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] },
        ],
      },
    },
  ],
  ['a label', 'resize', { metadata: { labels: { a: 'b' } } }],
  ['an ephemeral container', 'ephemeralcontainers', { spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] } }],
  [
    'a bad ephemeral container',
    'ephemeralcontainers',
    {
      spec: {
        ephemeralContainers: [
          {
            name: 'a',
            image: '',
            ports: [{ containerPort: 80 }],
            resources: { limits: { cpu: '1' } },
            livenessProbe: {},
            targetContainerName: 'z',
          },
        ],
      },
    },
  ],
]

export const podCases: readonly Case[] = [
  ...casesOf({ ...kind, base: { spec: { containers: [container] } } }, [
    ...warned,
    ...refused,
    ...updates,
    ...statuses,
  ]),
  ...casesOf(
    {
      ...kind,
      name: 'sized',
      base: {
        spec: {
          containers: [
            {
              ...container,
              resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '512Mi' } },
            },
          ],
        },
      },
    },
    resizes,
  ).map((one) => ({ ...one, name: `${one.name} of a pod with limits` })),
]
