// The checks of the Pod Security Standards, as of the newest policy version.
// Upstream: k8s.io/pod-security-admission policy/check_*.go, in the order of policy/registry.go.

import type { Container, PodSpec, PodTemplateSpec } from '@binnacle/api'

export type Level = 'privileged' | 'baseline' | 'restricted'

interface Violation {
  reason: string
  detail: string
}

type Metadata = PodTemplateSpec['metadata']
type Check = (spec: PodSpec, metadata: Metadata) => Violation | undefined

/** Init containers first, as upstream visits them. Ephemeral containers have what is checked here too. */
function containersOf({ initContainers = [], containers, ephemeralContainers = [] }: PodSpec): readonly Container[] {
  return [...initContainers, ...containers, ...(ephemeralContainers as readonly Container[])]
}

function quoted(items: Iterable<string>): string {
  return [...items].map((item) => JSON.stringify(item)).join(', ')
}

function sorted(items: Iterable<string>): string[] {
  return [...new Set(items)].sort()
}

function plural(one: string, many: string, count: number): string {
  return count === 1 ? one : many
}

function named(containers: readonly Container[]): string {
  return `${plural('container', 'containers', containers.length)} ${quoted(containers.map(({ name }) => name))}`
}

/** The pod itself and those of its containers that set something wrong. */
function setters(isPodBad: boolean, containers: readonly Container[]): string[] {
  return [...(isPodBad ? ['pod'] : []), ...(containers.length > 0 ? [named(containers)] : [])]
}

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'

function appArmorProfile(spec: PodSpec, metadata: Metadata): Violation | undefined {
  const isBad = (type: string | undefined): type is string =>
    type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost'
  const podType = spec.securityContext?.appArmorProfile?.type
  const bad = containersOf(spec).filter(({ securityContext }) => isBad(securityContext?.appArmorProfile?.type))
  const annotations = Object.entries(metadata?.annotations ?? {})
    .filter(
      ([key, value]) =>
        key.startsWith(appArmorPrefix) &&
        value !== '' &&
        value !== 'runtime/default' &&
        !value.startsWith('localhost/'),
    )
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
  const who = [
    ...setters(isBad(podType), bad),
    ...(annotations.length > 0 ? [plural('annotation', 'annotations', annotations.length)] : []),
  ]
  if (who.length === 0) return undefined
  const types = [podType, ...bad.map(({ securityContext }) => securityContext?.appArmorProfile?.type)].filter(isBad)
  const values = [...sorted(types).map((type) => JSON.stringify(type)), ...annotations]
  return {
    reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', values.length),
    detail: `${who.join(' and ')} must not set AppArmor profile type to ${values.join(', ')}`,
  }
}

const defaultCapabilities: ReadonlySet<string> = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
)

function addedBeyond(allowed: ReadonlySet<string>, { securityContext }: Container): string[] {
  return (securityContext?.capabilities?.add ?? []).filter((capability) => !allowed.has(capability))
}

function addedCapabilities(spec: PodSpec, allowed: ReadonlySet<string>): string | undefined {
  const bad = containersOf(spec).filter((container) => addedBeyond(allowed, container).length > 0)
  if (bad.length === 0) return undefined
  const capabilities = sorted(bad.flatMap((container) => addedBeyond(allowed, container)))
  return `${named(bad)} must not include ${quoted(capabilities)} in securityContext.capabilities.add`
}

function capabilitiesBaseline(spec: PodSpec): Violation | undefined {
  const detail = addedCapabilities(spec, defaultCapabilities)
  return detail === undefined ? undefined : { reason: 'non-default capabilities', detail }
}

function hostNamespaces({ hostNetwork, hostPID, hostIPC }: PodSpec): Violation | undefined {
  const used = Object.entries({ hostNetwork, hostPID, hostIPC }).flatMap(([name, isSet]) =>
    isSet === true ? [`${name}=true`] : [],
  )
  return used.length === 0 ? undefined : { reason: 'host namespaces', detail: used.join(', ') }
}

function hostPathVolumes({ volumes = [] }: PodSpec): Violation | undefined {
  const bad = volumes.filter(({ hostPath }) => hostPath != null).map(({ name }) => name)
  if (bad.length === 0) return undefined
  return { reason: 'hostPath volumes', detail: `${plural('volume', 'volumes', bad.length)} ${quoted(bad)}` }
}

function hostPorts(spec: PodSpec): Violation | undefined {
  const portsOf = ({ ports = [] }: Container): number[] =>
    ports.flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [hostPort]))
  const bad = containersOf(spec).filter((container) => portsOf(container).length > 0)
  if (bad.length === 0) return undefined
  const ports = sorted(bad.flatMap(portsOf).map(String))
  const uses = plural('uses', 'use', bad.length)
  return {
    reason: 'hostPort',
    detail: `${named(bad)} ${uses} ${plural('hostPort', 'hostPorts', ports.length)} ${ports.join(', ')}`,
  }
}

function hostsOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] {
  const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]
  return handlers
    .flatMap((handler) => [handler?.httpGet?.host ?? '', handler?.tcpSocket?.host ?? ''])
    .filter((host) => host !== '')
}

function hostProbesAndHostLifecycle(spec: PodSpec): Violation | undefined {
  const bad = containersOf(spec).filter((container) => hostsOf(container).length > 0)
  if (bad.length === 0) return undefined
  const hosts = sorted(bad.flatMap(hostsOf))
  const what = plural('probe or lifecycle host', 'probe or lifecycle hosts', hosts.length)
  return {
    reason: 'probe or lifecycle host',
    detail: `${named(bad)} ${plural('uses', 'use', bad.length)} ${what} ${quoted(hosts)}`,
  }
}

function privileged(spec: PodSpec): Violation | undefined {
  const bad = containersOf(spec).filter(({ securityContext }) => securityContext?.privileged === true)
  if (bad.length === 0) return undefined
  return { reason: 'privileged', detail: `${named(bad)} must not set securityContext.privileged=true` }
}

function procMountRestricted(spec: PodSpec): Violation | undefined {
  const typeOf = ({ securityContext }: Container): string => securityContext?.procMount ?? 'Default'
  const bad = containersOf(spec).filter((container) => typeOf(container) !== 'Default')
  if (bad.length === 0) return undefined
  return {
    reason: 'procMount',
    detail: `${named(bad)} must not set securityContext.procMount to ${quoted(sorted(bad.map(typeOf)))}`,
  }
}

/** A pod in a user namespace of its own may look like root to itself. */
function unlessInUserNamespace(check: Check): Check {
  return (spec, metadata) => (spec.hostUsers === false ? undefined : check(spec, metadata))
}

const seLinuxTypes: ReadonlySet<string> = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
])

function seLinuxOptions(spec: PodSpec): Violation | undefined {
  type Options = NonNullable<NonNullable<PodSpec['securityContext']>['seLinuxOptions']>
  const isBad = (options: Options | undefined): options is Options =>
    options != null && (!seLinuxTypes.has(options.type ?? '') || Boolean(options.user) || Boolean(options.role))
  const podOptions = spec.securityContext?.seLinuxOptions
  const bad = containersOf(spec).filter(({ securityContext }) => isBad(securityContext?.seLinuxOptions))
  const all = [podOptions, ...bad.map(({ securityContext }) => securityContext?.seLinuxOptions)].filter(isBad)
  if (all.length === 0) return undefined
  const types = sorted(all.flatMap(({ type = '' }) => (seLinuxTypes.has(type) ? [] : [type])))
  const details = [
    ...(types.length > 0 ? [`${plural('type', 'types', types.length)} ${quoted(types)}`] : []),
    ...(all.some(({ user }) => user) ? ['user may not be set'] : []),
    ...(all.some(({ role }) => role) ? ['role may not be set'] : []),
  ]
  return {
    reason: 'seLinuxOptions',
    detail: `${setters(isBad(podOptions), bad).join(' and ')} set forbidden securityContext.seLinuxOptions: ${details.join('; ')}`,
  }
}

function isSeccompAllowed(type: string | undefined): boolean {
  return type === 'RuntimeDefault' || type === 'Localhost'
}

function seccompBaseline(spec: PodSpec): Violation | undefined {
  const podType = spec.securityContext?.seccompProfile?.type
  const typeOf = ({ securityContext }: Container): string | undefined => securityContext?.seccompProfile?.type
  const bad = containersOf(spec).filter(
    (container) => typeOf(container) !== undefined && !isSeccompAllowed(typeOf(container)),
  )
  const isPodBad = podType !== undefined && !isSeccompAllowed(podType)
  const who = setters(isPodBad, bad)
  if (who.length === 0) return undefined
  const types = sorted([...(isPodBad ? [podType] : []), ...bad.map((container) => typeOf(container) ?? '')])
  return {
    reason: 'seccompProfile',
    detail: `${who.join(' and ')} must not set securityContext.seccompProfile.type to ${quoted(types)}`,
  }
}

function seccompRestricted(spec: PodSpec): Violation | undefined {
  const wrong = seccompBaseline(spec)
  if (wrong !== undefined || isSeccompAllowed(spec.securityContext?.seccompProfile?.type)) return wrong
  const unset = containersOf(spec).filter(({ securityContext }) => securityContext?.seccompProfile == null)
  if (unset.length === 0) return undefined
  return {
    reason: 'seccompProfile',
    detail: `pod or ${named(unset)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  }
}

const safeSysctls: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
])

function sysctls({ securityContext }: PodSpec): Violation | undefined {
  const bad = (securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !safeSysctls.has(name))
  return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') }
}

function windowsHostProcess(spec: PodSpec): Violation | undefined {
  const bad = containersOf(spec).filter(({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true)
  const who = setters(spec.securityContext?.windowsOptions?.hostProcess === true, bad)
  if (who.length === 0) return undefined
  return {
    reason: 'hostProcess',
    detail: `${who.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true`,
  }
}

function allowPrivilegeEscalation(spec: PodSpec): Violation | undefined {
  const bad = containersOf(spec).filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false)
  if (bad.length === 0) return undefined
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${named(bad)} must set securityContext.allowPrivilegeEscalation=false`,
  }
}

function capabilitiesRestricted(spec: PodSpec): Violation | undefined {
  const keeping = containersOf(spec).filter(
    ({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL') !== true,
  )
  const added = addedCapabilities(spec, new Set(['NET_BIND_SERVICE']))
  const details = [
    ...(keeping.length > 0 ? [`${named(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(added === undefined ? [] : [added]),
  ]
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') }
}

const allowedVolumes: ReadonlySet<string> = new Set(
  'configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret'.split(' '),
)

function restrictedVolumes({ volumes = [] }: PodSpec): Violation | undefined {
  const typeOf = (volume: object): string =>
    Object.entries(volume).find(([key, value]) => key !== 'name' && value != null)?.[0] ?? 'unknown'
  const bad = volumes.filter((volume) => !allowedVolumes.has(typeOf(volume)))
  if (bad.length === 0) return undefined
  const types = sorted(bad.map(typeOf))
  const which = `${plural('volume', 'volumes', bad.length)} ${quoted(bad.map(({ name }) => name))}`
  const what = plural('restricted volume type', 'restricted volume types', types.length)
  return {
    reason: 'restricted volume types',
    detail: `${which} ${plural('uses', 'use', bad.length)} ${what} ${quoted(types)}`,
  }
}

function runAsNonRoot(spec: PodSpec): Violation | undefined {
  const reason = 'runAsNonRoot != true'
  const ofPod = spec.securityContext?.runAsNonRoot
  const bad = containersOf(spec).filter(({ securityContext }) => securityContext?.runAsNonRoot === false)
  const who = setters(ofPod === false, bad)
  if (who.length > 0) return { reason, detail: `${who.join(' and ')} must not set securityContext.runAsNonRoot=false` }
  const unset = containersOf(spec).filter(({ securityContext }) => securityContext?.runAsNonRoot == null)
  if (ofPod === true || unset.length === 0) return undefined
  return { reason, detail: `pod or ${named(unset)} must set securityContext.runAsNonRoot=true` }
}

function runAsUser(spec: PodSpec): Violation | undefined {
  const bad = containersOf(spec).filter(({ securityContext }) => securityContext?.runAsUser === 0)
  const who = setters(spec.securityContext?.runAsUser === 0, bad)
  return who.length === 0
    ? undefined
    : { reason: 'runAsUser=0', detail: `${who.join(' and ')} must not set runAsUser=0` }
}

/** What Windows does not have need not be set. */
function unlessWindows(check: Check): Check {
  return (spec, metadata) => (spec.os?.name === 'windows' ? undefined : check(spec, metadata))
}

const common: readonly Check[] = [
  hostNamespaces,
  hostPorts,
  hostProbesAndHostLifecycle,
  privileged,
  seLinuxOptions,
  sysctls,
  windowsHostProcess,
]

const checks: Readonly<Record<Level, readonly Check[]>> = {
  privileged: [],
  baseline: [
    appArmorProfile,
    capabilitiesBaseline,
    hostNamespaces,
    hostPathVolumes,
    hostPorts,
    hostProbesAndHostLifecycle,
    privileged,
    unlessInUserNamespace(procMountRestricted),
    seLinuxOptions,
    seccompBaseline,
    sysctls,
    windowsHostProcess,
  ],
  restricted: [
    appArmorProfile,
    ...common,
    unlessWindows(allowPrivilegeEscalation),
    unlessWindows(capabilitiesRestricted),
    procMountRestricted,
    restrictedVolumes,
    unlessInUserNamespace(runAsNonRoot),
    unlessInUserNamespace(runAsUser),
    unlessWindows(seccompRestricted),
  ],
}

export function violations(level: Level, spec: PodSpec, metadata: Metadata): readonly Violation[] {
  return checks[level].map((check) => check(spec, metadata)).filter((violation) => violation !== undefined)
}
