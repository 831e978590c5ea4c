// kubectl asks for the dry run of a deletion in the body, not in the query.

import { expect, it } from 'vitest'
import { startEngine } from './engine-fixture.ts'

const configMaps = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' } as const
const kept = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' } }
const body = { apiVersion: 'v1', kind: 'DeleteOptions', dryRun: ['All'] }

it('keeps the object when the body of a delete asks for a dry run', async () => {
  const { send } = await startEngine()
  await send({ ...configMaps, verb: 'create', body: kept })
  await send({ ...configMaps, verb: 'delete', name: 'kept', body })
  expect(await send({ ...configMaps, verb: 'get', name: 'kept' })).toMatchObject(kept)
})

it('keeps all objects when the body of a deletecollection asks for a dry run', async () => {
  const { send } = await startEngine()
  await send({ ...configMaps, verb: 'create', body: kept })
  await send({ ...configMaps, verb: 'deletecollection', body })
  expect(await send({ ...configMaps, verb: 'get', name: 'kept' })).toMatchObject(kept)
})

it('refuses another dryRun than All in the body', async () => {
  const { send } = await startEngine()
  await send({ ...configMaps, verb: 'create', body: kept })
  await expect(
    send({ ...configMaps, verb: 'delete', name: 'kept', body: { ...body, dryRun: ['Some'] } }),
  ).rejects.toThrow('dryRun: Unsupported value')
})
