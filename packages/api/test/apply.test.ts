// Ownership of fields as upstream's field manager records it; expectations are what a 1.36 API server answers.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deepFreeze } from '../src/clone.ts'
import { StatusError } from '../src/errors.ts'
import type { KubeObject, ManagedFieldsEntry, Unstructured } from '../src/object.ts'
import { applyServerSide, updateManagedFields, type Applied } from '../src/patch/apply.ts'
import { FieldSet, fieldSetOf } from '../src/patch/field-set.ts'
import { merge, toFieldSet } from '../src/patch/typed.ts'
import { namedSchema } from '../src/schema.ts'

const configMap = namedSchema('io.k8s.api.core.v1.ConfigMap')
const deployment = namedSchema('io.k8s.api.apps.v1.Deployment')
const service = namedSchema('io.k8s.api.core.v1.Service')
const time = '2026-01-01T00:00:00Z'
const later = '2026-01-01T00:00:05Z'

function configMapWith(data: Record<string, string>, extra: Partial<KubeObject['metadata']> = {}): Unstructured {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default', ...extra }, data }
}

interface ApplySpec {
  live?: KubeObject
  manager?: string
  force?: boolean
}

function applyConfig(applied: KubeObject, { live, manager = 'one', force = false }: ApplySpec = {}): Applied {
  const schema = applied.kind === 'ConfigMap' ? configMap : applied.kind === 'Service' ? service : deployment
  const at = live === undefined ? time : later
  return applyServerSide({ schema, live, applied, manager, force, apiVersion: applied.apiVersion ?? '', time: at })
}

/** What the server would keep after an apply. */
function stored({ object, managedFields }: Applied): Unstructured {
  return deepFreeze({ ...object, metadata: { ...object.metadata, uid: 'u', managedFields } }) as Unstructured
}

function refusal(run: () => unknown): StatusError {
  try {
    run()
  } catch (error) {
    if (error instanceof StatusError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('updateManagedFields', () => {
  it('gives all fields of a new object to its creator, without those that identify it', () => {
    const entries = updateManagedFields({
      schema: configMap,
      new: configMapWith({ a: '1' }, { labels: { app: 'x' } }),
      manager: 'kubectl-create',
      apiVersion: 'v1',
      time,
    })
    expect(entries).toEqual([
      {
        manager: 'kubectl-create',
        operation: 'Update',
        apiVersion: 'v1',
        time,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:data': { '.': {}, 'f:a': {} },
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
        },
      },
    ])
  })

  it('knows list maps with default keys, atomic selectors and structs that are always there', () => {
    const object: Unstructured = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'web', image: 'i', ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
        },
      },
    }
    const [entry] =
      updateManagedFields({ schema: deployment, new: object, manager: 'm', apiVersion: 'apps/v1', time }) ?? []
    expect(entry?.fieldsV1).toEqual({
      'f:spec': {
        'f:replicas': {},
        'f:selector': {},
        'f:template': {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': {
            'f:containers': {
              'k:{"name":"web"}': {
                '.': {},
                'f:image': {},
                'f:name': {},
                'f:ports': {
                  '.': {},
                  'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
                },
              },
            },
          },
        },
      },
    })
  })

  it('takes changed fields from others and keeps the time of an update that changes nothing', () => {
    const first = configMapWith({ a: '1', b: '1' })
    const one = updateManagedFields({ schema: configMap, new: first, manager: 'one', apiVersion: 'v1', time })
    const old = configMapWith({ a: '1', b: '1' }, { uid: 'u', managedFields: one })
    const same = updateManagedFields({
      schema: configMap,
      old,
      new: old,
      manager: 'two',
      apiVersion: 'v1',
      time: later,
    })
    expect(same).toEqual(one)
    const two = updateManagedFields({
      schema: configMap,
      old,
      new: configMapWith({ a: '1', b: '2' }, { uid: 'u', managedFields: one }),
      manager: 'two',
      apiVersion: 'v1',
      time: later,
    })
    expect(two?.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
      ['one', { 'f:data': { '.': {}, 'f:a': {} } }],
      ['two', { 'f:data': { 'f:b': {} } }],
    ])
  })

  it('forgets everything when the client sends one empty entry, and does not start again by itself', () => {
    const managed: ManagedFieldsEntry[] | undefined = updateManagedFields({
      schema: configMap,
      new: configMapWith({ a: '1' }),
      manager: 'one',
      apiVersion: 'v1',
      time,
    })
    const old = configMapWith({ a: '1' }, { uid: 'u', managedFields: managed })
    const reset = configMapWith({ a: '2' }, { uid: 'u', managedFields: [{}] })
    const options = { schema: configMap, manager: 'two', apiVersion: 'v1', time: later }
    expect(updateManagedFields({ ...options, old, new: reset })).toBeUndefined()
    const untracked = configMapWith({ a: '2' }, { uid: 'u' })
    expect(
      updateManagedFields({ ...options, old: untracked, new: configMapWith({ a: '3' }, { uid: 'u' }) }),
    ).toBeUndefined()
  })

  it('leaves what the strategy resets to nobody, and keeps a sub-resource apart', () => {
    const object: Unstructured = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { type: 'ClusterIP' },
    }
    const withStatus: Unstructured = { ...object, status: { loadBalancer: { ingress: [{ ip: '127.0.0.1' }] } } }
    const main = updateManagedFields({
      schema: service,
      new: withStatus,
      manager: 'm',
      apiVersion: 'v1',
      time,
      resetFields: [['status']],
    })
    expect(main?.map(({ fieldsV1 }) => fieldsV1)).toEqual([{ 'f:spec': { 'f:type': {} } }])
    const old = { ...object, metadata: { ...object.metadata, uid: 'u', managedFields: main } }
    const status = updateManagedFields({
      schema: service,
      old,
      new: { ...withStatus, metadata: old.metadata },
      manager: 'm',
      apiVersion: 'v1',
      time: later,
      subresource: 'status',
    })
    expect(status?.[1]).toMatchObject({
      subresource: 'status',
      fieldsV1: { 'f:status': { 'f:loadBalancer': { 'f:ingress': {} } } },
    })
  })

  it('unites the oldest updates when there are more than ten', () => {
    let object = configMapWith({ k: '0' })
    for (let index = 0; index < 12; index++) {
      const next = configMapWith({ ...(object['data'] as Record<string, string>), [`k${index}`]: 'v' }, object.metadata)
      const managedFields = updateManagedFields({
        schema: configMap,
        old: index === 0 ? undefined : object,
        new: next,
        manager: `m${index}`,
        apiVersion: 'v1',
        time: `2026-01-01T00:00:${String(index).padStart(2, '0')}Z`,
      })
      object = { ...next, metadata: { ...next.metadata, uid: 'u', managedFields } }
    }
    const managers = object.metadata.managedFields?.map(({ manager }) => manager)
    expect(managers?.length).toBe(10)
    expect(managers?.[0]).toBe('ancient-changes')
  })
})

describe('server-side apply', () => {
  it('creates, with the fields of the configuration as those of the manager', () => {
    const { object, managedFields } = applyConfig(configMapWith({ a: '1' }))
    expect(object).toMatchObject({ data: { a: '1' } })
    expect(managedFields).toMatchObject([
      { manager: 'one', operation: 'Apply', apiVersion: 'v1', time, fieldsV1: { 'f:data': { 'f:a': {} } } },
    ])
  })

  it('removes what is no longer applied and nobody else owns', () => {
    const first = stored(applyConfig(configMapWith({ a: '1', b: '1' })))
    const second = stored(applyConfig(configMapWith({ b: '1', c: '1' }), { live: first, manager: 'two' }))
    const third = applyConfig(configMapWith({}), { live: second, manager: 'one' })
    expect(third.object['data' as keyof KubeObject]).toEqual({ b: '1', c: '1' })
  })

  it('does not move the time when nothing changed', () => {
    const first = stored(applyConfig(configMapWith({ a: '1' })))
    const again = applyConfig(configMapWith({ a: '1' }), { live: first })
    expect(again.unchanged).toBe(true)
    expect(again.managedFields).toEqual(first.metadata.managedFields)
  })

  it('refuses to change the field of another, and takes it by force', () => {
    const first = stored(applyConfig(configMapWith({ a: '1', b: '1' })))
    const error = refusal(() => applyConfig(configMapWith({ a: '2' }), { live: first, manager: 'two' }))
    expect(error.status).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .data.a',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' }] },
    })
    const several = refusal(() => applyConfig(configMapWith({ a: '2', b: '2' }), { live: first, manager: 'two' }))
    expect(several.message).toBe('Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b')
    const forced = applyConfig(configMapWith({ a: '2' }), { live: first, manager: 'two', force: true })
    expect(forced.managedFields?.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
      ['one', { 'f:data': { 'f:b': {} } }],
      ['two', { 'f:data': { 'f:a': {} } }],
    ])
  })

  it('names the version of a conflicting update, and not its time, as upstream', () => {
    const managedFields = updateManagedFields({
      schema: configMap,
      new: configMapWith({ a: '1' }),
      manager: 'kubectl-edit',
      apiVersion: 'v1',
      time,
    })
    const live = configMapWith({ a: '1' }, { uid: 'u', managedFields })
    const error = refusal(() => applyConfig(configMapWith({ a: '2' }), { live }))
    expect(error.message).toBe('Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.a')
  })

  it('merges service ports whose protocol is left to its default', () => {
    const web: Unstructured = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }] },
    }
    const live = stored(applyConfig(web, { manager: 'other' }))
    const applied: Unstructured = { ...web, spec: { ports: [{ port: 80, name: 'http' }] } }
    const { object } = applyConfig(applied, { live })
    expect((object as Unstructured)['spec']).toEqual({
      ports: [{ port: 80, protocol: 'TCP', targetPort: 8080, name: 'http' }],
    })
  })

  it('takes over what kubectl applied on the client side', () => {
    const applied = configMapWith({ a: '1' })
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) }
    const created = configMapWith({ a: '1' }, { annotations })
    const managedFields = updateManagedFields({
      schema: configMap,
      new: created,
      manager: 'kubectl-client-side-apply',
      apiVersion: 'v1',
      time,
    })
    const live = configMapWith({ a: '1' }, { uid: 'u', annotations, managedFields })
    const next = applyConfig(configMapWith({ a: '2' }), { live, manager: 'kubectl' })
    expect((next.object as Unstructured)['data']).toEqual({ a: '2' })
    expect(next.object.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration']).toContain('"a":"2"')
    expect(refusal(() => applyConfig(configMapWith({ a: '2' }), { live, manager: 'helm' })).code).toBe(409)
  })

  it('refuses unknown fields, duplicate items, other versions and managedFields', () => {
    const unknown = refusal(() => applyConfig({ ...configMapWith({}), spec: {} } as KubeObject))
    expect(unknown.status).toMatchObject({
      code: 500,
      message:
        'failed to create typed patch object (default/a; /v1, Kind=ConfigMap): .spec: field not declared in schema',
    })
    const ports = [{ port: 80 }, { port: 80, protocol: 'TCP' }]
    const doubled: Unstructured = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports } }
    expect(refusal(() => applyConfig(doubled)).message).toContain('duplicate entries for key [port=80,protocol="TCP"]')
    expect(refusal(() => applyConfig(configMapWith({}, { managedFields: [] }))).message).toBe(
      'metadata.managedFields must be nil',
    )
  })
})

const tree = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.oneof(fc.string(), fc.dictionary(fc.constantFrom('x', 'y'), fc.string())),
)
const custom = {
  type: 'object',
  fields: new Map(),
  atomic: false,
  preserveUnknown: true,
} as const

describe('for any object', () => {
  it('a set of fields survives its JSON form', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const set = toFieldSet(custom, value)
        expect(fieldSetOf(set.toJSON()).equals(set)).toBe(true)
      }),
    )
  })

  it('sets obey the laws of sets', () => {
    fc.assert(
      fc.property(tree, tree, (left, right) => {
        const [a, b] = [toFieldSet(custom, left), toFieldSet(custom, right)]
        expect(a.difference(b).union(a.intersection(b)).equals(a)).toBe(true)
        expect(a.union(b).difference(b).equals(a.difference(b))).toBe(true)
        expect(FieldSet.of().union(a).equals(a)).toBe(true)
      }),
    )
  })

  it('applying twice is applying once, and merging with itself changes nothing', () => {
    fc.assert(
      fc.property(tree, tree, (left, right) => {
        const once = merge(custom, left, right)
        expect(merge(custom, once, right)).toEqual(once)
        expect(merge(custom, left, left)).toEqual(left)
      }),
    )
  })
})
