// What the server itself writes into metadata. Upstream: apiserver pkg/registry/rest/{meta,create,update}.go.

import { randomInt, randomUUID } from 'node:crypto'
import { type KubeObject, type OwnerReference, badRequest, formatTime } from '@binnacle/api'
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
  if (object.apiVersion !== expected.apiVersion) {
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${expected.apiVersion})`,
    )
  }
  if (object.kind !== expected.kind) {
    throw badRequest(
      `${object.kind} in version "${row.info.version}" cannot be handled as a ${expected.kind}: converting (${object.apiVersion}.${object.kind}) to (${row.apiVersion}.${expected.kind}): unknown conversion`,
    )
  }
  object.metadata ??= {}
  if (typeof object.metadata !== 'object' || Array.isArray(object.metadata))
    throw badRequest('metadata must be an object')
  requireNamespace(object, row.info.namespaced ? request.namespace : undefined)
  return object
}

function expectedKind({ row, request }: Call): { apiVersion: string; kind: string } {
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
  for (const name of [
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generateName',
  ] as const) {
    const value = before[name]
    if (value === undefined) delete metadata[name]
    else if (name !== 'generateName' || metadata.generateName === undefined) setMember(metadata, name, value)
  }
  delete metadata.selfLink
}

function setMember<K extends string>(target: Partial<Record<K, unknown>>, name: K, value: unknown): void {
  target[name] = value
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
  warn(
    '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24',
  )
}
