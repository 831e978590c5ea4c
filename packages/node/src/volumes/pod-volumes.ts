// The volumes of a pod: where each is on the host, and what is in it. Contents that come from the API are computed
// anew on each sync, and exchanged atomically where they differ.

import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type {
  Clock,
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
  TokenRequest,
  Volume,
} from '@binnacle/api'
import { type Client, persistentVolumeClaims, persistentVolumes, serviceAccounts } from '@binnacle/client'
import { ifMissing } from '../missing-file.ts'
import { type NodeFacts, type References, podField, resourceField } from '../pods/environment.ts'
import { type Ownership, type VolumeFile, writeAtomically } from './atomic-writer.ts'

/** Event FailedMount. */
export class VolumeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'VolumeError'
  }
}

export interface PodVolumesOptions {
  client: Client
  clock: Clock
  references: References
  facts: NodeFacts
  /** Folder of the pod. */
  directory: string
}

interface Token {
  token: string
  /** Milliseconds since the epoch. */
  refreshAt: number
}

type Items = readonly { key: string; path: string; mode?: number | undefined }[]

export class PodVolumes {
  readonly #options: PodVolumesOptions
  readonly #tokens = new Map<string, Token>()

  constructor(options: PodVolumesOptions) {
    this.#options = options
  }

  /** Makes or brings up to date all volumes; from volume name to path on the host. Throws VolumeError. */
  async sync(pod: Pod): Promise<Map<string, string>> {
    const paths = new Map<string, string>()
    for (const volume of pod.spec?.volumes ?? []) {
      try {
        paths.set(volume.name, await this.#syncOne(pod, volume))
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${why}`)
      }
    }
    return paths
  }

  /** Milliseconds until a token must be renewed; undefined without tokens. */
  nextRefreshMs(): number | undefined {
    const times = [...this.#tokens.values()].map(({ refreshAt }) => refreshAt)
    return times.length === 0 ? undefined : Math.max(1000, Math.min(...times) - this.#options.clock.now())
  }

  async #syncOne(pod: Pod, volume: Volume): Promise<string> {
    const directory = join(this.#options.directory, 'volumes', volume.name)
    if (volume.hostPath) return hostPath(volume.hostPath.path, volume.hostPath.type ?? '')
    if (volume.persistentVolumeClaim) return this.#claimed(pod, volume.persistentVolumeClaim.claimName)
    if (volume.emptyDir) {
      await mkdir(directory, { recursive: true })
      await chmod(directory, 0o777)
      return directory
    }
    const files = await this.#files(pod, volume)
    const security = pod.spec?.securityContext
    const owner: Ownership | undefined =
      process.getuid?.() === 0 && security?.fsGroup !== undefined ? { uid: 0, gid: security.fsGroup } : undefined
    if (owner !== undefined) for (const file of files.values()) file.mode |= (file.mode & 0o700) >> 3
    await writeAtomically(directory, files, owner)
    return directory
  }

  async #files(pod: Pod, volume: Volume): Promise<Map<string, VolumeFile>> {
    const namespace = pod.metadata.namespace ?? ''
    if (volume.configMap) {
      const { name = '', items, optional, defaultMode } = volume.configMap
      return this.#configMapFiles(namespace, { name, items, optional, mode: defaultMode ?? 0o644 })
    }
    if (volume.secret) {
      const { secretName = '', items, optional, defaultMode } = volume.secret
      return this.#secretFiles(namespace, { name: secretName, items, optional, mode: defaultMode ?? 0o644 })
    }
    if (volume.downwardAPI)
      return this.#downwardFiles(pod, volume.downwardAPI.items ?? [], volume.downwardAPI.defaultMode ?? 0o644)
    if (volume.projected) return this.#projectedFiles(pod, volume)
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'unknown'
    throw new Error(`volume type ${kind} is not supported by this node`)
  }

  /** The folder behind a claim that is bound. */
  async #claimed({ metadata }: Pod, claimName: string): Promise<string> {
    const { client } = this.#options
    const claim = await client.get<PersistentVolumeClaim>(persistentVolumeClaims, {
      namespace: metadata.namespace ?? '',
      name: claimName,
    })
    const name = claim.spec?.volumeName
    if (name === undefined || claim.status?.phase !== 'Bound')
      throw new Error(`persistentvolumeclaim "${claimName}" is not bound yet`)
    const { spec } = await client.get<PersistentVolume>(persistentVolumes, { name })
    if (spec?.claimRef?.uid !== claim.metadata.uid)
      throw new Error(`persistentvolume "${name}" is bound to another claim than "${claimName}"`)
    if (spec?.hostPath) return hostPath(spec.hostPath.path, spec.hostPath.type ?? '')
    if (spec?.local) return hostPath(spec.local.path, 'Directory')
    throw new Error(`persistentvolume "${name}" is neither a hostPath nor a local volume: this node supports no other`)
  }

  async #projectedFiles(pod: Pod, volume: Volume): Promise<Map<string, VolumeFile>> {
    const namespace = pod.metadata.namespace ?? ''
    const mode = volume.projected?.defaultMode ?? 0o644
    const files = new Map<string, VolumeFile>()
    for (const source of volume.projected?.sources ?? []) {
      let part = new Map<string, VolumeFile>()
      if (source.configMap)
        part = await this.#configMapFiles(namespace, { ...source.configMap, name: source.configMap.name ?? '', mode })
      else if (source.secret)
        part = await this.#secretFiles(namespace, { ...source.secret, name: source.secret.name ?? '', mode })
      else if (source.downwardAPI) part = this.#downwardFiles(pod, source.downwardAPI.items ?? [], mode)
      else if (source.serviceAccountToken) {
        const { path, audience, expirationSeconds } = source.serviceAccountToken
        const token = await this.#token(pod, `${volume.name}/${path}`, { audience, expirationSeconds })
        // As upstream, a token is for its reader only, unless a user is named by the pod.
        const open = pod.spec?.securityContext?.fsGroup !== undefined || process.getuid?.() !== 0
        part.set(path, { data: Buffer.from(token), mode: open ? 0o600 : 0o644 })
      } else throw new Error(`projected source ${Object.keys(source)[0]} is not supported by this node`)
      for (const [path, file] of part) files.set(path, file)
    }
    return files
  }

  async #configMapFiles(
    namespace: string,
    {
      name,
      items,
      optional,
      mode,
    }: { name: string; items?: Items | undefined; optional?: boolean | undefined; mode: number },
  ): Promise<Map<string, VolumeFile>> {
    const found: ConfigMap | undefined = await this.#options.references.configMap(namespace, name)
    if (found === undefined && optional !== true) throw new Error(`configmap "${name}" not found`)
    const contents = new Map<string, Buffer>()
    for (const [key, value] of Object.entries(found?.data ?? {})) contents.set(key, Buffer.from(value))
    for (const [key, value] of Object.entries(found?.binaryData ?? {})) contents.set(key, Buffer.from(value, 'base64'))
    return chosen(contents, { items, optional, mode })
  }

  async #secretFiles(
    namespace: string,
    {
      name,
      items,
      optional,
      mode,
    }: { name: string; items?: Items | undefined; optional?: boolean | undefined; mode: number },
  ): Promise<Map<string, VolumeFile>> {
    const found: Secret | undefined = await this.#options.references.secret(namespace, name)
    if (found === undefined && optional !== true) throw new Error(`secret "${name}" not found`)
    const contents = new Map(
      Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]),
    )
    return chosen(contents, { items, optional, mode })
  }

  #downwardFiles(
    pod: Pod,
    items: readonly {
      path: string
      mode?: number | undefined
      fieldRef?: { fieldPath: string } | undefined
      resourceFieldRef?:
        | { resource: string; containerName?: string | undefined; divisor?: string | number | undefined }
        | undefined
    }[],
    mode: number,
  ): Map<string, VolumeFile> {
    const { facts } = this.#options
    return new Map(
      items.map((item) => {
        const text = item.fieldRef
          ? podField(pod, item.fieldRef.fieldPath, facts)
          : item.resourceFieldRef
            ? resourceField(pod, item.resourceFieldRef, facts)
            : ''
        return [item.path, { data: Buffer.from(text), mode: item.mode ?? mode }]
      }),
    )
  }

  /** Renewed after 80 % of its life, as kubelet's token manager does. */
  async #token(
    pod: Pod,
    key: string,
    { audience, expirationSeconds = 3600 }: { audience?: string | undefined; expirationSeconds?: number | undefined },
  ): Promise<string> {
    const { clock, client } = this.#options
    const known = this.#tokens.get(key)
    if (known !== undefined && known.refreshAt > clock.now()) return known.token
    const { metadata } = pod
    const answer = await client.subresource<TokenRequest>(serviceAccounts, 'token', {
      verb: 'create',
      namespace: metadata.namespace ?? '',
      name: pod.spec?.serviceAccountName ?? 'default',
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          audiences: audience === undefined || audience === '' ? [] : [audience],
          expirationSeconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid: metadata.uid },
        },
      },
    })
    const token = answer.status?.token ?? ''
    this.#tokens.set(key, { token, refreshAt: clock.now() + expirationSeconds * 800 })
    return token
  }
}

function chosen(
  contents: ReadonlyMap<string, Buffer>,
  { items, optional, mode }: { items?: Items | undefined; optional?: boolean | undefined; mode: number },
): Map<string, VolumeFile> {
  if (items === undefined || items.length === 0)
    return new Map([...contents].map(([key, data]) => [key, { data, mode }]))
  const files = new Map<string, VolumeFile>()
  for (const item of items) {
    const data = contents.get(item.key)
    if (data !== undefined) files.set(item.path, { data, mode: item.mode ?? mode })
    else if (optional !== true) throw new Error(`references non-existent config key: ${item.key}`)
  }
  return files
}

async function hostPath(path: string, type: string): Promise<string> {
  if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 })
  if (type === 'FileOrCreate') await writeFile(path, '', { flag: 'a', mode: 0o644 })
  const found = await stat(path).catch(ifMissing(undefined))
  if (found === undefined) throw new Error(`hostPath type check failed: ${path} does not exist`)
  if (type === 'Directory' && !found.isDirectory())
    throw new Error(`hostPath type check failed: ${path} is not a directory`)
  if (type === 'File' && !found.isFile()) throw new Error(`hostPath type check failed: ${path} is not a file`)
  if (type === 'Socket' && !found.isSocket())
    throw new Error(`hostPath type check failed: ${path} is not a socket file`)
  return path
}

/** All that the pod had on disk. */
export async function removePodDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
}
