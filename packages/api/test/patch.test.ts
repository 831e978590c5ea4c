// The patches other than apply, and strict decoding.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deepFreeze } from '../src/clone.ts'
import { decodeError, decodeStrict, prune } from '../src/decode.ts'
import { StatusError } from '../src/errors.ts'
import { applyJsonPatch } from '../src/patch/json-patch.ts'
import { applyMergePatch } from '../src/patch/merge-patch.ts'
import { applyStrategicMergePatch } from '../src/patch/strategic-merge.ts'
import { namedSchema } from '../src/schema.ts'

const podSpec = namedSchema('io.k8s.api.core.v1.PodSpec')
const deployment = namedSchema('io.k8s.api.apps.v1.Deployment')
const meta = namedSchema('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')

function refusal(run: () => unknown): StatusError {
  try {
    run()
  } catch (error) {
    if (error instanceof StatusError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('a JSON patch', () => {
  it('is applied to a copy', () => {
    const document = deepFreeze({ a: [1, 2], b: { c: 1 } })
    const patch = [
      { op: 'test', path: '/b/c', value: 1 },
      { op: 'add', path: '/a/-', value: 3 },
      { op: 'remove', path: '/b/c' },
    ]
    expect(applyJsonPatch(document, patch)).toEqual({ a: [1, 2, 3], b: {} })
  })

  it.each([
    [[{ op: 'test', path: '/a', value: 2 }]],
    [[{ op: 'remove', path: '/b' }]],
    [[{ op: 'replace', path: '/b/c', value: 1 }]],
    [[{ op: 'increase', path: '/a' }]],
  ])('that cannot be applied is answered with 422: %j', (patch) => {
    expect(refusal(() => applyJsonPatch({ a: 1 }, patch)).status).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: 'the server rejected our request due to an error in our request',
    })
  })

  it('that is no list is answered with 400', () => {
    expect(refusal(() => applyJsonPatch({}, { op: 'add' })).code).toBe(400)
  })
})

describe('a merge patch', () => {
  it('removes by null and replaces lists', () => {
    const document = deepFreeze({ a: 1, b: { c: 1, d: 2 }, e: [1] })
    expect(applyMergePatch(document, { a: null, b: { c: 3, x: null }, e: [2] })).toEqual({ b: { c: 3, d: 2 }, e: [2] })
  })

  it('applied twice is applied once', () => {
    const json = fc.dictionary(
      fc.constantFrom('a', 'b', '__proto__'),
      fc.oneof(fc.integer(), fc.constant(null), fc.dictionary(fc.constantFrom('x', 'y'), fc.integer())),
    )
    fc.assert(
      fc.property(json, json, (document, patch) => {
        const once = applyMergePatch(document, patch)
        expect(applyMergePatch(once, patch)).toEqual(once)
      }),
    )
  })
})

describe('a strategic merge patch', () => {
  const spec = deepFreeze({
    containers: [
      { name: 'a', image: 'one', env: [{ name: 'X', value: '1' }] },
      { name: 'b', image: 'two' },
    ],
    tolerations: [{ key: 'x' }],
    volumes: [{ name: 'v', emptyDir: {} }],
  })

  it('merges lists by their key and replaces those without a strategy', () => {
    const patch = {
      containers: [
        { name: 'a', env: [{ name: 'Y', value: '2' }] },
        { name: 'c', image: 'three' },
      ],
      tolerations: [{ key: 'y' }],
    }
    expect(applyStrategicMergePatch(podSpec, spec, patch)).toMatchObject({
      containers: [
        { name: 'a', image: 'one', env: [{ name: 'X' }, { name: 'Y' }] },
        { name: 'b' },
        { name: 'c', image: 'three' },
      ],
      tolerations: [{ key: 'y' }],
    })
  })

  it('knows $patch delete and replace', () => {
    expect(applyStrategicMergePatch(podSpec, spec, { containers: [{ name: 'a', $patch: 'delete' }] })).toMatchObject({
      containers: [{ name: 'b' }],
    })
    const replaced = applyStrategicMergePatch(podSpec, spec, { containers: [{ $patch: 'replace' }, { name: 'z' }] })
    expect(replaced.containers).toEqual([{ name: 'z' }])
    expect(
      applyStrategicMergePatch(
        podSpec,
        { securityContext: { runAsUser: 1 } },
        { securityContext: { $patch: 'replace', runAsGroup: 2 } },
      ),
    ).toEqual({
      securityContext: { runAsGroup: 2 },
    })
  })

  it('knows $retainKeys', () => {
    const patch = { volumes: [{ $retainKeys: ['name', 'configMap'], name: 'v', configMap: { name: 'c' } }] }
    expect(applyStrategicMergePatch(podSpec, spec, patch).volumes).toEqual([{ name: 'v', configMap: { name: 'c' } }])
  })

  it('knows $setElementOrder', () => {
    const patch = {
      '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }],
      containers: [{ name: 'c', image: 'x' }],
    }
    const { containers } = applyStrategicMergePatch(podSpec, spec, patch)
    expect(containers.map(({ name }) => name)).toEqual(['c', 'a', 'b'])
  })

  it('knows $deleteFromPrimitiveList', () => {
    const patch = {
      '$deleteFromPrimitiveList/finalizers': ['a'],
      '$setElementOrder/finalizers': ['c', 'b'],
      finalizers: ['c'],
    }
    expect(applyStrategicMergePatch(meta, { finalizers: ['a', 'b'] }, patch)).toEqual({ finalizers: ['c', 'b'] })
  })

  it('refuses with the texts of upstream', () => {
    const noKey = refusal(() => applyStrategicMergePatch(podSpec, spec, { containers: [{ image: 'x' }] }))
    expect(noKey.message).toBe('map: map[image:x] does not contain declared merge key: name')
    const unknown = refusal(() => applyStrategicMergePatch(podSpec, spec, { containers: [{ name: 'a', $patch: 'x' }] }))
    expect(unknown.message).toBe('unknown patch type: x in map: map[$patch:x name:a]')
  })
})

describe('strict decoding', () => {
  it('finds unknown fields with their paths, and fields that are there twice', () => {
    const text =
      '{"spec":{"foo":1,"template":{"spec":{"containers":[{"name":"a","imagee":"x","name":"b"}]}}},"spec":{}}'
    const value: unknown = {
      spec: { foo: 1, template: { spec: { containers: [{ name: 'a', imagee: 'x' }] } } },
    }
    expect(decodeStrict(deployment, value, text)).toEqual({
      unknown: ['unknown field "spec.foo"', 'unknown field "spec.template.spec.containers[0].imagee"'],
      duplicate: ['duplicate field "spec.template.spec.containers[0].name"', 'duplicate field "spec"'],
    })
    expect(prune(deployment, value)).toEqual({ spec: { template: { spec: { containers: [{ name: 'a' }] } } } })
  })

  it('says which value has the wrong type', () => {
    expect(decodeError(deployment, { spec: { replicas: 'x' } })).toBe(
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    )
    expect(decodeError(deployment, { spec: { replicas: 3, selector: null } })).toBeUndefined()
  })
})
