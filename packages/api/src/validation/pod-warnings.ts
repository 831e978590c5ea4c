// What is taken in pods and their templates, but does not do what it seems to (pkg/api/pod/warnings.go).

import type { Container, ContainerPort, PodSpec, PodTemplateSpec, Volume } from '../generated/kinds.ts'
import type { ObjectMeta } from '../object.ts'
import { fractionalByteWarning } from './fractional-bytes.ts'
import { ipWarnings } from './ip-warnings.ts'
import { deprecatedNodeLabel, nodeSelectorTermWarnings } from './node-labels.ts'
import { overlappingPathWarnings } from './overlapping-paths.ts'
import { claimSpecWarnings } from './persistent-volume-claim.ts'

const selectsNothing = 'a null labelSelector results in matching no pod'

const deprecatedAnnotations: readonly (readonly [key: string, message: string])[] = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
]

/** Sources whose plug-ins are gone, in the order in which upstream looks at them. */
const deprecatedVolumes: readonly (readonly [source: keyof Volume, shown: string, message: string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
]

const podSeccomp = 'seccomp.security.alpha.kubernetes.io/pod'
const containerSeccomp = 'container.seccomp.security.alpha.kubernetes.io/'
const containerAppArmor = 'container.apparmor.security.beta.kubernetes.io/'

type Meta = Pick<ObjectMeta, 'annotations'> | null | undefined

interface Subject {
  /** Empty for a pod, else the template's path. */
  path: string
  spec: PodSpec
  annotations: Readonly<Record<string, string>>
}

/** `path` is empty for a pod. */
export function podWarnings(
  warnings: string[],
  path: string,
  { spec, metadata }: { spec: PodSpec | null | undefined; metadata: Meta },
): void {
  if (!spec) return
  const subject: Subject = { path: path === '' ? '' : `${path}.`, spec, annotations: metadata?.annotations ?? {} }
  placementWarnings(warnings, subject)
  for (const [key, message] of deprecatedAnnotations) {
    if (key in subject.annotations) warnings.push(`${subject.path}metadata.annotations[${key}]: ${message}`)
  }
  volumeWarnings(warnings, subject)
  listWarnings(warnings, subject)
  containerWarnings(warnings, subject)
  portWarnings(warnings, subject)
  if (spec.terminationGracePeriodSeconds != null && spec.terminationGracePeriodSeconds < 0) {
    const why = 'must be >= 0; negative values are invalid and will be treated as 1'
    warnings.push(`${subject.path}spec.terminationGracePeriodSeconds: ${why}`)
  }
  affinityWarnings(warnings, subject)
  for (const [index, server] of (spec.dnsConfig?.nameservers ?? []).entries()) {
    ipWarnings(warnings, `${subject.path}spec.dnsConfig.nameservers[${index}]`, server)
  }
  for (const [index, { ip }] of (spec.hostAliases ?? []).entries()) {
    ipWarnings(warnings, `${subject.path}spec.hostAliases[${index}].ip`, ip)
  }
}

export function podTemplateWarnings(
  warnings: string[],
  path: string,
  template: PodTemplateSpec | null | undefined,
): void {
  podWarnings(warnings, path, { spec: template?.spec, metadata: template?.metadata })
}

function placementWarnings(warnings: string[], { path, spec }: Subject): void {
  for (const label in spec.nodeSelector) {
    const message = deprecatedNodeLabel(label)
    if (message !== undefined) warnings.push(`${path}spec.nodeSelector[${label}]: ${message}`)
  }
  const { requiredDuringSchedulingIgnoredDuringExecution: required, preferredDuringSchedulingIgnoredDuringExecution } =
    spec.affinity?.nodeAffinity ?? {}
  const at = `${path}spec.affinity.nodeAffinity`
  for (const [index, term] of (required?.nodeSelectorTerms ?? []).entries()) {
    const where = `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`
    nodeSelectorTermWarnings(warnings, where, { term, checksValues: false })
  }
  for (const [index, { preference }] of (preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const where = `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`
    nodeSelectorTermWarnings(warnings, where, { term: preference, checksValues: true })
  }
  for (const [index, { topologyKey, labelSelector }] of (spec.topologySpreadConstraints ?? []).entries()) {
    const where = `${path}spec.topologySpreadConstraints[${index}]`
    const message = deprecatedNodeLabel(topologyKey)
    if (message !== undefined) warnings.push(`${where}.topologyKey: ${topologyKey} is ${message}`)
    if (labelSelector == null) warnings.push(`${where}.labelSelector: ${selectsNothing}`)
  }
}

function volumeWarnings(warnings: string[], { path, spec }: Subject): void {
  const volumes = spec.volumes ?? []
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}spec.volumes[${index}]`
    for (const [source, shown, message] of deprecatedVolumes) {
      if (source === 'cephfs') {
        const claim = volume.ephemeral?.volumeClaimTemplate?.spec
        claimSpecWarnings(warnings, `${at}.ephemeral.volumeClaimTemplate.spec`, claim)
      }
      if (volume[source] != null) warnings.push(`${at}.${shown}: ${message}`)
    }
  }
  overlappingPathWarnings(warnings, volumes)
}

function listWarnings(warnings: string[], { path, spec, annotations }: Subject): void {
  const aliases = spec.hostAliases ?? []
  const secrets = spec.imagePullSecrets ?? []
  for (const [index, ip] of repeated(aliases.map((alias) => alias.ip))) {
    warnings.push(`${path}spec.hostAliases[${index}].ip: duplicate ip ${JSON.stringify(ip)}`)
  }
  for (const [index, name] of repeated(secrets.map((secret) => secret.name ?? ''))) {
    warnings.push(`${path}spec.imagePullSecrets[${index}].name: duplicate name ${JSON.stringify(name)}`)
  }
  for (const [index, { name }] of secrets.entries()) {
    if (!name) warnings.push(`${path}spec.imagePullSecrets[${index}].name: invalid empty name ""`)
  }
  for (const resource of ['memory', 'ephemeral-storage']) {
    fractionalByteWarning(warnings, `${path}spec.overhead[${resource}]`, spec.overhead?.[resource])
  }
  if (spec.securityContext?.seccompProfile == null && podSeccomp in annotations) {
    warnings.push(seccompWarning(path, podSeccomp))
  }
}

function seccompWarning(path: string, key: string): string {
  return `${path}metadata.annotations[${key}]: non-functional in v1.27+; use the "seccompProfile" field instead`
}

/** Index and value of each that stood there before. */
function repeated(values: readonly string[]): [index: number, value: string][] {
  return [...values.entries()].filter(([index, value]) => values.indexOf(value) < index)
}

interface Placed {
  at: string
  container: Pick<Container, 'name' | 'env' | 'ports' | 'resources' | 'securityContext'>
}

/** In the order in which upstream visits them. */
function containersOf({ path, spec }: Subject): Placed[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, index) => ({ at: `${path}spec.${list}[${index}]`, container })),
  )
}

function containerWarnings(warnings: string[], subject: Subject): void {
  const { path, spec, annotations } = subject
  for (const { at, container } of containersOf(subject)) {
    const seccomp = `${containerSeccomp}${container.name}`
    if (container.securityContext?.seccompProfile == null && seccomp in annotations) {
      warnings.push(seccompWarning(path, seccomp))
    }
    const appArmor = `${containerAppArmor}${container.name}`
    // In pods the annotation becomes a field instead.
    if (path !== '' && container.securityContext?.appArmorProfile == null && appArmor in annotations) {
      const said = annotations[appArmor] ?? ''
      if (!isAppArmorOf(spec, said)) {
        const message = 'deprecated since v1.30; use the "appArmorProfile" field instead'
        warnings.push(`${path}metadata.annotations[${appArmor}]: ${message}`)
      }
    }
    for (const resource of ['memory', 'ephemeral-storage']) {
      for (const list of ['limits', 'requests'] as const) {
        fractionalByteWarning(warnings, `${at}.resources.${list}[${resource}]`, container.resources?.[list]?.[resource])
      }
    }
    environmentWarnings(warnings, `${at}.env`, container)
  }
}

/** Whether the annotation says what the pod's own field says. */
function isAppArmorOf({ securityContext }: PodSpec, annotation: string): boolean {
  const profile = securityContext?.appArmorProfile
  if (!profile) return false
  if (annotation === 'unconfined') return profile.type === 'Unconfined'
  if (annotation === 'runtime/default') return profile.type === 'RuntimeDefault'
  return profile.type === 'Localhost' && annotation === `localhost/${profile.localhostProfile}`
}

function environmentWarnings(warnings: string[], path: string, { env = [] }: Placed['container']): void {
  const seen = new Set<string>()
  for (const [index, { name, value = '', valueFrom }] of env.entries()) {
    const reference = `$(${name})`
    // A variable that is built from what it was before is meant to stand there twice.
    const extends_ = valueFrom == null && value !== reference && value.includes(reference)
    if (seen.has(name) && !extends_) {
      const why = `hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`
      warnings.push(`${path}[${index}]: ${why}`)
    }
    seen.add(name)
  }
}

function portWarnings(warnings: string[], subject: Subject): void {
  const ports = containersOf(subject).flatMap(({ at, container }) =>
    (container.ports ?? []).map((port, index) => ({ at: `${at}.ports[${index}]`, port })),
  )
  for (const [index, { at, port }] of ports.entries()) {
    if (port.hostIP && !port.hostPort) warnings.push(`${at}: hostIP set without hostPort: ${goText(port)}`)
    for (const other of ports.slice(0, index)) {
      if (other.port.containerPort !== port.containerPort || other.port.protocol !== port.protocol) continue
      const how = clashOf(port, other.port)
      if (how !== undefined) warnings.push(`${at}: ${how} port definition with ${other.at}`)
    }
  }
  const names = new Map<string, string>()
  for (const { at, port } of ports) {
    if (!port.name) continue
    const other = names.get(port.name)
    if (other === undefined) names.set(port.name, at)
    else {
      const effect = `services and probes that select ports by name will use ${other}`
      warnings.push(`${at}: duplicate port name ${JSON.stringify(port.name)} with ${other}, ${effect}`)
    }
  }
}

function clashOf(port: ContainerPort, other: ContainerPort): string | undefined {
  const [hostPort, otherHostPort] = [port.hostPort ?? 0, other.hostPort ?? 0]
  const [hostIP, otherHostIP] = [port.hostIP ?? '', other.hostIP ?? '']
  if (hostIP === otherHostIP && hostPort === otherHostPort) return 'duplicate'
  if (hostPort === 0 || otherHostPort === 0) return 'overlapping'
  return hostPort === otherHostPort && (hostIP === '') !== (otherHostIP === '') ? 'dangerously ambiguous' : undefined
}

/** As Go prints the struct with %+v. */
function goText({ name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' }: ContainerPort): string {
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`
}

function affinityWarnings(warnings: string[], { path, spec }: Subject): void {
  for (const name of ['podAffinity', 'podAntiAffinity'] as const) {
    const affinity = spec.affinity?.[name]
    const at = `${path}spec.affinity.${name}`
    for (const [index, term] of (affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      if (term.labelSelector != null) continue
      warnings.push(`${at}.requiredDuringSchedulingIgnoredDuringExecution[${index}].labelSelector: ${selectsNothing}`)
    }
    for (const [index, term] of (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      if (term.podAffinityTerm?.labelSelector != null) continue
      const where = `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].podAffinityTerm.labelSelector`
      warnings.push(`${where}: ${selectsNothing}`)
    }
  }
}
