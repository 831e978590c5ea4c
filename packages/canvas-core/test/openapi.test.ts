import { describe, expect, it } from 'vitest'
import {
  type CanvasDocument,
  type OpenApiDocument,
  applySnapshot,
  buildGraph,
  createDocument,
  createEditor,
  execute,
  objectDiff,
  schemaAt,
  schemaFromOpenApi,
  withSchema,
} from '../src/index.ts'

const named = (group: string, version: string, kind: string): readonly object[] => [{ group, version, kind }]

/** As the upstream API server writes it. */
const document: OpenApiDocument = {
  components: {
    schemas: {
      'dev.sea.v1.Boat': {
        type: 'object',
        'x-kubernetes-group-version-kind': named('sea.dev', 'v1', 'Boat'),
        properties: {
          spec: {
            description: 'What it is to be.',
            default: {},
            allOf: [{ $ref: '#/components/schemas/dev.sea.v1.BoatSpec' }],
          },
        },
      },
      'dev.sea.v1.BoatSpec': {
        type: 'object',
        description: 'The definition.',
        required: ['name'],
        properties: {
          name: { type: 'string', default: '' },
          crew: {
            type: 'array',
            items: { default: {}, allOf: [{ $ref: '#/components/schemas/dev.sea.v1.Sailor' }] },
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['rank'],
          },
          port: { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.util.intstr.IntOrString' },
          tonnage: { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity' },
          cargo: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          tender: { $ref: '#/components/schemas/dev.sea.v1.BoatSpec' },
          sails: { type: 'integer', format: 'int32' },
        },
      },
      'dev.sea.v1.Sailor': { type: 'object', properties: { rank: { type: 'string' }, age: { type: 'integer' } } },
      'io.k8s.apimachinery.pkg.util.intstr.IntOrString': {
        format: 'int-or-string',
        oneOf: [{ type: 'integer' }, { type: 'string' }],
      },
      'io.k8s.apimachinery.pkg.api.resource.Quantity': { oneOf: [{ type: 'string' }, { type: 'number' }] },
      'dev.sea.v1.Raft': { type: 'object', 'x-kubernetes-group-version-kind': named('sea.dev', 'v1', 'Raft') },
    },
  },
}

const boat = schemaFromOpenApi(document, { group: 'sea.dev', version: 'v1', kind: 'Boat' })

describe('the schema of a kind from the OpenAPI of a cluster', () => {
  it('has references in place, with the words of their use', () => {
    expect(schemaAt(boat, 'spec')).toMatchObject({
      type: 'object',
      description: 'What it is to be.',
      required: ['name'],
    })
    expect(schemaAt(boat, 'spec')?.default).toBeUndefined()
    expect(schemaAt(boat, 'spec.crew[0].age')).toEqual({ type: 'integer' })
    expect(schemaAt(boat, 'spec.port')).toMatchObject({ 'x-kubernetes-int-or-string': true })
    expect(schemaAt(boat, 'spec.port')?.type).toBeUndefined()
    expect(schemaAt(boat, 'spec.tonnage')).toEqual({})
  })

  it('leaves open what holds itself, and what the cluster leaves open', () => {
    expect(schemaAt(boat, 'spec.tender')).toEqual({ 'x-kubernetes-preserve-unknown-fields': true })
    expect(schemaAt(boat, 'spec.cargo')).toMatchObject({ 'x-kubernetes-preserve-unknown-fields': true })
  })

  it('is bounded however deep a definition nests', () => {
    let deep: Record<string, unknown> = { type: 'string' }
    for (let level = 0; level < 100; level += 1) deep = { type: 'object', properties: { a: deep } }
    const name = { group: 'sea.dev', version: 'v1', kind: 'Well' }
    const schemas = { Well: { ...deep, 'x-kubernetes-group-version-kind': [name] } }
    const found = schemaFromOpenApi({ components: { schemas } }, name)
    expect(schemaAt(found, 'a.a.a.a.a.a')?.properties).toBeDefined()
    expect(JSON.stringify(found).length).toBeLessThan(1000)
  })

  it('is none where the document says nothing of the fields', () => {
    expect(schemaFromOpenApi(document, { group: 'sea.dev', version: 'v1', kind: 'Raft' })).toBeUndefined()
    expect(schemaFromOpenApi(document, { group: 'sea.dev', version: 'v2', kind: 'Boat' })).toBeUndefined()
    expect(schemaFromOpenApi({}, { group: '', version: 'v1', kind: 'Pod' })).toBeUndefined()
  })
})

describe('a document that has learnt a schema', () => {
  const key = 'Boat.sea.dev/sea/mary'
  const mary = {
    apiVersion: 'sea.dev/v1',
    kind: 'Boat',
    metadata: { name: 'mary', namespace: 'sea' },
    spec: { name: 'Mary', crew: [{ rank: 'captain', age: 50 }], tender: null },
  }

  function learnt(): CanvasDocument {
    const told = applySnapshot(createDocument({ namespace: 'sea' }), [mary], ['Boat.sea.dev'])
    return withSchema(told, 'Boat.sea.dev', boat ?? {})
  }

  it('tells items apart as the cluster does, and checks what is staged', () => {
    const command = { type: 'setField', key, path: 'spec.crew[captain].age', value: 'old' } as const
    const { document: edited } = execute(createEditor(learnt()), command)
    expect(objectDiff(edited, key)?.lines.map(({ path }) => path)).toEqual(['spec.crew[captain].age'])
    // A null is no value, as the server sees it.
    expect(
      buildGraph(edited)
        .problems.get(key)
        ?.map(({ path }) => path),
    ).toEqual(['spec.crew[0].age'])
  })

  it('keeps the schemas of our kinds', () => {
    const before = createDocument({ namespace: 'sea' })
    expect(withSchema(before, 'Microservice.binnacle.dev', {})).toBe(before)
  })
})
