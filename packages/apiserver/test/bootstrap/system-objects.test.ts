import { createMemoryStore } from '@binnacle/store'
import { expect, it } from 'vitest'
import { createApiServer } from '../../src/index.ts'
import { startServer } from '../server-fixture.ts'

it('has what every cluster has from its first moment', async () => {
  await using api = await startServer()
  const names = async (path: string): Promise<(string | undefined)[]> =>
    (await api.send('GET', path)).json.items?.map(({ metadata }) => metadata.name) ?? []
  expect(await names('/api/v1/namespaces')).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system'])
  expect(await names('/apis/scheduling.k8s.io/v1/priorityclasses')).toEqual([
    'system-cluster-critical',
    'system-node-critical',
  ])
  expect(await names('/apis/networking.k8s.io/v1/servicecidrs')).toEqual(['kubernetes'])
  expect(await names('/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations')).toContain('workload-low')
  expect(await names('/apis/rbac.authorization.k8s.io/v1/clusterroles')).toContain('system:kube-scheduler')
  expect(await names('/apis/apiregistration.k8s.io/v1/apiservices')).toContain('v1.apps')
  const { json } = await api.send('GET', '/api/v1/namespaces/default/services/kubernetes')
  expect(json).toMatchObject({ spec: { clusterIP: '127.96.0.1', ports: [{ port: 443 }] } })
})

it('points the Service kubernetes at the new address after a restart, and leaves the rest alone', async () => {
  const store = createMemoryStore()
  const first = await createApiServer({ store })
  await first.close()
  const before = store.get('namespaces/default')?.revision
  const second = await createApiServer({ store })
  const endpoints = store.get('endpoints/default/kubernetes')?.object
  expect(endpoints).toMatchObject({ subsets: [{ ports: [{ port: second.port }] }] })
  expect(store.get('namespaces/default')?.revision).toBe(before)
  await second.close()
  await store.close()
})
