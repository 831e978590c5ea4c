// PodSecurity: pods must keep to the level that their namespace is labelled with.
// Upstream: k8s.io/pod-security-admission admission/admission.go. There is one version of each level: the newest.

import {
  type FieldError,
  type KubeObject,
  type Pod,
  type PodSpec,
  type PodTemplateSpec,
  deepEqual,
  field,
  forbidden,
  invalid,
} from '@binnacle/api'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import type { Reader } from '../strategy.ts'
import { type Level, violations } from './pod-security-checks.ts'

const prefix = 'pod-security.kubernetes.io/'
const levels: readonly string[] = ['privileged', 'baseline', 'restricted'] satisfies Level[]
/** Sub-resources of pods that change what is checked. */
const checkedSubresources: ReadonlySet<string | undefined> = new Set([undefined, '', 'ephemeralcontainers', 'resize'])
/** How many pods of a namespace are looked at when its level changes. */
const podsToCheck = 3000

interface Policy {
  level: Level
  /** As messages show it: `restricted:latest`. */
  text: string
}

export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',

  validate(request, reader) {
    const { operation, resource } = request
    if (operation !== 'CREATE' && operation !== 'UPDATE') return
    if (resource.storageKey === 'namespaces') return validateNamespace(request, reader)
    if (resource.storageKey === 'pods') return validatePod(request, reader)
    if (!request.subresource) warnOfTemplate(request, reader)
  },
}

/** Without a level of its own to warn at, what would be refused of a pod is warned of in what makes pods. */
function policyOf(namespace: KubeObject | undefined, mode: 'enforce' | 'warn'): Policy {
  const labels = namespace?.metadata.labels ?? {}
  const source = mode === 'warn' && labels[`${prefix}warn`] === undefined ? 'enforce' : mode
  const level = labels[`${prefix}${source}`] ?? 'privileged'
  const version = labels[`${prefix}${mode}-version`] ?? labels[`${prefix}${source}-version`] ?? 'latest'
  // A level that cannot be read fails closed where it is enforced, and open where it only warns.
  const known = isLevel(level) ? level : mode === 'enforce' ? 'restricted' : 'privileged'
  return { level: known, text: `${known}:${version}` }
}

function isLevel(level: string): level is Level {
  return levels.includes(level)
}

function detailOf({ level }: Policy, spec: PodSpec, metadata: PodTemplateSpec['metadata']): string {
  return violations(level, spec, metadata)
    .map(({ reason, detail }) => `${reason} (${detail})`)
    .join(', ')
}

function validatePod(
  { resource, subresource, namespace, name, object, oldObject, ...request }: AdmissionRequest,
  reader: Reader,
): void {
  const pod: Pod | undefined = object
  if (pod?.spec === undefined || !checkedSubresources.has(subresource)) return
  const old: Pod | undefined = oldObject
  if (
    old !== undefined &&
    deepEqual(old.spec, pod.spec) &&
    deepEqual(old.metadata.annotations, pod.metadata.annotations)
  )
    return
  const holder = reader.get('namespaces', undefined, namespace ?? '')
  const enforced = policyOf(holder, 'enforce')
  const detail = detailOf(enforced, pod.spec, pod.metadata)
  if (detail !== '')
    throw forbidden(
      resource,
      name || pod.metadata.name || '',
      `violates PodSecurity ${JSON.stringify(enforced.text)}: ${detail}`,
    )
  const warned = policyOf(holder, 'warn')
  const warning = detailOf(warned, pod.spec, pod.metadata)
  if (warning !== '') request.warn(`would violate PodSecurity ${JSON.stringify(warned.text)}: ${warning}`)
}

/** What makes pods is not refused for them, but whoever writes it is told. */
function warnOfTemplate({ resource, object, namespace, ...request }: AdmissionRequest, reader: Reader): void {
  const template = templateOf(resource.storageKey, object)
  if (template?.spec == null) return
  const policy = policyOf(reader.get('namespaces', undefined, namespace ?? ''), 'warn')
  const detail = detailOf(policy, template.spec, template.metadata)
  if (detail !== '') request.warn(`would violate PodSecurity ${JSON.stringify(policy.text)}: ${detail}`)
}

interface WithTemplate {
  template?: PodTemplateSpec
  spec?: { template?: PodTemplateSpec; jobTemplate?: { spec?: { template?: PodTemplateSpec } } }
}

const templated: ReadonlySet<string> = new Set([
  'replicationcontrollers',
  'replicasets.apps',
  'deployments.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'jobs.batch',
])

function templateOf(storageKey: string, object: KubeObject | undefined): PodTemplateSpec | undefined {
  const made = object as WithTemplate | undefined
  if (templated.has(storageKey)) return made?.spec?.template
  if (storageKey === 'cronjobs.batch') return made?.spec?.jobTemplate?.spec?.template
  return storageKey === 'podtemplates' ? made?.template : undefined
}

function validateNamespace({ subresource, object, oldObject, ...request }: AdmissionRequest, reader: Reader): void {
  if (subresource || object === undefined) return
  const errors = labelErrors(object)
  const isNew =
    oldObject === undefined || deepEqual(labelErrors(oldObject), []) || !deepEqual(labelErrors(oldObject), errors)
  if (errors.length > 0 && isNew) throw invalid({ group: '', kind: 'Namespace' }, object.metadata.name ?? '', errors)
  if (oldObject === undefined) return
  const policy = policyOf(object, 'enforce')
  if (policy.text === policyOf(oldObject, 'enforce').text || policy.level === 'privileged') return
  for (const warning of existingPods(policy, object.metadata.name ?? '', reader)) request.warn(warning)
}

function labelErrors({ metadata }: KubeObject): FieldError[] {
  return ['enforce', 'audit', 'warn'].flatMap((mode) => {
    const level = metadata.labels?.[`${prefix}${mode}`]
    const version = metadata.labels?.[`${prefix}${mode}-version`]
    const path = (key: string): string => `metadata.labels[${prefix}${key}]`
    return [
      ...(level === undefined || levels.includes(level)
        ? []
        : [field.invalid(path(mode), level, `must be one of ${levels.join(', ')}`)]),
      ...(version === undefined || version === 'latest' || /^v1\.(?:0|[1-9]\d*)$/.test(version)
        ? []
        : [field.invalid(path(`${mode}-version`), version, 'must be "latest" or "v1.x"')]),
    ]
  })
}

/** Pods that are there already are not refused after the fact; whoever makes the level stricter is told of them. */
function existingPods(policy: Policy, namespace: string, reader: Reader): string[] {
  const pods = reader.list<Pod>('pods', namespace)
  const byReason = new Map<string, string[]>()
  for (const { spec, metadata } of pods.slice(0, podsToCheck)) {
    const reasons =
      spec === undefined
        ? ''
        : violations(policy.level, spec, metadata)
            .map(({ reason }) => reason)
            .join(', ')
    if (reasons !== '') byReason.set(reasons, [...(byReason.get(reasons) ?? []), metadata.name ?? ''])
  }
  const lines = [...byReason].map(([reasons, names]) => {
    const [first = ''] = names.sort()
    const others = names.length === 1 ? '' : ` (and ${names.length - 1} other ${names.length === 2 ? 'pod' : 'pods'})`
    return `${first}${others}: ${reasons}`
  })
  return [
    ...(pods.length > podsToCheck
      ? [`new PodSecurity enforce level only checked against the first ${podsToCheck} of ${pods.length} existing pods`]
      : []),
    ...(lines.length > 0
      ? [
          `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level ${JSON.stringify(policy.text)}`,
        ]
      : []),
    ...lines.sort(),
  ]
}
