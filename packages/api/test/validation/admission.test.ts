import { expect, it } from 'vitest'
import { fieldErrorText } from '../../src/field-error.ts'
import type { KubeObject } from '../../src/object.ts'
import type { CompileExpression } from '../../src/validation/expressions.ts'
import { validateCreate, validateUpdate } from '../../src/validation/index.ts'

const group = 'admissionregistration.k8s.io'
const kindOf = (kind: string): { group: string; kind: string; namespaced: boolean } => ({
  group,
  kind,
  namespaced: false,
})
const metadata = { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '2024-01-01T00:00:00Z' }

const hook = {
  name: 'a.example.com',
  clientConfig: { url: 'https://example.com' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}
const configuration = (more: object): KubeObject =>
  ({ metadata, webhooks: [{ ...hook, ...more }] }) as unknown as KubeObject

const matchConstraints = {
  matchPolicy: 'Exact',
  namespaceSelector: {},
  objectSelector: {},
  resourceRules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
}
const policy = (spec: object): KubeObject =>
  ({ metadata, spec: { failurePolicy: 'Fail', matchConstraints, ...spec } }) as unknown as KubeObject

it('lets an old webhook keep what is refused of a new one', () => {
  const kind = kindOf('ValidatingWebhookConfiguration')
  const old = configuration({ sideEffects: 'Some', admissionReviewVersions: ['v2'] })
  expect(validateCreate(kind, old).map(({ field }) => field)).toEqual([
    'webhooks[0].sideEffects',
    'webhooks[0].admissionReviewVersions',
  ])
  expect(validateUpdate(kind, old, old)).toEqual([])
})

it('does not compile conditions again that are as they were', () => {
  const kind = kindOf('MutatingWebhookConfiguration')
  const compile: CompileExpression = () => ({ problem: 'no' })
  const old = configuration({ matchConditions: [{ name: 'a', expression: 'b' }] })
  expect(validateCreate(kind, old, compile).map(fieldErrorText)).toEqual([
    'webhooks[0].matchConditions[0].expression: Invalid value: "b": compilation failed: no',
  ])
  expect(validateUpdate(kind, old, old, { compile })).toEqual([])
})

it('lets each variable of a policy use those before it', () => {
  const seen: string[] = []
  const compile: CompileExpression = (expression, { variables }) => {
    seen.push(`${expression}: ${JSON.stringify(variables)}`)
    return { type: expression === 'c' ? 'bool' : 'int' }
  }
  const variables = [
    { name: 'a', expression: '1' },
    { name: 'b', expression: '2' },
  ]
  const errors = validateCreate(
    kindOf('ValidatingAdmissionPolicy'),
    policy({ variables, validations: [{ expression: 'c' }] }),
    compile,
  )
  expect(errors).toEqual([])
  expect(seen).toEqual(['1: {"fields":{}}', '2: {"fields":{"a":"int"}}', 'c: {"fields":{"a":"int","b":"int"}}'])
})
