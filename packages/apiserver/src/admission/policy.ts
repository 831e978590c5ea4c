// What validating and mutating admission policies share: which of them a request meets, the parameters, and the
// variables of their expressions. Upstream: k8s.io/apiserver pkg/admission/plugin/policy/generic, pkg/admission/plugin/cel.

import {
  type CustomResourceDefinition,
  type KubeObject,
  type MatchResources,
  type ObjectMeta,
  apiVersionOf,
  builtinResources,
  labelSelectorMatches,
} from '@binnacle/api'
import type { AdmissionRequest } from '../admission.ts'
import { type Program, compile, totalLimit } from '../cel/environment.ts'
import { Budget, toCel } from '../cel/values.ts'
import { definitionsKey } from '../custom/definition-strategy.ts'
import type { Reader } from '../strategy.ts'
import { matchesResources } from './rule-matching.ts'

export const registrationGroup = 'admissionregistration.k8s.io'

export interface PolicySpec {
  paramKind?: { apiVersion?: string | undefined; kind?: string | undefined } | undefined
  matchConstraints?: MatchResources | undefined
  variables?: readonly { name: string; expression: string }[] | undefined
  failurePolicy?: string | undefined
  matchConditions?: readonly { name: string; expression: string }[] | undefined
}

export interface BindingSpec {
  policyName?: string | undefined
  paramRef?:
    | {
        name?: string | undefined
        namespace?: string | undefined
        selector?: Parameters<typeof labelSelectorMatches>[0]
        parameterNotFoundAction?: string | undefined
      }
    | undefined
  matchResources?: MatchResources | undefined
}

interface Configured<Spec> {
  metadata: ObjectMeta
  spec?: Spec | undefined
}

/** A policy that a binding puts in force for the request. */
export interface Hit<Policy, Binding> {
  policy: Policy
  binding: Binding
  request: AdmissionRequest
  reader: Reader
}

/** Nothing judges what configures admission: a wrong configuration could not be taken back. */
export function isExempt({ resource }: AdmissionRequest): boolean {
  return resource.group === registrationGroup
}

export function* hits<Policy extends Configured<PolicySpec>, Binding extends Configured<BindingSpec>>(
  kind: 'validating' | 'mutating',
  request: AdmissionRequest,
  reader: Reader,
): Generator<Hit<Policy, Binding>> {
  if (isExempt(request)) return
  for (const binding of reader.list<Binding>(`${kind}admissionpolicybindings.${registrationGroup}`)) {
    const policy = reader.get<Policy>(
      `${kind}admissionpolicies.${registrationGroup}`,
      undefined,
      binding.spec?.policyName ?? '',
    )
    if (policy?.spec === undefined || !matchesResources(policy.spec.matchConstraints, request, reader)) continue
    if (matchesResources(binding.spec?.matchResources, request, reader)) yield { policy, binding, request, reader }
  }
}

/** Names that expressions of a policy may use. */
export function policyVariables(spec: Pick<PolicySpec, 'paramKind'>): readonly string[] {
  return [
    'object',
    'oldObject',
    'request',
    'namespaceObject',
    'variables',
    ...(spec.paramKind == null ? [] : ['params']),
  ]
}

/** Evaluates the expressions of one policy on one request, all at the expense of one budget. */
export class PolicyRun {
  readonly #spec: PolicySpec
  readonly #names: readonly string[]
  readonly #values: Record<string, unknown>
  readonly #budget = new Budget(totalLimit)

  constructor({ policy, request, reader }: Hit<Configured<PolicySpec>, unknown>, params: KubeObject | undefined) {
    this.#spec = policy.spec ?? {}
    this.#names = policyVariables(this.#spec)
    this.#values = { ...requestVariables(request, reader), params: toCel(params ?? null), variables: this.#variables() }
  }

  evaluate(expression: string): unknown {
    return this.#program(expression)(this.#values, this.#budget)
  }

  /** A condition that is false decides, even where another one fails. Throws what the first one that fails throws. */
  meetsConditions(): boolean {
    let failed: { error: unknown } | undefined
    for (const { expression } of this.#spec.matchConditions ?? []) {
      try {
        if (this.evaluate(expression) !== true) return false
      } catch (error) {
        failed ??= { error }
      }
    }
    if (failed !== undefined) throw failed.error
    return true
  }

  #program(expression: string): Program {
    return compile(expression, this.#names)
  }

  /** Each is worked out on first use, and may use those before it. */
  #variables(): Record<string, unknown> {
    const values: Record<string, unknown> = {}
    for (const { name, expression } of this.#spec.variables ?? []) {
      let known: { value: unknown } | undefined
      Object.defineProperty(values, name, {
        enumerable: true,
        get: () => (known ??= { value: this.evaluate(expression) }).value,
      })
    }
    return values
  }
}

export function requestVariables(request: AdmissionRequest, reader: Reader): Record<string, unknown> {
  const { operation, resource, subresource = '', namespace = '', name, user, dryRun, object, oldObject } = request
  const kind = { group: resource.group, version: resource.version, kind: resource.kind }
  const path = { group: resource.group, version: resource.version, resource: resource.resource }
  const isNamespace = resource.storageKey === 'namespaces'
  return {
    object: toCel(object ?? null),
    oldObject: toCel(oldObject ?? null),
    namespaceObject: toCel(
      namespace === '' || isNamespace ? null : (reader.get('namespaces', undefined, namespace) ?? null),
    ),
    request: {
      operation,
      kind,
      resource: path,
      subResource: subresource,
      requestKind: kind,
      requestResource: path,
      requestSubResource: subresource,
      name: name || object?.metadata.name || '',
      namespace,
      userInfo: { username: user.username, groups: [...user.groups], uid: user.uid ?? '', extra: user.extra ?? {} },
      dryRun,
      options: toCel(request.options),
    },
  }
}

/** The parameters to run with: one run for each. Undefined stands for none. Throws where there should be some. */
export function paramsOf({
  policy,
  binding,
  request,
  reader,
}: Hit<Configured<PolicySpec>, Configured<BindingSpec>>): (KubeObject | undefined)[] {
  const kind = policy.spec?.paramKind
  const reference = binding.spec?.paramRef
  if (kind == null || reference == null) return [undefined]
  const resource = resourceOfKind(reader, kind.apiVersion ?? '', kind.kind ?? '')
  if (resource === undefined)
    throw new Error(`failed to find resource referenced by paramKind: '${kind.apiVersion}, Kind=${kind.kind}'`)
  if (!resource.namespaced && reference.namespace)
    throw new Error(`cannot use namespaced paramRef in policy binding that matches cluster-scoped resources`)
  const namespace = resource.namespaced ? reference.namespace || request.namespace : undefined
  if (resource.namespaced && !namespace)
    throw new Error(`cannot use namespaced paramRef in policy binding that matches cluster-scoped resources`)
  const found = reference.name
    ? [reader.get(resource.storageKey, namespace, reference.name)].filter((object) => object !== undefined)
    : reader
        .list(resource.storageKey, namespace)
        .filter(({ metadata }) => labelSelectorMatches(reference.selector, metadata.labels))
  if (found.length > 0) return [...found]
  if (reference.parameterNotFoundAction === 'Allow') return []
  throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction')
}

function resourceOfKind(
  reader: Reader,
  apiVersion: string,
  kind: string,
): { storageKey: string; namespaced: boolean } | undefined {
  const builtin = builtinResources().find((row) => row.kind === kind && apiVersionOf(row) === apiVersion)
  if (builtin !== undefined) return builtin
  const [group = '', version = ''] = apiVersion.split('/')
  const definition = reader
    .list<CustomResourceDefinition>(definitionsKey)
    .find(
      ({ spec }) =>
        spec.group === group && spec.names.kind === kind && spec.versions.some(({ name }) => name === version),
    )
  return (
    definition && {
      storageKey: `${definition.spec.names.plural}.${group}`,
      namespaced: definition.spec.scope === 'Namespaced',
    }
  )
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
