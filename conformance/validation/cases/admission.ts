// admissionregistration.k8s.io: webhooks and policies.

import { type Case, type Fields, casesOf } from '../case.ts'

const apiVersion = 'admissionregistration.k8s.io/v1'
const rule = { operations: ['CREATE'], apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['nothings'] }
const hook = {
  name: 'a.example.com',
  clientConfig: { url: 'https://example.com/x' },
  rules: [rule],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}
const withHook = (more: Fields): Fields => ({ webhooks: [{ ...hook, ...more }] })

const webhooks = ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'].flatMap((kind) =>
  casesOf({ apiVersion, kind, resource: `${kind.toLowerCase()}s`, cluster: true, base: { webhooks: [hook] } }, [
    ['an empty webhook', 'create', { webhooks: [{}] }],
    ['a name of one segment', 'create', withHook({ name: 'x' })],
    ['two of one name', 'create', { webhooks: [hook, hook] }],
    [
      'bad words',
      'create',
      withHook({
        sideEffects: 'x',
        failurePolicy: 'y',
        matchPolicy: 'z',
        timeoutSeconds: 31,
        reinvocationPolicy: 'q',
        admissionReviewVersions: ['v2', 'V_1', 'v2'],
      }),
    ],
    ['side effects', 'create', withHook({ sideEffects: 'Some' })],
    ['no versions', 'create', withHook({ admissionReviewVersions: [] })],
    [
      'bad rules',
      'create',
      withHook({
        rules: [
          {},
          {
            ...rule,
            operations: ['x', '*'],
            apiGroups: ['*', 'a'],
            apiVersions: ['', '*'],
            resources: ['*', 'a', 'a/b/c', '*/*'],
            scope: 'x',
          },
        ],
      }),
    ],
    ['no client', 'create', withHook({ clientConfig: {} })],
    [
      'two clients',
      'create',
      withHook({
        clientConfig: { url: 'http://u:p@x/?a=b#c', service: { name: '', namespace: '', port: 0, path: 'x//y' } },
      }),
    ],
    [
      'a bad service',
      'create',
      withHook({ clientConfig: { service: { name: '', namespace: '', port: 70000, path: '/a//b c' } } }),
    ],
    [
      'bad selectors',
      'create',
      withHook({
        namespaceSelector: { matchLabels: { 'a b': 'c' } },
        objectSelector: { matchExpressions: [{ key: 'k', operator: 'x' }] },
      }),
    ],
    [
      'bad conditions',
      'create',
      withHook({
        matchConditions: [
          { name: '', expression: '' },
          { name: 'a b', expression: 'x +' },
          { name: 'c', expression: '1' },
          { name: 'c', expression: 'true' },
        ],
      }),
    ],
    ['no versions', 'update', withHook({ admissionReviewVersions: ['v2'] })],
    ['a bad timeout', 'update', withHook({ timeoutSeconds: 0 })],
  ]),
)

const policy = {
  matchConstraints: { resourceRules: [rule] },
  validations: [{ expression: 'true' }],
}

const policies = casesOf(
  {
    apiVersion,
    kind: 'ValidatingAdmissionPolicy',
    resource: 'validatingadmissionpolicies',
    cluster: true,
    base: { spec: policy },
  },
  [
    ['nothing', 'create', { spec: null }],
    ['no constraints and no validations', 'create', { spec: { matchConstraints: null, validations: null } }],
    [
      'bad validations',
      'create',
      {
        spec: {
          validations: [
            {},
            { expression: ' ' },
            { expression: 'x +' },
            { expression: 'object.x', reason: 'Because' },
            { expression: 'true', message: 'a\nb', messageExpression: '1' },
            { expression: '1' },
          ],
        },
      },
    ],
    [
      'bad words',
      'create',
      {
        spec: {
          failurePolicy: 'x',
          paramKind: { apiVersion: 'a/b/c', kind: '' },
          matchConstraints: {
            matchPolicy: 'x',
            resourceRules: [{ ...rule, resourceNames: ['a', 'a', 'b/c'], operations: ['CONNECT', 'x'] }],
          },
        },
      },
    ],
    [
      'bad conditions and variables',
      'create',
      {
        spec: {
          matchConditions: [{ name: 'a b', expression: 'x +' }],
          variables: [
            { name: '', expression: '' },
            { name: 'a', expression: '1' },
            { name: 'a', expression: '2' },
            { name: 'b c', expression: 'variables.z' },
          ],
        },
      },
    ],
    [
      'bad annotations',
      'create',
      {
        spec: {
          auditAnnotations: [
            { key: '', valueExpression: '' },
            { key: 'a b', valueExpression: 'x +' },
            { key: 'k', valueExpression: '1' },
            { key: 'k', valueExpression: '"x"' },
          ],
        },
      },
    ],
    ['bad validations', 'update', { spec: { validations: [{}] } }],
    [
      'a bad status',
      'status',
      { status: { observedGeneration: -1, conditions: [{ type: '', status: 'x', reason: '', message: '' }] } },
    ],
  ],
)

const bindings = casesOf(
  {
    apiVersion,
    kind: 'ValidatingAdmissionPolicyBinding',
    resource: 'validatingadmissionpolicybindings',
    cluster: true,
    base: { spec: { policyName: 'nothing', validationActions: ['Audit'] } },
  },
  [
    ['nothing', 'create', { spec: null }],
    [
      'bad words',
      'create',
      {
        spec: {
          policyName: 'A/b',
          validationActions: ['x', 'Deny', 'Warn', 'Deny'],
          paramRef: { name: 'a', selector: {}, parameterNotFoundAction: 'x', namespace: 'A_b' },
        },
      },
    ],
    ['no parameters', 'create', { spec: { paramRef: {} } }],
    ['no actions', 'create', { spec: { policyName: '', validationActions: [] } }],
    [
      'bad resources',
      'create',
      {
        spec: {
          matchResources: { resourceRules: [{}], matchPolicy: 'x', namespaceSelector: { matchLabels: { 'a b': 'c' } } },
        },
      },
    ],
    ['no actions', 'update', { spec: { validationActions: null } }],
  ],
)

export const admissionCases: readonly Case[] = [...webhooks, ...policies, ...bindings]
