// What the server itself writes into metadata. Upstream: apiserver pkg/registry/rest/{meta,create,update}.go.

import { randomInt, randomUUID } from 'node:crypto'
import { type KubeObject, type OwnerReference, badRequest, builtinKindSchema, formatTime } from '@binnacle/api'
import type { Call } from '../call.ts'

/** Consonants and digits that spell nothing and look like nothing else (apimachinery util/rand). */
const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5
const maxNameLength = 63

export function generateName(prefix: string): string {
  let suffix = ''
  for (let index = 0; index < suffixLength; index++) suffix += nameAlphabet.charAt(randomInt(nameAlphabet.length))
  return prefix.slice(0, maxNameLength - suffixLength) + suffix
}

/** The body must be an object of the kind that the path names; missing apiVersion and kind are filled in. */
export function requireKind(call: Call, value: unknown): KubeObject {
  const { row, request } = call
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest('the body of the request must be an object')
  const object = value as KubeObject
  const expected = expectedKind(call)
  object.apiVersion ??= expected.apiVersion
  object.kind ??= expected.kind
  if (object.apiVersion !== expected.apiVersion || object.kind !== expected.kind)
    throw badRequest(kindMismatch(object, expected))
  object.metadata ??= {}
  if (typeof object.metadata !== 'object' || Array.isArray(object.metadata))
    throw badRequest('metadata must be an object')
  requireNamespace(object, row.info.namespaced ? request.namespace : undefined)
  // In upstream's order, whatever the client's was; lists leave the first two out without a look at the rest.
  const { kind, apiVersion, metadata, ...rest } = object
  return { kind, apiVersion, metadata, ...rest }
}

/** As the decoder of a built-in kind words it, which tells kinds that it knows from others. */
function kindMismatch({ apiVersion = '', kind = '' }: KubeObject, expected: ExpectedKind): string {
  const { group, version } = groupVersionOf(apiVersion)
  const head = `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}`
  if (builtinKindSchema(apiVersion, kind) === undefined)
    return `${head}: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`
  const target = groupVersionOf(expected.apiVersion).group
  return `${head}: converting (${[group, version].filter((part) => part !== '').join('/')}.${kind}) to (${target.split('.')[0] || 'core'}.${expected.kind}): unknown conversion`
}

function groupVersionOf(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/')
  return { group: slash < 0 ? '' : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) }
}

/** What is applied says what it is, in full. */
export function requireAppliedKind(call: Call): void {
  const { apiVersion = '', kind = '' } = (call.request.body ?? {}) as { apiVersion?: string; kind?: string }
  const expected = expectedKind(call)
  if (apiVersion === expected.apiVersion && kind === expected.kind) return
  throw badRequest(`invalid object type: ${apiVersion === '' ? '/' : apiVersion}, Kind=${kind}`)
}

/** The name in the body must be that of the path. */
export function requireName({ request }: Call, { metadata }: KubeObject): void {
  if (!metadata.name)
    throw badRequest(`the name of the object (${request.name} based on URL) was undeterminable: name must be provided`)
  if (metadata.name !== request.name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${request.name})`)
}

interface ExpectedKind {
  apiVersion: string
  kind: string
}

function expectedKind({ row, request }: Call): ExpectedKind {
  const subresource =
    request.subresource === undefined
      ? undefined
      : row.info.subresources.find(({ name }) => name === request.subresource)
  if (subresource === undefined) return { apiVersion: row.apiVersion, kind: row.info.kind }
  const { group = row.info.group, version = row.info.version, kind } = subresource
  return { apiVersion: group === '' ? version : `${group}/${version}`, kind }
}

function requireNamespace({ metadata }: KubeObject, namespace: string | undefined): void {
  if (namespace === undefined) {
    // A namespace on a cluster-scoped object is dropped, as upstream does.
    delete metadata.namespace
    return
  }
  if (metadata.namespace === undefined || metadata.namespace === '') metadata.namespace = namespace
  else if (metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
}

/** Fields that only the server sets, on an object that is about to be created. */
export function fillSystemFields(object: KubeObject, now: number): void {
  const { metadata } = object
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
  delete metadata.resourceVersion
  metadata.uid = randomUUID()
  metadata.creationTimestamp = formatTime(now)
}

/** Fields that an update cannot change: they are taken over from the object as it is (rest.BeforeUpdate). */
export function keepSystemFields(object: KubeObject, old: KubeObject): void {
  const { metadata } = object
  const before = old.metadata
  // What else the client says about these is for validation to refuse.
  if (!metadata.uid) setMember(metadata, 'uid', before.uid)
  setMember(metadata, 'creationTimestamp', before.creationTimestamp)
  if (before.deletionTimestamp !== undefined) metadata.deletionTimestamp = before.deletionTimestamp
  metadata.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds
  if (metadata.deletionGracePeriodSeconds === undefined) delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
  dropEmpty(metadata)
}

/** Upstream's types are omitempty: what is empty is not stored, so that a second apply finds nothing to do. */
export function dropEmpty(metadata: KubeObject['metadata']): void {
  for (const name of ['labels', 'annotations'] as const) {
    const map = metadata[name]
    if (map != null && Object.keys(map).length === 0) delete metadata[name]
  }
  for (const name of ['finalizers', 'ownerReferences'] as const) {
    if (metadata[name]?.length === 0) delete metadata[name]
  }
}

function setMember<K extends 'uid' | 'creationTimestamp'>(
  metadata: KubeObject['metadata'],
  name: K,
  value: KubeObject['metadata'][K],
): void {
  if (value === undefined) delete metadata[name]
  else metadata[name] = value
}

/** The same owner named twice is one owner; upstream warns and keeps the first. */
export function dedupeOwnerReferences(object: KubeObject, warn: (message: string) => void): void {
  const owners = object.metadata.ownerReferences
  if (owners === undefined || owners === null || owners.length < 2) return
  const seen = new Set<string>()
  const unique = owners.filter((owner: OwnerReference) => {
    const key = JSON.stringify([
      owner.apiVersion,
      owner.kind,
      owner.name,
      owner.uid,
      owner.controller,
      owner.blockOwnerDeletion,
    ])
    return !seen.has(key) && seen.add(key)
  })
  if (unique.length === owners.length) return
  object.metadata.ownerReferences = unique
  const repeated = new Set(owners.filter((owner) => !unique.includes(owner)).map(({ uid }) => uid))
  const dedups = 'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24'
  const fix = `please fix your requests; duplicate UID(s) observed: ${[...repeated].join(', ')}`
  warn(`.metadata.ownerReferences contains duplicate entries; ${dedups}; ${fix}`)
}
