// MutatingAdmissionPolicy: CEL expressions that make a patch of the object, which a binding puts in force.
// Upstream: k8s.io/apiserver pkg/admission/plugin/policy/mutating.

import {
  type KubeObject,
  type MutatingAdmissionPolicy,
  type MutatingAdmissionPolicyBinding,
  StatusError,
  applyJsonPatch,
  cloneJson,
  deepEqual,
  failure,
  groupResourceString,
  mergeTyped,
} from '@binnacle/api'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import { Message, fromCel } from '../cel/values.ts'
import { type Hit, PolicyRun, hits, paramsOf, textOf } from './policy.ts'
import { replaceDraft } from './replace-draft.ts'

type MutatingHit = Hit<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>

export const mutatingAdmissionPolicy: AdmissionPlugin = {
  name: 'MutatingAdmissionPolicy',

  admit(request, reader) {
    const { object } = request
    if (object === undefined) return
    const before = new Map<string, KubeObject>()
    for (const hit of hits<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>('mutating', request, reader)) {
      mutate(hit, object)
      before.set(hit.binding.metadata.name ?? '', cloneJson(object))
    }
    // Those that ask for it see once more what others changed after them.
    for (const hit of hits<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>('mutating', request, reader)) {
      const seen = before.get(hit.binding.metadata.name ?? '')
      if (hit.policy.spec?.reinvocationPolicy === 'IfNeeded' && !deepEqual(seen, object)) mutate(hit, object)
    }
  },
}

function mutate(hit: MutatingHit, object: KubeObject): void {
  const isFailing = hit.policy.spec?.failurePolicy !== 'Ignore'
  const guarded = (step: () => void): void => {
    try {
      step()
    } catch (error) {
      if (error instanceof StatusError) throw error
      if (isFailing) throw denied(hit, textOf(error))
    }
  }
  guarded(() => {
    for (const params of paramsOf(hit)) {
      if (!new PolicyRun(hit, params).meetsConditions()) continue
      for (const mutation of hit.policy.spec?.mutations ?? []) {
        // Each one sees what those before it made.
        guarded(() =>
          replaceDraft(hit.request, object, patched(new PolicyRun(hit, params), mutation, hit.request, object)),
        )
      }
    }
  })
}

type Mutation = NonNullable<NonNullable<MutatingAdmissionPolicy['spec']>['mutations']>[number]

function patched(
  run: PolicyRun,
  { patchType, applyConfiguration, jsonPatch }: Mutation,
  { resource }: AdmissionRequest,
  object: KubeObject,
): KubeObject {
  if (patchType === 'JSONPatch') {
    const operations = run.evaluate(jsonPatch?.expression ?? '')
    if (!Array.isArray(operations)) throw new Error('type mismatch: JSONPatchType.expression should evaluate to array')
    return applyJsonPatch(object, operations.map(fromCel))
  }
  const made = run.evaluate(applyConfiguration?.expression ?? '')
  if (!(made instanceof Message) || made.typeName !== 'Object') throw new Error('must evaluate to Object')
  const configuration = fromCel(made) as Partial<KubeObject>
  for (const name of ['apiVersion', 'kind'] as const) {
    if (configuration[name] !== undefined && configuration[name] !== object[name]) {
      throw new Error(`failed to convert patch object to typed object: ${name} must not be changed`)
    }
  }
  return mergeTyped(resource.schema, object, configuration) as KubeObject
}

function denied({ policy, binding, request }: MutatingHit, message: string): Error {
  const { resource, object } = request
  const name = request.name || object?.metadata.name || ''
  const why = `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`
  const details = { name, group: resource.group, kind: resource.resource, causes: [{ message: why }] }
  return failure('Invalid', `${groupResourceString(resource)} "${name}" is forbidden: ${why}`, { details })
}
