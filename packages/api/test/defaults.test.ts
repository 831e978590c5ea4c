import { describe, expect, it } from 'vitest'
import { applyDefaults } from '../src/defaults/index.ts'

/** The object with its defaults, as JSON data that tests pick from freely. */
function defaulted(group: string, kind: string, object: object, version = 'v1'): Record<string, never> {
  const draft = { metadata: { name: 'x' }, ...object }
  applyDefaults({ group, version, kind }, draft)
  const once = JSON.stringify(draft)
  applyDefaults({ group, version, kind }, draft)
  expect(JSON.stringify(draft), 'defaulting twice changes nothing more').toBe(once)
  return draft as unknown as Record<string, never>
}

const container = { name: 'app', image: 'nginx' }

describe('pods', () => {
  it('fills in what the kubelet relies on', () => {
    expect(defaulted('', 'Pod', { spec: { containers: [container] } })).toMatchObject({
      spec: {
        restartPolicy: 'Always',
        dnsPolicy: 'ClusterFirst',
        terminationGracePeriodSeconds: 30,
        schedulerName: 'default-scheduler',
        securityContext: {},
        enableServiceLinks: true,
        containers: [
          {
            imagePullPolicy: 'Always',
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
            resources: {},
          },
        ],
      },
    })
  })

  it.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.27', 'IfNotPresent'],
    ['registry:5000/shop/web', 'Always'],
    ['registry:5000/shop/web:v1', 'IfNotPresent'],
    ['nginx@sha256:0123', 'IfNotPresent'],
    ['nginx:latest@sha256:0123', 'Always'],
    ['', 'IfNotPresent'],
  ])('pulls %j %s', (image, policy) => {
    const pod = defaulted('', 'Pod', { spec: { containers: [{ name: 'a', image }] } })
    expect(pod).toMatchObject({ spec: { containers: [{ imagePullPolicy: policy }] } })
  })

  it('asks for as much as it is limited to, where it does not ask', () => {
    const resources = { limits: { cpu: '1000m', memory: '64Mi' }, requests: { cpu: '0.1' } }
    const pod = defaulted('', 'Pod', { spec: { containers: [{ ...container, resources }] } })
    expect(pod).toMatchObject({
      spec: {
        containers: [
          { resources: { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '100m', memory: '64Mi' } } },
        ],
      },
    })
  })

  it('rounds resources up to thousandths', () => {
    const resources = { requests: { cpu: '1500u' } }
    const pod = defaulted('', 'Pod', { spec: { containers: [{ ...container, resources }] } })
    expect(pod).toMatchObject({ spec: { containers: [{ resources: { requests: { cpu: '2m' } } }] } })
  })

  it('refuses a malformed quantity as the decoder does', () => {
    const resources = { limits: { cpu: 'lots' } }
    expect(() => defaulted('', 'Pod', { spec: { containers: [{ ...container, resources }] } })).toThrow(
      'quantities must match the regular expression',
    )
  })

  it('sums up the requests of a pod that is limited as a whole', () => {
    const requests = { cpu: '100m' }
    const pod = defaulted('', 'Pod', {
      spec: {
        resources: { limits: { cpu: '1', memory: '1Gi' } },
        initContainers: [
          { name: 'sidecar', image: 'a', restartPolicy: 'Always', resources: { requests } },
          { name: 'init', image: 'a', resources: { requests: { cpu: '350m' } } },
        ],
        containers: [{ ...container, resources: { requests } }],
      },
    })
    expect(pod).toMatchObject({ spec: { resources: { requests: { cpu: '450m', memory: '1Gi' } } } })
  })

  it('gives host ports to containers on the host network', () => {
    const pod = defaulted('', 'Pod', {
      spec: { hostNetwork: true, containers: [{ ...container, ports: [{ containerPort: 80 }] }] },
    })
    expect(pod).toMatchObject({ spec: { containers: [{ ports: [{ hostPort: 80, protocol: 'TCP' }] }] } })
  })

  it('fills probes, volumes and references', () => {
    const pod = defaulted('', 'Pod', {
      spec: {
        volumes: [
          { name: 'none' },
          { name: 'config', configMap: { name: 'c' } },
          { name: 'secret', secret: { secretName: 's' } },
          { name: 'host', hostPath: { path: '/tmp' } },
          { name: 'all', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
        ],
        containers: [
          {
            ...container,
            env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
            livenessProbe: { httpGet: { port: 80 } },
            readinessProbe: { grpc: { port: 90 } },
          },
        ],
      },
    })
    const probe = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }
    expect(pod).toMatchObject({
      spec: {
        volumes: [
          { emptyDir: {} },
          { configMap: { defaultMode: 420 } },
          { secret: { defaultMode: 420 } },
          { hostPath: { type: '' } },
          { projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3600 } }] } },
        ],
        containers: [
          {
            env: [{ valueFrom: { fieldRef: { apiVersion: 'v1' } } }],
            livenessProbe: { ...probe, httpGet: { path: '/', scheme: 'HTTP' } },
            readinessProbe: { ...probe, grpc: { service: '' } },
          },
        ],
      },
    })
  })
})

describe('workloads', () => {
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } }

  it('rolls deployments by a quarter', () => {
    const deployment = defaulted('apps', 'Deployment', { spec: { selector: {}, template } })
    expect(deployment).toMatchObject({
      spec: {
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        template: { spec: { restartPolicy: 'Always' } },
      },
    })
    expect(deployment, 'only pods get service links').not.toHaveProperty('spec.template.spec.enableServiceLinks')
  })

  it('keeps an explicit zero', () => {
    expect(defaulted('apps', 'Deployment', { spec: { replicas: 0, template } })).toMatchObject({
      spec: { replicas: 0 },
    })
  })

  it('gives no rolling update to a deployment that is recreated', () => {
    const deployment = defaulted('apps', 'Deployment', { spec: { strategy: { type: 'Recreate' }, template } })
    expect(deployment).toHaveProperty('spec.strategy', { type: 'Recreate' })
  })

  it.each([
    [{}, { completions: 1, parallelism: 1, backoffLimit: 6, podReplacementPolicy: 'TerminatingOrFailed' }],
    [{ parallelism: 3 }, { parallelism: 3 }],
    [
      { backoffLimitPerIndex: 1, completions: 2 },
      { backoffLimit: 2147483647, parallelism: 1 },
    ],
    [{ podFailurePolicy: { rules: [] } }, { podReplacementPolicy: 'Failed' }],
  ])('completes the job %j', (spec, expected) => {
    const job = defaulted('batch', 'Job', { spec: { template, ...spec } })
    expect(job['spec']).toMatchObject(expected)
    expect(job['metadata']).toMatchObject({ labels: { app: 'web' } })
  })

  it('does not make a work queue of a job without completions into one with them', () => {
    expect(defaulted('batch', 'Job', { spec: { parallelism: 3, template } })['spec']).not.toHaveProperty('completions')
  })

  it('keeps history of cron jobs and fills only the pods of their jobs', () => {
    const job = defaulted('batch', 'CronJob', { spec: { schedule: '@daily', jobTemplate: { spec: { template } } } })
    expect(job['spec']).toMatchObject({
      concurrencyPolicy: 'Allow',
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    })
    expect(job).not.toHaveProperty('spec.jobTemplate.spec.backoffLimit')
  })
})

describe('services', () => {
  it('makes a ClusterIP service whose target is its port', () => {
    expect(defaulted('', 'Service', { spec: { ports: [{ port: 80 }] } })['spec']).toEqual({
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      sessionAffinity: 'None',
      type: 'ClusterIP',
      internalTrafficPolicy: 'Cluster',
    })
  })

  it('fills what only load balancers have', () => {
    expect(defaulted('', 'Service', { spec: { type: 'LoadBalancer' } })['spec']).toMatchObject({
      externalTrafficPolicy: 'Cluster',
      allocateLoadBalancerNodePorts: true,
    })
  })

  it('keeps clients for three hours where it keeps them', () => {
    expect(defaulted('', 'Service', { spec: { sessionAffinity: 'ClientIP' } })['spec']).toMatchObject({
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
    })
  })
})

describe('other kinds', () => {
  it.each([
    ['', 'Secret', {}, { type: 'Opaque' }],
    [
      '',
      'Namespace',
      {},
      { metadata: { labels: { 'kubernetes.io/metadata.name': 'x' } }, status: { phase: 'Active' } },
    ],
    ['', 'PersistentVolumeClaim', {}, { spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } }],
    ['storage.k8s.io', 'StorageClass', {}, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }],
    [
      'networking.k8s.io',
      'NetworkPolicy',
      { spec: { egress: [{}] } },
      { spec: { policyTypes: ['Ingress', 'Egress'] } },
    ],
    ['scheduling.k8s.io', 'PriorityClass', {}, { preemptionPolicy: 'PreemptLowerPriority' }],
    [
      'rbac.authorization.k8s.io',
      'RoleBinding',
      { roleRef: { kind: 'Role', name: 'r' }, subjects: [{ kind: 'User', name: 'u' }] },
      { roleRef: { apiGroup: 'rbac.authorization.k8s.io' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io' }] },
    ],
    ['discovery.k8s.io', 'EndpointSlice', { ports: [{ port: 80 }] }, { ports: [{ name: '', protocol: 'TCP' }] }],
  ])('%s %s', (group, kind, object, expected) => {
    expect(defaulted(group, kind, object)).toMatchObject(expected)
  })

  it('lets limits follow maxima, and requests follow limits', () => {
    const range = defaulted('', 'LimitRange', {
      spec: { limits: [{ type: 'Container', max: { cpu: '2' }, min: { memory: '1Mi' } }] },
    })
    expect(range).toMatchObject({
      spec: {
        limits: [
          {
            default: { cpu: '2' },
            defaultRequest: { cpu: '2', memory: '1Mi' },
          },
        ],
      },
    })
  })

  it('scales by CPU where no metric is named, in either version', () => {
    const spec = { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd' } }
    const v2 = defaulted('autoscaling', 'HorizontalPodAutoscaler', { spec: { ...spec, behavior: {} } }, 'v2')
    expect(v2).toMatchObject({
      spec: {
        minReplicas: 1,
        metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
        behavior: {
          scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max' },
          scaleDown: { selectPolicy: 'Max' },
        },
      },
    })
    const v1 = defaulted('autoscaling', 'HorizontalPodAutoscaler', { spec })
    expect(v1).toMatchObject({ spec: { minReplicas: 1, targetCPUUtilizationPercentage: 80 } })
  })
})
