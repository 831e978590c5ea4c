import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from '@binnacle/api'
import { expect, test } from 'vitest'
import { quotaUsage, type NamespaceObjects, type Usage } from './usage.ts'

const now = Date.parse('2026-01-01T00:00:00Z')

function usage(spec: NonNullable<ResourceQuota['spec']>, objects: Partial<NamespaceObjects>): Usage {
  return quotaUsage(spec, { pods: [], services: [], claims: [], count: () => 0, now, ...objects })
}

function pod(spec: object = {}, metadata: object = {}, status: object = {}): Pod {
  return { metadata, spec: { containers: [], ...spec }, status }
}

const burstable = [{ name: 'c', resources: { requests: { cpu: '100m' }, limits: { cpu: '1' } } }]

test('only living pods are charged, all are counted', () => {
  const overdue = { deletionTimestamp: '2025-12-31T23:59:00Z', deletionGracePeriodSeconds: 30 }
  const leaving = { deletionTimestamp: '2025-12-31T23:59:50Z', deletionGracePeriodSeconds: 30 }
  const pods = [pod(), pod({}, {}, { phase: 'Succeeded' }), pod({}, overdue), pod({}, leaving)]
  expect(usage({ hard: { pods: '9', 'count/pods': '9' } }, { pods })).toEqual({ pods: '2', 'count/pods': '4' })
})

test('scopes choose the pods', () => {
  const pods = [
    pod({ activeDeadlineSeconds: 60 }),
    pod({ containers: burstable }),
    pod({ containers: burstable, priorityClassName: 'high' }),
  ]
  const count = (spec: object): string | undefined => usage({ hard: { pods: '9' }, ...spec }, { pods })['pods']
  expect(count({ scopes: ['Terminating'] })).toBe('1')
  expect(count({ scopes: ['NotTerminating', 'NotBestEffort'] })).toBe('2')
  expect(count({ scopes: ['BestEffort'] })).toBe('1')
  const inClass = [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }]
  expect(count({ scopeSelector: { matchExpressions: inClass } })).toBe('1')
})

test('requests, limits and extended resources add up', () => {
  const containers = [
    {
      name: 'c',
      resources: { requests: { cpu: '500m', memory: '252Mi', 'example.com/dongle': '2' }, limits: { cpu: '2' } },
    },
  ]
  const hard = { cpu: '1', memory: '1Gi', 'limits.cpu': '4', 'requests.example.com/dongle': '3' }
  expect(usage({ hard }, { pods: [pod({ containers })] })).toEqual({
    cpu: '500m',
    memory: '252Mi',
    'limits.cpu': '2',
    'requests.example.com/dongle': '2',
  })
})

test('services are charged by what they take', () => {
  const service = (spec: object): Service => ({ metadata: {}, spec })
  const services = [
    service({ type: 'NodePort', ports: [{ port: 1 }, { port: 2 }] }),
    service({ type: 'LoadBalancer', ports: [{ port: 1 }] }),
    service({ type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 1 }] }),
  ]
  const hard = { 'services.nodeports': '9', 'services.loadbalancers': '9' }
  expect(usage({ hard }, { services })).toEqual({ 'services.nodeports': '3', 'services.loadbalancers': '2' })
})

test('claims are charged in all and per storage class', () => {
  const claim = (storageClassName: string, storage: string): PersistentVolumeClaim => ({
    metadata: {},
    spec: { storageClassName, resources: { requests: { storage } } },
  })
  const hard = {
    'requests.storage': '10Gi',
    'gold.storageclass.storage.k8s.io/requests.storage': '10Gi',
    'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '9',
  }
  expect(usage({ hard }, { claims: [claim('gold', '1Gi'), claim('tin', '512Mi')] })).toEqual({
    'requests.storage': '1536Mi',
    'gold.storageclass.storage.k8s.io/requests.storage': '1Gi',
    'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
  })
})
