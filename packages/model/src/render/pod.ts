// The containers and volumes of a Microservice's pods.

import type { Container, PodSecurityContext, SecurityContext, Volume, VolumeMount } from '@binnacle/api'
import type { AdminJob, ConfigFile, Microservice, MicroserviceSpec, Sidecar } from '../kinds/microservice.ts'
import type { EnvVar, Port } from '../kinds/shared.ts'
import type { RenderContext } from './context.ts'
import { bindingSecretName } from './engines.ts'
import { defined, fileKey, ownedName } from './names.ts'
import { RenderError } from './render-error.ts'
import { bindingVariables, boundSource, useVariables } from './wires.ts'

/** Where bindings are found as files (servicebinding.io). */
const bindingRoot = '/bindings'

/** The end of a failed program's log becomes part of the pod's status, and so of what the resource says of itself. */
const terminationMessagePolicy = 'FallbackToLogsOnError'

export function filesConfigMapName(service: string): string {
  return ownedName(service, 'files')
}

/** The image that runs: what the context knows of it, or the reference of the resource. */
export function imageOf(service: Microservice, { images }: RenderContext): string {
  const image = images?.get(service.metadata.name ?? '') ?? service.spec.image
  if (image === undefined)
    throw new RenderError('spec.build', 'ImageUnknown', `the image of ${service.metadata.name} is not built yet`)
  return image
}

export function programContainer(service: Microservice, context: RenderContext): Container {
  const { spec } = service
  const mounts = [...mountsOf(service), ...(spec.storage ?? []).map(({ name, path }) => ({ name, mountPath: path }))]
  return defined({
    name: service.metadata.name ?? '',
    image: imageOf(service, context),
    command: spec.command,
    args: spec.args,
    ...portsOf(spec.ports),
    ...environmentOf(service, [], context),
    ...(spec.envFrom === undefined ? {} : { envFrom: spec.envFrom }),
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
    livenessProbe: spec.health?.liveness,
    readinessProbe: spec.health?.readiness,
    startupProbe: spec.health?.startup,
    terminationMessagePolicy,
    resources: spec.resources,
    securityContext: containerSecurity(spec),
  })
}

/** A sidecar starts before the program and ends after it (KEP-753). */
export function sidecarContainer({ name, image, command, args, env, ports, resources }: Sidecar): Container {
  return defined({
    name,
    image,
    restartPolicy: 'Always',
    terminationMessagePolicy,
    command,
    args,
    env,
    ...portsOf(ports),
    resources,
  })
}

export function jobContainer(
  service: Microservice,
  job: AdminJob,
  { context }: { field: string; context: RenderContext },
): Container {
  const { spec } = service
  const mounts = mountsOf(service)
  return defined({
    name: job.name,
    image: job.image ?? imageOf(service, context),
    terminationMessagePolicy,
    command: job.command,
    args: job.args,
    ...environmentOf(service, job.env ?? [], context),
    ...(spec.envFrom === undefined ? {} : { envFrom: spec.envFrom }),
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
    resources: spec.resources,
    securityContext: containerSecurity(spec),
  })
}

/** What a pod says for all its containers. */
export function podSecurity({ securityContext }: MicroserviceSpec): PodSecurityContext | undefined {
  const { runAsUser, runAsGroup, runAsNonRoot, fsGroup, supplementalGroups, seccompProfile } = securityContext ?? {}
  return ifAny(defined({ runAsUser, runAsGroup, runAsNonRoot, fsGroup, supplementalGroups, seccompProfile }))
}

function containerSecurity({ securityContext }: MicroserviceSpec): SecurityContext | undefined {
  const { readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } = securityContext ?? {}
  return ifAny(defined({ readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities }))
}

function ifAny<T extends object>(fields: T): T | undefined {
  return Object.keys(fields).length === 0 ? undefined : fields
}

function portsOf(ports: readonly Port[] | undefined): Pick<Container, 'ports'> {
  if (ports === undefined || ports.length === 0) return {}
  return {
    ports: ports.map(({ name, port, targetPort, protocol }) =>
      defined({ name, containerPort: targetPort ?? port, protocol: protocol === 'UDP' ? protocol : undefined }),
    ),
  }
}

/** Wires first, so that the service's own variables may use them and win over them. */
function environmentOf(
  service: Microservice,
  further: readonly EnvVar[],
  context: RenderContext,
): Pick<Container, 'env'> {
  const { uses = [], bindings = [], env = [] } = service.spec
  const variables = new Map<string, { name: string; value?: string; valueFrom?: object }>()
  const all = [
    ...uses.flatMap((use, index) => useVariables(use, `spec.uses[${index}]`, context)),
    ...bindings.flatMap((binding, index) => bindingVariables(binding, `spec.bindings[${index}]`, context)),
    ...(bindings.length > 0 ? [{ name: 'SERVICE_BINDING_ROOT', value: bindingRoot }] : []),
    ...env,
    ...further,
  ]
  for (const variable of all) {
    // A variable may use those before it: one that is said again stands where it was said last.
    variables.delete(variable.name)
    variables.set(variable.name, variable)
  }
  bindings.forEach((binding, index) => boundSource(binding, `spec.bindings[${index}]`, context))
  return variables.size === 0 ? {} : { env: [...variables.values()] as NonNullable<Container['env']> }
}

function mountsOf(service: Microservice): VolumeMount[] {
  const { files = [], bindings = [], scratch = [] } = service.spec
  return [
    ...scratch.map(({ path }, index) => ({ name: scratchVolumeName(index), mountPath: path })),
    ...files.map((file, index) => ({
      name: volumeNameOf(file, index),
      mountPath: file.path,
      subPath: keyOf(file),
      readOnly: true,
    })),
    ...bindings.map(({ name }) => ({
      name: bindingVolumeName(name),
      mountPath: `${bindingRoot}/${name}`,
      readOnly: true,
    })),
  ]
}

/** All files with content come from one ConfigMap; each other file has a volume of its own. */
export function volumesOf(service: Microservice): Volume[] {
  const { files = [], bindings = [], scratch = [] } = service.spec
  const name = service.metadata.name ?? ''
  const volumes: Volume[] = scratch.map(({ medium, sizeLimit }, index) => ({
    name: scratchVolumeName(index),
    emptyDir: defined({ medium, sizeLimit }),
  }))
  if (files.some(({ content }) => content !== undefined))
    volumes.push({ name: 'files', configMap: { name: filesConfigMapName(name) } })
  files.forEach((file, index) => {
    if (file.configMap !== undefined)
      volumes.push({
        name: volumeNameOf(file, index),
        configMap: optionally(file.configMap, { name: file.configMap.name }),
      })
    if (file.secret !== undefined)
      volumes.push({
        name: volumeNameOf(file, index),
        secret: optionally(file.secret, { secretName: file.secret.name }),
      })
  })
  for (const binding of bindings)
    volumes.push({ name: bindingVolumeName(binding.name), secret: { secretName: bindingSecretName(binding.name) } })
  return volumes
}

function optionally<T extends object>({ optional }: { optional?: boolean }, source: T): T {
  return optional === true ? { ...source, optional } : source
}

function volumeNameOf(file: ConfigFile, index: number): string {
  return file.content === undefined ? `file-${index}` : 'files'
}

function keyOf(file: ConfigFile): string {
  return file.configMap?.key ?? file.secret?.key ?? fileKey(file.path)
}

function scratchVolumeName(index: number): string {
  return `scratch-${index}`
}

function bindingVolumeName(name: string): string {
  return ownedName(name, 'binding')
}

/** `ConfigMap/<name>` and `Secret/<name>` of all that the pods read at their start. */
export function readSources({
  env = [],
  envFrom = [],
  files = [],
  bindings = [],
  sidecars = [],
}: MicroserviceSpec): string[] {
  const variables = [...env, ...sidecars.flatMap((sidecar) => sidecar.env ?? [])]
  const sources = [
    ...variables.flatMap(({ valueFrom }) => [
      ...(valueFrom?.configMapKeyRef === undefined ? [] : [`ConfigMap/${valueFrom.configMapKeyRef.name}`]),
      ...(valueFrom?.secretKeyRef === undefined ? [] : [`Secret/${valueFrom.secretKeyRef.name}`]),
    ]),
    ...envFrom.flatMap(({ configMapRef, secretRef }) => [
      ...(configMapRef === undefined ? [] : [`ConfigMap/${configMapRef.name}`]),
      ...(secretRef === undefined ? [] : [`Secret/${secretRef.name}`]),
    ]),
    ...files.flatMap(({ configMap, secret }) => [
      ...(configMap === undefined ? [] : [`ConfigMap/${configMap.name}`]),
      ...(secret === undefined ? [] : [`Secret/${secret.name}`]),
    ]),
    ...bindings.map(({ name }) => `Secret/${bindingSecretName(name)}`),
  ]
  return [...new Set(sources)].toSorted()
}
