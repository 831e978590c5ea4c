import { expect, it } from 'vitest'
import { fieldErrorText } from '../../src/field-error.ts'
import type { KubeObject } from '../../src/object.ts'
import { validateCreate, validateStatusUpdate, validateUpdate } from '../../src/validation/index.ts'

const kindOf = (kind: string): { group: string; kind: string; namespaced: boolean } => ({
  group: 'resource.k8s.io',
  kind,
  namespaced: kind.startsWith('ResourceClaim'),
})
const metadata = {
  name: 'a',
  namespace: 'n',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '2024-01-01T00:00:00Z',
}
const objectOf = (rest: object): KubeObject => ({ metadata, ...rest })

const sliceOf = (device: object, spec: object = { nodeName: 'n' }): KubeObject => {
  const pool = { name: 'p', generation: 1, resourceSliceCount: 1 }
  return {
    metadata: { ...metadata, namespace: undefined },
    spec: { driver: 'd.example.com', pool, devices: [{ name: 'x', ...device }], ...spec },
  } as unknown as KubeObject
}
const problemsOf = (device: object, spec?: object): string[] =>
  validateCreate(kindOf('ResourceSlice'), sliceOf(device, spec)).map(fieldErrorText)

const request = { name: 'r', exactly: { deviceClassName: 'c', allocationMode: 'ExactCount', count: 1 } }
const spec = { devices: { requests: [request] } }
const result = { request: 'r', driver: 'd', pool: 'p', device: 'x' }
const allocation = { devices: { results: [result] } }

it('lets a shared device say which parts of it may be asked for', () => {
  const capacityOf = (requestPolicy: object): object => ({
    allowMultipleAllocations: true,
    capacity: { memory: { value: '8Gi', requestPolicy } },
  })
  const path = 'spec.devices[0].capacity[memory].requestPolicy'
  expect(problemsOf(capacityOf({ default: '1Gi', validValues: ['1Gi', '2Gi'] }))).toEqual([])
  expect(problemsOf(capacityOf({ default: '1Gi', validRange: { min: '1Gi', max: '8Gi', step: '1Gi' } }))).toEqual([])
  expect(problemsOf(capacityOf({ default: '4Gi', validValues: ['2Gi', '1Gi', '9Gi'] }))).toEqual([
    `${path}.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order`,
    `${path}.validValues[2]: Invalid value: "9Gi": option is larger than capacity value: 8Gi`,
    `${path}.validValues: Invalid value: "4Gi": default value is not valid according to the requestPolicy`,
  ])
  expect(problemsOf(capacityOf({ default: '1Gi', validRange: { min: '2Gi', max: '9Gi', step: '2Gi' } }))).toEqual([
    `${path}.validRange.min: Invalid value: "1Gi": default is less than min: 2Gi`,
    `${path}.validRange.max: Invalid value: "9Gi": max is larger than capacity value: 8Gi`,
    `${path}.validRange.step: Invalid value: "1Gi": value is not a multiple of a given step (2Gi) from (2Gi)`,
    `${path}.validRange.step: Invalid value: "9Gi": value is not a multiple of a given step (2Gi) from (2Gi)`,
  ])
  expect(problemsOf({ ...capacityOf({ default: '1Gi' }), allowMultipleAllocations: false })).toEqual([
    `${path}: Forbidden: allowMultipleAllocations must be true`,
  ])
})

it('wants the place of each device where the slice leaves it to them, and only there', () => {
  const each = { perDeviceNodeSelection: true }
  expect(problemsOf({ nodeName: 'n' }, each)).toEqual([])
  expect(problemsOf({}, each)).toEqual([expect.stringContaining('spec.devices[0]: Required value: exactly one of')])
  expect(problemsOf({ nodeName: 'n', allNodes: true }, each)).toEqual([
    expect.stringContaining('spec.devices[0]: Invalid value: "{`nodeName`, `allNodes`}": exactly one of'),
  ])
  expect(problemsOf({ nodeName: 'n' })).toEqual([
    expect.stringContaining('can only be set if `perDeviceNodeSelection`'),
  ])
})

it('wants binding conditions of both sorts, each once', () => {
  expect(problemsOf({ bindingConditions: ['a'], bindingFailureConditions: ['b'] })).toEqual([])
  expect(problemsOf({ bindingConditions: ['a', 'a'], bindingFailureConditions: ['a'] })).toEqual([
    'spec.devices[0].bindingConditions[1]: Duplicate value: "a"',
    'spec.devices[0].bindingFailureConditions[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions',
  ])
  expect(problemsOf({ bindingConditions: ['a'] })).toEqual([
    'spec.devices[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions',
  ])
})

it('takes fewer devices where they have taints', () => {
  const taint = { key: 'k', effect: 'NoSchedule' }
  const devices = Array.from({ length: 65 }, (_, index) => ({ name: `x${index}`, taints: index === 0 ? [taint] : [] }))
  expect(problemsOf({}, { nodeName: 'n', devices })).toEqual(['spec.devices: Too many: 65: must have at most 64 items'])
})

it('leaves a claim as it is, once it is there and once it is allocated', () => {
  const kind = kindOf('ResourceClaim')
  const old = objectOf({ spec, status: { allocation } })
  const other = objectOf({ spec: { devices: { requests: [{ ...request, name: 'q' }] } }, status: {} })
  expect(validateUpdate(kind, old, old)).toEqual([])
  expect(validateUpdate(kind, other, old).map(({ field }) => field)).toEqual(['spec'])
  const moved = objectOf({ spec, status: { allocation: { devices: { results: [{ ...result, device: 'y' }] } } } })
  expect(validateStatusUpdate(kind, moved, old).map(({ field }) => field)).toEqual(['status.allocation'])
  expect(validateStatusUpdate(kind, objectOf({ spec, status: {} }), old)).toEqual([])
})

it('reserves no claim that is going away for somebody else', () => {
  const consumer = { resource: 'pods', name: 'p', uid: 'u' }
  const going = { ...metadata, deletionTimestamp: '2024-01-02T00:00:00Z', finalizers: ['a.example.com/b'] }
  const claimOf = (reservedFor: object[]): KubeObject =>
    ({ metadata: going, spec, status: { allocation, reservedFor } }) as unknown as KubeObject
  const kind = kindOf('ResourceClaim')
  const old = claimOf([consumer])
  expect(validateStatusUpdate(kind, claimOf([]), old)).toEqual([])
  expect(validateStatusUpdate(kind, claimOf([consumer, { ...consumer, uid: 'v' }]), old).map(fieldErrorText)).toEqual([
    'status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
  ])
})

it.each([
  ['5f0c2c0e-93c4-4d6f-9d3c-0c3d5a1f2b3c', undefined],
  ['5F0C2C0E-93C4-4D6F-9D3C-0C3D5A1F2B3C', 'uid must be in RFC 4122 normalized form'],
  ['x', 'error validating uid: invalid UUID length: 1'],
])('looks at the share %s', (shareID, why) => {
  const old = objectOf({ spec, status: {} })
  const fresh = objectOf({ spec, status: { allocation: { devices: { results: [{ ...result, shareID }] } } } })
  const found = validateStatusUpdate(kindOf('ResourceClaim'), fresh, old).map(fieldErrorText)
  expect(found).toEqual(why === undefined ? [] : [expect.stringContaining(why)])
})
