// serviceaccounts/token: TokenRequest. Upstream: pkg/registry/core/serviceaccount/storage/token.go and
// pkg/apis/authentication/validation.

import {
  type FieldError,
  type KubeObject,
  type Pod,
  type ServiceAccount,
  type TokenRequest,
  badRequest,
  conflict,
  field,
  forbidden,
  formatTime,
  invalid,
  notFound,
} from '@binnacle/api'
import type { TokenSpec } from '../auth/tokens.ts'
import type { Strategy, SubresourceCall } from '../strategy.ts'
import { readObject } from './write-object.ts'

export const serviceAccounts: Strategy = { subresources: { token } }

const tokenRequests = { group: 'authentication.k8s.io', kind: 'TokenRequest' }

async function token(call: SubresourceCall): Promise<KubeObject> {
  const account = readObject<ServiceAccount>(call)
  const request = call.request.body as TokenRequest
  const named = request.metadata?.name ?? ''
  if (named !== '' && named !== call.name) {
    throw badRequest(`the name of the object (${named}) does not match the name on the URL (${call.name})`)
  }
  const expirationSeconds = request.spec?.expirationSeconds ?? 3600
  const errors = validateSeconds(expirationSeconds)
  if (errors.length > 0) throw invalid(tokenRequests, named, errors)
  const { tokens } = call.backend
  const audiences = request.spec?.audiences ?? []
  const spec: TokenSpec = {
    namespace: call.namespace ?? '',
    serviceAccount: { name: call.name, uid: account.metadata.uid ?? '' },
    audiences: audiences.length === 0 ? tokens.defaultAudiences : audiences,
    expirationSeconds,
    ...boundObjectOf(call, request, account),
  }
  const { token: signed, expiresAt } = tokens.issue(spec)
  const answer: TokenRequest = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { name: call.name, namespace: call.namespace, creationTimestamp: account.metadata.creationTimestamp },
    spec: { ...request.spec, audiences: [...spec.audiences], expirationSeconds },
    status: { token: signed, expirationTimestamp: formatTime(expiresAt) },
  }
  return answer
}

function validateSeconds(seconds: number): FieldError[] {
  if (seconds < 600)
    return [field.invalid('spec.expirationSeconds', seconds, 'may not specify a duration less than 10 minutes')]
  if (seconds > 2 ** 32)
    return [field.invalid('spec.expirationSeconds', seconds, 'may not specify a duration larger than 2^32 seconds')]
  return []
}

function boundObjectOf(
  call: SubresourceCall,
  request: TokenRequest,
  account: ServiceAccount,
): Pick<TokenSpec, 'boundObject' | 'node'> {
  const reference = request.spec?.boundObjectRef
  if (reference === undefined || reference === null) return {}
  const { kind, apiVersion, name = '' } = reference
  if (apiVersion !== 'v1' || (kind !== 'Pod' && kind !== 'Secret' && kind !== 'Node')) {
    throw badRequest(`cannot bind token to object of type ${apiVersion}, Kind=${kind}`)
  }
  const resource = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' }[kind]
  const { backend, namespace } = call
  const object = backend.get(resource, kind === 'Node' ? undefined : namespace, name)
  if (object === undefined) throw notFound({ group: '', resource }, name)
  const uid = object.metadata.uid ?? ''
  if (reference.uid && reference.uid !== uid) {
    const why = `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`
    throw conflict({ group: '', resource }, name, why)
  }
  if (kind !== 'Pod') return { boundObject: { kind, name, uid } }
  const { spec } = object as Pod
  if (spec?.serviceAccountName !== account.metadata.name) {
    const why = `cannot bind token for serviceaccount "${account.metadata.name}" to pod running with different serviceaccount name.`
    throw forbidden({ group: '', resource: 'pods' }, name, why)
  }
  if (!spec?.nodeName) return { boundObject: { kind, name, uid } }
  const nodeUid = backend.get('nodes', undefined, spec.nodeName)?.metadata.uid
  return {
    boundObject: { kind, name, uid },
    ...(nodeUid === undefined ? {} : { node: { name: spec.nodeName, uid: nodeUid } }),
  }
}
