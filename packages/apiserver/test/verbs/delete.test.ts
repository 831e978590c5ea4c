import type { KubeObject } from '@binnacle/api'
import { expect, it } from 'vitest'
import { configMap, configMaps, mergePatch, startServer } from '../server-fixture.ts'

const pods = '/api/v1/namespaces/default/pods'

function pod(name: string, spec: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i:1' }], ...spec },
  }
}

const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }

it('answers with a Status for what is gone', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a') })
  const { json } = await api.send('DELETE', `${configMaps}/a`)
  expect(json).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'a', kind: 'configmaps' } })
  expect((await api.send('GET', `${configMaps}/a`)).code).toBe(404)
})

it('waits for finalizers, and lets no new ones come', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a', {}, { finalizers: ['example.com/x'] }) })
  const marked = await api.send('DELETE', `${configMaps}/a`)
  expect(marked.json).toMatchObject({ metadata: { deletionGracePeriodSeconds: 0, finalizers: ['example.com/x'] } })
  const added = await api.send('PATCH', `${configMaps}/a`, {
    body: { metadata: { finalizers: ['example.com/x', 'example.com/y'] } },
    headers: mergePatch,
  })
  expect(added.code).toBe(422)
  await api.send('PATCH', `${configMaps}/a`, { body: { metadata: { finalizers: null } }, headers: mergePatch })
  expect((await api.send('GET', `${configMaps}/a`)).code).toBe(404)
})

it('gives a bound pod its grace period, which can be cut and not prolonged', async () => {
  await using api = await startServer()
  await api.send('POST', '/api/v1/namespaces/default/serviceaccounts', { body: account })
  await api.send('POST', pods, { body: pod('p', { nodeName: 'n', terminationGracePeriodSeconds: 7 }) })
  const grace = async (query = ''): Promise<unknown> => {
    const { json } = await api.send('DELETE', `${pods}/p${query}`)
    return (json as unknown as KubeObject).metadata.deletionGracePeriodSeconds
  }
  expect(await grace()).toBe(7)
  expect(await grace('?gracePeriodSeconds=30')).toBe(7)
  expect(await grace('?gracePeriodSeconds=2')).toBe(2)
  expect((await api.send('DELETE', `${pods}/p?gracePeriodSeconds=0`)).code).toBe(200)
  expect((await api.send('GET', `${pods}/p`)).code).toBe(404)
})

it('shows the last state of a pod with the time of its deletion', async () => {
  await using api = await startServer()
  await api.send('POST', '/api/v1/namespaces/default/serviceaccounts', { body: account })
  await api.send('POST', pods, { body: pod('p') })
  const { json } = await api.send('DELETE', `${pods}/p`)
  expect(json).toMatchObject({ kind: 'Pod', metadata: { deletionGracePeriodSeconds: 0, generation: 2 } })
})

it('turns the propagation policy into a finalizer', async () => {
  await using api = await startServer()
  const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground' }
  await api.send('POST', configMaps, { body: configMap('a') })
  const { json } = await api.send('DELETE', `${configMaps}/a`, { body })
  expect(json).toMatchObject({ metadata: { finalizers: ['foregroundDeletion'] } })
})

it('checks preconditions', async () => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a') })
  const { code, json } = await api.send('DELETE', `${configMaps}/a`, { body: { preconditions: { uid: 'x' } } })
  expect(code).toBe(409)
  expect(json.message).toMatch(
    /^Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition \(x\) does not match/,
  )
})

it.each([
  [{ propagationPolicy: 'Never' }, 422],
  [{ propagationPolicy: 'Orphan', orphanDependents: true }, 422],
  [{ kind: 'ConfigMap', apiVersion: 'v1' }, 400],
])('refuses the options %j', async (body, expected) => {
  await using api = await startServer()
  await api.send('POST', configMaps, { body: configMap('a') })
  expect((await api.send('DELETE', `${configMaps}/a`, { body })).code).toBe(expected)
})

it('deletes a collection by selector', async () => {
  await using api = await startServer()
  for (const name of ['a', 'b', 'c']) {
    const labels = { group: name === 'c' ? 'kept' : 'gone' }
    await api.send('POST', configMaps, { body: configMap(name, {}, { labels }) })
  }
  const { json } = await api.send('DELETE', `${configMaps}?labelSelector=group%3Dgone`)
  expect(json.items?.map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
  const left = await api.send('GET', configMaps)
  expect(left.json.items?.map(({ metadata }) => metadata.name)).toEqual(['c'])
})
