// Of a pod's template: as whom it runs, and what is mounted. What a Microservice cannot say is named, never left out.

import type { Container, PodSpec, Volume, VolumeMount } from '@binnacle/api'
import type { ConfigFile, ScratchFolder, Security } from '@binnacle/model'
import { defined } from './defined.ts'

interface Why {
  why: string
}

type Known = { readonly [K in keyof Security]-?: true }

const known: Known = {
  runAsUser: true,
  runAsGroup: true,
  runAsNonRoot: true,
  fsGroup: true,
  supplementalGroups: true,
  seccompProfile: true,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: true,
  capabilities: true,
}

/** One container: what it says of itself goes before what the pod says for all. */
export function securityOf(pod: PodSpec | undefined, container: Container): { security?: Security } | Why {
  const { privileged, ...own } = container.securityContext ?? {}
  if (privileged === true) return { why: 'a Microservice has no privileges' }
  const all = defined({ ...pod?.securityContext, ...defined(own) })
  const strange = Object.keys(all).find((field) => !(field in known))
  if (strange !== undefined) return { why: `a Microservice has no securityContext.${strange}` }
  // Its fields are those of `Security`, with core/v1's wider types for two enumerations.
  return Object.keys(all).length === 0 ? {} : { security: all as Security }
}

export interface Mounted {
  scratch: ScratchFolder[]
  files: ConfigFile[]
}

export function mountedIn(pod: PodSpec | undefined, { volumeMounts = [] }: Container): Mounted | Why {
  const mounted: Mounted = { scratch: [], files: [] }
  const names = new Set<string>()
  for (const mount of volumeMounts) {
    const volume = pod?.volumes?.find(({ name }) => name === mount.name)
    if (volume === undefined) return { why: `it mounts ${mount.name}, which is no volume of it` }
    const one = volume.emptyDir === undefined ? fileOf(volume, mount) : scratchOf(volume, mount)
    if ('why' in one) return one
    if ('scratch' in one) {
      if (names.has(volume.name)) return { why: `it mounts ${volume.name} at two places` }
      names.add(volume.name)
      mounted.scratch.push(one.scratch)
    } else mounted.files.push(one.file)
  }
  return mounted
}

function scratchOf({ name, emptyDir }: Volume, mount: VolumeMount): { scratch: ScratchFolder } | Why {
  const { medium = '', sizeLimit } = emptyDir ?? {}
  if (medium !== '' && medium !== 'Memory') return { why: `a Microservice has no volume of ${medium}` }
  if (mount.subPath !== undefined || mount.subPathExpr !== undefined)
    return { why: `it mounts a part of the empty volume ${name}` }
  return {
    scratch: defined({
      path: mount.mountPath,
      medium: medium === '' ? undefined : ('Memory' as const),
      sizeLimit: sizeLimit === undefined ? undefined : String(sizeLimit),
    }),
  }
}

/** A file of a ConfigMap or Secret. A whole one would hide what else the image has in the folder. */
function fileOf(volume: Volume, { subPath, mountPath }: VolumeMount): { file: ConfigFile } | Why {
  const { name, configMap, secret } = volume
  const source = configMap ?? secret
  const sourceName = configMap?.name ?? secret?.secretName
  if (source === undefined || sourceName === undefined) {
    const kind = Object.keys(volume).find((field) => field !== 'name') ?? 'none'
    return { why: `a Microservice has no volume like ${name} (${kind})` }
  }
  const what = `${configMap === undefined ? 'Secret' : 'ConfigMap'} ${sourceName}`
  if (subPath === undefined)
    return { why: `it mounts all of the ${what} at ${mountPath}: name each file in spec.files` }
  const item = source.items?.find(({ path }) => path === subPath)
  if (source.items !== undefined && item === undefined) return { why: `its ${what} has no file ${subPath}` }
  if ((source.defaultMode ?? 0o644) !== 0o644 || item?.mode !== undefined)
    return { why: `a Microservice's files have no mode, as those of its ${what}` }
  const selector = {
    name: sourceName,
    key: item?.key ?? subPath,
    ...(source.optional === undefined ? {} : { optional: source.optional }),
  }
  return { file: { path: mountPath, ...(configMap === undefined ? { secret: selector } : { configMap: selector }) } }
}
