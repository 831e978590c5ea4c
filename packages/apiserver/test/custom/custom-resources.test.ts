import { type CustomResourceDefinition, type ResourceRequest, StatusError } from '@binnacle/api'
import { expect, test } from 'vitest'
import { startEngine } from '../engine-fixture.ts'
import { startServer } from '../server-fixture.ts'

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'ships.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'ships', kind: 'Ship' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['masts'],
                properties: {
                  masts: { type: 'integer', maximum: 7 },
                  flag: { type: 'string', default: 'none', enum: ['none', 'pirate'] },
                },
                'x-kubernetes-validations': [{ rule: 'self.masts >= oldSelf.masts', message: 'masts never fall' }],
              },
            },
          },
        },
      },
    ],
  },
}
const definitions = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' } as const
const ships = { group: 'example.com', version: 'v1', resource: 'ships', namespace: 'default' } as const
const ship = (spec: object): object => ({ apiVersion: 'example.com/v1', kind: 'Ship', metadata: { name: 'a' }, spec })

async function refusal(answer: Promise<unknown>): Promise<string> {
  try {
    await answer
  } catch (error) {
    if (error instanceof StatusError) return error.message
    throw error
  }
  throw new Error('it was accepted')
}

test('a definition is established at once and its objects are defaulted, pruned and validated', async () => {
  const { send } = await startEngine()
  const created = await send<CustomResourceDefinition>({ verb: 'create', ...definitions, body: definition })
  expect(created.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
    'NamesAccepted=True',
    'Established=True',
  ])
  expect(created.spec.names).toMatchObject({ singular: 'ship', listKind: 'ShipList' })

  const create = (spec: object): ResourceRequest => ({ verb: 'create', ...ships, body: ship(spec) })
  expect(await refusal(send(create({ masts: 'three' })))).toBe(
    'Ship.example.com "a" is invalid: spec.masts: Invalid value: "string": spec.masts in body must be of type integer: "string"',
  )
  expect(await refusal(send(create({ flag: 'white' })))).toBe(
    'Ship.example.com "a" is invalid: [spec.masts: Required value, spec.flag: Unsupported value: "white": supported values: "none", "pirate"]',
  )
  expect(await refusal(send({ ...create({ masts: 1, oars: 2 }), options: { fieldValidation: 'Strict' } }))).toBe(
    'Ship in version "v1" cannot be handled as a Ship: strict decoding error: unknown field "spec.oars"',
  )
  expect(await send(create({ masts: 3, oars: 2 }))).toMatchObject({ spec: { masts: 3, flag: 'none' } })
  expect(
    await refusal(
      send({
        verb: 'patch',
        ...ships,
        name: 'a',
        patchType: 'application/merge-patch+json',
        body: { spec: { masts: 2 } },
      }),
    ),
  ).toBe('Ship.example.com "a" is invalid: spec: Invalid value: "object": masts never fall')
})

test('deleting a definition deletes its objects and takes the resource away', async () => {
  const { send, backend, registry } = await startEngine()
  await send({ verb: 'create', ...definitions, body: definition })
  await send({ verb: 'create', ...ships, body: ship({ masts: 1 }) })
  const gone = new Promise<void>((resolve) =>
    registry.onChange(() => registry.find('example.com', 'v1', 'ships') ?? resolve()),
  )
  await send({ verb: 'delete', ...definitions, name: 'ships.example.com' })
  await gone
  await expect.poll(() => backend.store.count('customresourcedefinitions.apiextensions.k8s.io/')).toBe(0)
  expect(backend.store.count('ships.example.com/')).toBe(0)
})

test('a definition with the wrong name or without a schema is refused with every reason', async () => {
  const { send } = await startEngine()
  const broken = {
    ...definition,
    metadata: { name: 'x' },
    spec: { ...definition.spec, versions: [{ name: 'v1', served: true, storage: true }] },
  }
  const message = await refusal(send({ verb: 'create', ...definitions, body: broken }))
  expect(message).toContain('metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group')
  expect(message).toContain('schemas are required')
})

test('objects of an earlier storage version are served at the version asked for', async () => {
  const { send } = await startEngine()
  await send({ verb: 'create', ...definitions, body: definition })
  await send({ verb: 'create', ...ships, body: ship({ masts: 1 }) })
  const [v1] = definition.spec.versions
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const versions = [
    { ...v1, storage: false },
    { name: 'v2', served: true, storage: true, schema },
  ]
  await send({
    verb: 'patch',
    ...definitions,
    name: 'ships.example.com',
    patchType: 'application/merge-patch+json',
    body: { spec: { versions } },
  })
  const read = await send({ verb: 'get', ...ships, version: 'v2', name: 'a' })
  expect(read).toMatchObject({ apiVersion: 'example.com/v2', spec: { masts: 1 } })
})

test('a rule that names a field which the schema does not have is refused with its place', async () => {
  const { send } = await startEngine()
  const ruled = (rule: string): object => {
    const [v1] = definition.spec.versions
    const openAPIV3Schema = { ...v1?.schema.openAPIV3Schema, 'x-kubernetes-validations': [{ rule }] }
    return { ...definition, spec: { ...definition.spec, versions: [{ ...v1, schema: { openAPIV3Schema } }] } }
  }
  expect(await refusal(send({ verb: 'create', ...definitions, body: ruled('self.spec.oars > 3') }))).toContain(
    "compilation failed: ERROR: <input>:1:10: undefined field 'oars'",
  )
  const fine = 'self.metadata.name != "x" && [self.spec].all(s, s.masts < 9) && has(self.spec.flag)'
  expect(await send({ verb: 'create', ...definitions, body: ruled(fine) })).toBeDefined()
})

test('users of a deprecated version are warned, in its own words or with the version to use', async () => {
  await using api = await startServer()
  const version = (name: string, more: object): object => ({
    ...definition.spec.versions[0],
    name,
    storage: false,
    ...more,
  })
  const versions = [
    version('v2', {}),
    version('v1', { storage: true }),
    version('v1beta1', { deprecated: true }),
    version('v1alpha1', { deprecated: true, deprecationWarning: 'sunk' }),
  ]
  const body = { ...definition, spec: { ...definition.spec, versions } }
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  expect(await api.send('POST', path, { body })).toMatchObject({ code: 201 })
  const warningOf = async (name: string): Promise<unknown> =>
    (await api.send('GET', `/apis/example.com/${name}/ships`)).headers['warning']
  expect(await warningOf('v1')).toBeUndefined()
  expect(await warningOf('v1beta1')).toBe('299 - "example.com/v1beta1 Ship is deprecated; use example.com/v2 Ship"')
  expect(await warningOf('v1alpha1')).toBe('299 - "sunk"')
})
