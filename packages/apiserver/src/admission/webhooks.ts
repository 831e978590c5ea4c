// Admission webhooks: servers that judge and change requests.
// Upstream: k8s.io/apiserver pkg/admission/plugin/webhook/{generic,mutating,validating,request,errors}.

import {
  type KubeObject,
  type MutatingWebhook,
  type MutatingWebhookConfiguration,
  type Status,
  StatusError,
  type ValidatingWebhook,
  type ValidatingWebhookConfiguration,
  applyJsonPatch,
  badRequest,
  cloneJson,
  deepEqual,
  failure,
} from '@binnacle/api'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import { compile, totalLimit } from '../cel/environment.ts'
import { Budget } from '../cel/values.ts'
import type { Reader } from '../strategy.ts'
import { isExempt, registrationGroup, requestVariables, textOf } from './policy.ts'
import { replaceDraft } from './replace-draft.ts'
import { matchesRule, matchesSelectors } from './rule-matching.ts'
import { callWebhook } from './webhook-client.ts'

/** Names that match conditions of a webhook may use. */
export const webhookVariables: readonly string[] = ['object', 'oldObject', 'request']

interface AdmissionResponse {
  uid?: string
  allowed?: boolean
  status?: Partial<Status>
  patch?: string
  patchType?: string
  warnings?: string[]
}

export const mutatingAdmissionWebhook: AdmissionPlugin = {
  name: 'MutatingAdmissionWebhook',

  async admit(request, reader) {
    const configurations = reader.list<MutatingWebhookConfiguration>(
      `mutatingwebhookconfigurations.${registrationGroup}`,
    )
    if (configurations.length === 0 || isExempt(request)) return
    const hooks = configurations
      .flatMap(({ webhooks = [] }) => webhooks)
      .filter((hook) => concerns(hook, request, reader))
    const seen = new Map<MutatingWebhook, KubeObject | undefined>()
    for (const hook of hooks) {
      await mutate(hook, request, reader)
      seen.set(hook, request.object === undefined ? undefined : cloneJson(request.object))
    }
    // Those that ask for it see once more what others changed after them.
    for (const hook of hooks) {
      if (hook.reinvocationPolicy === 'IfNeeded' && !deepEqual(seen.get(hook), request.object))
        await mutate(hook, request, reader)
    }
  },
}

export const validatingAdmissionWebhook: AdmissionPlugin = {
  name: 'ValidatingAdmissionWebhook',

  async validate(request, reader) {
    const configurations = reader.list<ValidatingWebhookConfiguration>(
      `validatingwebhookconfigurations.${registrationGroup}`,
    )
    if (configurations.length === 0 || isExempt(request)) return
    const hooks = configurations
      .flatMap(({ webhooks = [] }) => webhooks)
      .filter((hook) => concerns(hook, request, reader))
    const answers = await Promise.allSettled(hooks.map((hook) => judge(hook, request, reader)))
    const refused = answers.find((answer) => answer.status === 'rejected')
    if (refused !== undefined) throw refused.reason
  },
}

type Webhook = MutatingWebhook | ValidatingWebhook

function concerns(hook: Webhook, request: AdmissionRequest, reader: Reader): boolean {
  if (!(hook.rules ?? []).some((rule) => matchesRule(rule, request)) || !matchesSelectors(hook, request, reader))
    return false
  if ((hook.matchConditions?.length ?? 0) === 0) return true
  const variables = requestVariables(request, reader)
  const budget = new Budget(totalLimit)
  let failed: { error: unknown } | undefined
  for (const { expression } of hook.matchConditions ?? []) {
    try {
      if (compile(expression, webhookVariables)(variables, budget) !== true) return false
    } catch (error) {
      failed ??= { error }
    }
  }
  if (failed === undefined) return true
  if (hook.failurePolicy === 'Ignore') return false
  throw failure(
    'Forbidden',
    `admission webhook ${JSON.stringify(hook.name)} failed to evaluate match conditions: ${textOf(failed.error)}`,
  )
}

async function judge(hook: ValidatingWebhook, request: AdmissionRequest, reader: Reader): Promise<void> {
  const answer = await ask(hook, request, reader)
  if (answer?.patch)
    throw callFailure(hook, 'received invalid webhook response: validating webhook may not return response.patch')
}

async function mutate(hook: MutatingWebhook, request: AdmissionRequest, reader: Reader): Promise<void> {
  const answer = await ask(hook, request, reader)
  if (!answer?.patch) return
  const { object } = request
  if (object === undefined) {
    throw failure(
      'InternalError',
      `Internal error occurred: admission webhook ${JSON.stringify(hook.name)} attempted to modify the object, which is not supported for this operation`,
    )
  }
  if (answer.patchType !== 'JSONPatch')
    throw callFailure(hook, `unsupported patch type ${JSON.stringify(answer.patchType ?? '')}`)
  let patch: unknown
  try {
    patch = JSON.parse(Buffer.from(answer.patch, 'base64').toString())
    replaceDraft(request, object, applyJsonPatch(object, patch))
  } catch (error) {
    if (hook.failurePolicy === 'Ignore' && patch === undefined) return
    throw failure('InternalError', `Internal error occurred: ${textOf(error)}`)
  }
}

/** Undefined where the call failed and that is to be ignored. Throws where the webhook, or the failure, refuses. */
async function ask(hook: Webhook, request: AdmissionRequest, reader: Reader): Promise<AdmissionResponse | undefined> {
  if (request.dryRun && hook.sideEffects !== 'None' && hook.sideEffects !== 'NoneOnDryRun') {
    throw badRequest(`admission webhook ${JSON.stringify(hook.name)} does not support dry run`)
  }
  let answer: AdmissionResponse
  try {
    answer = await exchange(hook, request, reader)
  } catch (error) {
    if (hook.failurePolicy === 'Ignore') return undefined
    throw callFailure(hook, textOf(error))
  }
  for (const warning of answer.warnings ?? []) request.warn(warning)
  if (answer.allowed !== true) throw rejection(hook.name, answer.status)
  return answer
}

async function exchange(hook: Webhook, request: AdmissionRequest, reader: Reader): Promise<AdmissionResponse> {
  const version = hook.admissionReviewVersions.find((candidate) => candidate === 'v1' || candidate === 'v1beta1')
  if (version === undefined)
    throw new Error(
      'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
    )
  const uid = crypto.randomUUID()
  const review = reviewOf(uid, `admission.k8s.io/${version}`, request)
  let answered: unknown
  try {
    answered = await callWebhook(hook.clientConfig, review, hook.timeoutSeconds ?? 10, reader)
  } catch (error) {
    throw new Error(`failed to call webhook: ${textOf(error)}`, { cause: error })
  }
  const { apiVersion, response } = (answered ?? {}) as { apiVersion?: string; response?: AdmissionResponse }
  const refuse = (why: string): Error => new Error(`received invalid webhook response: ${why}`)
  if (response == null) throw refuse('webhook response was absent')
  if (version !== 'v1') return { ...response, ...(response.patch ? { patchType: 'JSONPatch' } : {}) }
  if (apiVersion !== review.apiVersion)
    throw refuse(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${apiVersion}`)
  if (response.uid !== uid)
    throw refuse(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`)
  return response
}

function reviewOf(
  uid: string,
  apiVersion: string,
  request: AdmissionRequest,
): { apiVersion: string; kind: string; request: object } {
  const { operation, resource, subresource, namespace, name, object, oldObject, user, dryRun, options } = request
  const { group, version } = resource
  const kind = { group, version, kind: resource.kind }
  const path = { group, version, resource: resource.resource }
  const optionKinds = {
    CREATE: 'CreateOptions',
    UPDATE: 'UpdateOptions',
    DELETE: 'DeleteOptions',
    CONNECT: undefined,
  } as const
  const optionKind = optionKinds[operation]
  return {
    apiVersion,
    kind: 'AdmissionReview',
    request: {
      uid,
      kind,
      resource: path,
      ...(subresource ? { subResource: subresource, requestSubResource: subresource } : {}),
      requestKind: kind,
      requestResource: path,
      ...(name || object?.metadata.name ? { name: name || object?.metadata.name } : {}),
      ...(namespace ? { namespace } : {}),
      operation,
      userInfo: {
        username: user.username,
        groups: user.groups,
        ...(user.uid ? { uid: user.uid } : {}),
        ...(user.extra ? { extra: user.extra } : {}),
      },
      object: object ?? null,
      oldObject: oldObject ?? null,
      dryRun,
      options: optionKind === undefined ? null : { kind: optionKind, apiVersion: 'meta.k8s.io/v1', ...options },
    },
  }
}

function callFailure({ name }: Webhook, why: string): StatusError {
  return failure('InternalError', `Internal error occurred: failed calling webhook ${JSON.stringify(name)}: ${why}`)
}

/** What the webhook says, as far as it is a failure. */
function rejection(name: string, status: Partial<Status> = {}): StatusError {
  const denied = `admission webhook ${JSON.stringify(name)} denied the request`
  const why = status.message || status.reason
  return new StatusError({
    ...status,
    kind: 'Status',
    apiVersion: 'v1',
    metadata: status.metadata ?? {},
    status: 'Failure',
    message: why ? `${denied}: ${why}` : `${denied} without explanation`,
    code: status.code !== undefined && status.code >= 400 ? status.code : 400,
  })
}
