// From a container of a pod and its image to what a runtime is asked to start.
// Upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go (generateContainerConfig), security_context.go.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Container, type Pod, type Service, quantityValue } from '@binnacle/api'
import type { ContainerConfig, ImageConfig, Mount, ResolvedImage } from '../runtime.ts'
import { ContainerConfigError, type NodeFacts, type References, containerEnvironment, expand } from './environment.ts'

export interface ContainerRequest {
  pod: Pod
  container: Container
  /** 0 for the first start, then the restart count. */
  attempt: number
  /** Folder of the pod. */
  directory: string
}

export interface ContainerSurroundings {
  image: ResolvedImage
  services: readonly Service[]
  references: References
  facts: NodeFacts
  /** From volume name to path on the host. */
  volumes: ReadonlyMap<string, string>
}

export function podHostname(pod: Pod): string {
  return (pod.spec?.hostname ?? pod.metadata.name ?? '').slice(0, 63)
}

/** Where a container's program leaves its last words, on the host. */
export function terminationFile(directory: string, name: string, attempt: number): string {
  return join(directory, 'termination', name, String(attempt))
}

/** For a runtime that plays the pod's life. */
export function playedConfig({ pod, container, attempt, directory }: ContainerRequest): ContainerConfig {
  return {
    podUid: pod.metadata.uid ?? '',
    podNamespace: pod.metadata.namespace ?? '',
    podName: pod.metadata.name ?? '',
    hostname: pod.metadata.name ?? '',
    directory,
    name: container.name,
    attempt,
    image: container.image ?? '',
    imageId: container.image ?? '',
    argv: [],
    workingDirectory: '/',
    environment: {},
    mounts: [],
    stdin: false,
    stdinOnce: false,
    tty: false,
    ports: [],
  }
}

/** Throws ContainerConfigError for what the pod asks and cannot have. */
export async function containerConfig(
  request: ContainerRequest,
  surroundings: ContainerSurroundings,
): Promise<ContainerConfig> {
  const { pod, container } = request
  const { image, services, references, facts } = surroundings
  const { digest, config } = image
  const reference = container.image ?? ''
  const environment = await containerEnvironment({
    pod,
    container,
    imageEnvironment: config.Env ?? [],
    services,
    references,
    facts,
  })
  environment['HOSTNAME'] ??= podHostname(pod)
  const literal = container.env?.find(({ name }) => name === 'PORT')
  const limit = container.resources?.limits?.['memory']
  return {
    ...playedConfig(request),
    hostname: podHostname(pod),
    imageId: `${reference.replace(/[:@][^/]*$/, '')}@${digest}`,
    user: userOf(pod, container, config),
    rootfs: await image.rootfs(),
    argv: argumentsOf(container, config, environment),
    workingDirectory: container.workingDir || config.WorkingDir || '/',
    environment,
    literalPort: literal?.value,
    mounts: await mountsOf(request, surroundings.volumes, environment),
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    memoryLimitBytes: limit === undefined ? undefined : quantityValue(limit),
    ports: (container.ports ?? []).map(({ name, containerPort, protocol = 'TCP', hostPort }) => ({
      name,
      containerPort,
      protocol,
      hostPort: pod.spec?.hostNetwork === true ? containerPort : hostPort,
    })),
  }
}

/** Kubernetes' table of command and args over Entrypoint and Cmd: a command of the pod drops the image's Cmd. */
function argumentsOf(container: Container, config: ImageConfig, environment: Record<string, string>): string[] {
  const words = (list: readonly string[] | undefined): string[] | undefined =>
    list?.length ? list.map((word) => expand(word, environment)) : undefined
  const command = words(container.command)
  const args = words(container.args)
  return command === undefined
    ? [...(config.Entrypoint ?? []), ...(args ?? config.Cmd ?? [])]
    : [...command, ...(args ?? [])]
}

function userOf(pod: Pod, container: Container, config: ImageConfig): ContainerConfig['user'] {
  const shared = pod.spec?.securityContext
  const own = container.securityContext
  const [imageUser = '', imageGroup = ''] = (config.User ?? '').split(':')
  const uid = own?.runAsUser ?? shared?.runAsUser ?? (/^\d+$/.test(imageUser) ? Number(imageUser) : undefined)
  const asRoot = uid === 0 || (uid === undefined && process.getuid?.() === 0)
  if ((own?.runAsNonRoot ?? shared?.runAsNonRoot) === true && asRoot) {
    const { name, namespace, uid: podUid } = pod.metadata
    throw new ContainerConfigError(
      `container has runAsNonRoot and image will run as root (pod: "${name}_${namespace}(${podUid})", container: ${container.name})`,
    )
  }
  if (uid === undefined) return undefined
  const gid = own?.runAsGroup ?? shared?.runAsGroup ?? (/^\d+$/.test(imageGroup) ? Number(imageGroup) : 0)
  return {
    uid,
    gid,
    groups: [...(shared?.supplementalGroups ?? []), ...(shared?.fsGroup === undefined ? [] : [shared.fsGroup])],
  }
}

async function mountsOf(
  { pod, container, attempt, directory }: ContainerRequest,
  volumes: ReadonlyMap<string, string>,
  environment: Record<string, string>,
): Promise<Mount[]> {
  const mounts: Mount[] = []
  for (const { name, mountPath, readOnly, subPath, subPathExpr } of container.volumeMounts ?? []) {
    const path = volumes.get(name)
    if (path === undefined) throw new ContainerConfigError(`volume "${name}" is not there`)
    const below = subPathExpr === undefined ? (subPath ?? '') : expand(subPathExpr, environment)
    if (below.split('/').includes('..')) throw new ContainerConfigError(`subPath "${below}" must not contain '..'`)
    const source = join(path, below)
    if (below !== '' && pod.spec?.volumes?.find((volume) => volume.name === name)?.emptyDir)
      await mkdir(source, { recursive: true })
    const isAutomatic = name.startsWith('kube-api-access-')
    mounts.push({ source, target: mountPath, readOnly: readOnly === true, optional: isAutomatic })
  }
  const message = terminationFile(directory, container.name, attempt)
  await mkdir(dirname(message), { recursive: true })
  await writeFile(message, '', { mode: 0o666 })
  const target = container.terminationMessagePath ?? '/dev/termination-log'
  mounts.push({ source: message, target, readOnly: false, optional: true })
  for (const [file, place] of [
    ['etc-hosts', '/etc/hosts'],
    ['resolv.conf', '/etc/resolv.conf'],
  ] as const)
    if (!mounts.some((mount) => mount.target === place))
      mounts.push({ source: join(directory, file), target: place, readOnly: false, optional: true })
  return mounts
}
