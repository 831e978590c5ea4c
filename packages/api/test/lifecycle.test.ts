import { describe, expect, it } from 'vitest'
import { prepareForCreate, prepareForStatusUpdate, prepareForUpdate } from '../src/lifecycle.ts'
import type { KubeObject, Unstructured } from '../src/object.ts'

function kind(
  group: string,
  name: string,
  subresources: string[] = ['status'],
): Parameters<typeof prepareForCreate>[0] {
  return { group, kind: name, subresources: subresources.map((each) => ({ name: each, kind: name, verbs: [] })) }
}

function created(of: ReturnType<typeof kind>, object: object): Unstructured {
  const draft = { metadata: { name: 'x', uid: 'u-1' }, ...object } as Unstructured
  prepareForCreate(of, draft, () => 0)
  return draft
}

function updated(of: ReturnType<typeof kind>, object: object, old: object): Unstructured {
  const draft = { metadata: {}, ...structuredClone(object) } as Unstructured
  prepareForUpdate(of, draft, Object.freeze({ metadata: {}, ...old }) as KubeObject)
  return draft
}

const deployment = kind('apps', 'Deployment')

describe('creating', () => {
  it('drops the status and starts the generation', () => {
    const object = created(deployment, { spec: {}, status: { replicas: 3 } })
    expect(object['status']).toEqual({})
    expect(object.metadata.generation).toBe(1)
  })

  it('leaves the generation of kinds that do not count it', () => {
    expect(created(kind('', 'ConfigMap', []), { data: {} }).metadata).not.toHaveProperty('generation')
  })

  it('makes pods pending, with a class of service', () => {
    const resources = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } }
    const of = kind('', 'Pod')
    expect(created(of, { spec: { containers: [{}] } })['status']).toEqual({ phase: 'Pending', qosClass: 'BestEffort' })
    expect(created(of, { spec: { containers: [{ resources }] } })['status']).toMatchObject({ qosClass: 'Guaranteed' })
    expect(created(of, { spec: { containers: [{ resources }, {}] } })['status']).toMatchObject({
      qosClass: 'Burstable',
    })
  })

  it('says at once that a gated pod waits', () => {
    const pod = created(kind('', 'Pod'), { spec: { containers: [{}], schedulingGates: [{ name: 'g' }] } })
    expect(pod['status']).toMatchObject({ conditions: [{ type: 'PodScheduled', reason: 'SchedulingGated' }] })
  })

  it('gives a job the selector of its own pods', () => {
    const job = created(kind('batch', 'Job'), { spec: { manualSelector: false, template: {} } })
    const labels = {
      'batch.kubernetes.io/controller-uid': 'u-1',
      'batch.kubernetes.io/job-name': 'x',
      'controller-uid': 'u-1',
      'job-name': 'x',
    }
    expect(job['spec']).toMatchObject({
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' } },
      template: { metadata: { labels } },
    })
    expect(job.metadata.labels).toEqual(labels)
  })

  it('gives every namespace its finalizer once', () => {
    const of = kind('', 'Namespace')
    expect(created(of, { spec: {} })['spec']).toEqual({ finalizers: ['kubernetes'] })
    expect(created(of, { spec: { finalizers: ['kubernetes'] } })['spec']).toEqual({ finalizers: ['kubernetes'] })
  })

  it('drops the status of custom kinds only where it is a sub-resource', () => {
    expect(created(kind('x.io', 'Car'), { status: {} })).not.toHaveProperty('status')
    expect(created(kind('x.io', 'Car', []), { status: {} })).toHaveProperty('status')
  })
})

describe('updating', () => {
  const old = { metadata: { generation: 2 }, spec: { replicas: 1 }, status: { replicas: 1 } }

  it.each([
    ['the same', { spec: { replicas: 1 } }, 2],
    ['another spec', { spec: { replicas: 2 } }, 3],
    ['an empty list more', { spec: { replicas: 1, paused: undefined, list: [] } }, 2],
    ['another annotation', { metadata: { annotations: { a: 'b' } }, spec: { replicas: 1 } }, 3],
    ['another label', { metadata: { labels: { a: 'b' } }, spec: { replicas: 1 } }, 2],
    ['a generation of its own', { metadata: { generation: 9 }, spec: { replicas: 1 } }, 2],
  ])('a deployment with %s has generation', (_, object, generation) => {
    const result = updated(deployment, object, old)
    expect(result.metadata.generation).toBe(generation)
    expect(result['status']).toEqual({ replicas: 1 })
  })

  it('counts everything but metadata and status of custom kinds', () => {
    const car = { metadata: { generation: 1 }, color: 'red' }
    expect(updated(kind('x.io', 'Car'), { color: 'red' }, car).metadata.generation).toBe(1)
    expect(updated(kind('x.io', 'Car'), { color: 'blue' }, car).metadata.generation).toBe(2)
  })

  it('forgives a repeated cluster IP when a service turns into a name', () => {
    const before = { spec: { type: 'ClusterIP', clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] }, status: {} }
    const after = { spec: { ...before.spec, type: 'ExternalName', externalName: 'a.b' } }
    expect(updated(kind('', 'Service'), after, before)['spec']).toEqual({ type: 'ExternalName', externalName: 'a.b' })
  })
})

describe('updating the status', () => {
  it('keeps the spec and, for deployments, the labels', () => {
    const draft = { metadata: { labels: { a: 'new' } }, spec: { replicas: 9 }, status: { replicas: 1 } } as Unstructured
    prepareForStatusUpdate(deployment, draft, {
      metadata: { labels: { a: 'old' } },
      spec: { replicas: 1 },
    } as KubeObject)
    expect(draft).toEqual({ metadata: { labels: { a: 'old' } }, spec: { replicas: 1 }, status: { replicas: 1 } })
  })

  it('keeps all metadata of custom kinds', () => {
    const draft = { metadata: { annotations: { a: 'b' } }, status: { ok: true } } as Unstructured
    prepareForStatusUpdate(kind('x.io', 'Car'), draft, { metadata: {}, color: 'red' } as unknown as KubeObject)
    expect(draft).toEqual({ metadata: {}, color: 'red', status: { ok: true } })
  })
})
