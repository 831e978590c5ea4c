// The platform's controllers in the engine: images are built here, and data sources are programs of this machine.

import { constants } from 'node:fs'
import { access, readdir, realpath } from 'node:fs/promises'
import { delimiter, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { systemClock } from '@binnacle/api'
import type { ApiServer } from '@binnacle/apiserver'
import { Informers, createClient, createEventRecorder } from '@binnacle/client'
import {
  BuildError,
  type ImageStore,
  buildImage,
  localRepository,
  parseReference,
  putEmptyImage,
} from '@binnacle/images'
import { type BuildRequest, type BuiltImage, type RunningPlatform, startPlatform } from '@binnacle/platform'

export interface EnginePlatformOptions {
  api: ApiServer
  images: ImageStore
  /** Hosts under which the engine's own registry is reached. */
  ownHosts: ReadonlySet<string>
  sourceRoots: readonly string[]
  runsPrograms: boolean
  signal: AbortSignal
  onError: (error: unknown, about?: string) => void
}

const programImage = { repository: 'binnacle/program', tag: '1' }

export async function startEnginePlatform(options: EnginePlatformOptions): Promise<RunningPlatform> {
  const { api, images, signal, onError, runsPrograms } = options
  if (runsPrograms) await putEmptyImage(images, programImage)
  const client = createClient(api.transport({ username: 'binnacle:platform', groups: ['system:masters'] }))
  const informers = new Informers({ client, onError: (error) => onError(error, 'informer') })
  const platform = await startPlatform({
    client,
    informers,
    events: createEventRecorder({ client, component: 'binnacle-controller', clock: systemClock, onError }),
    clock: systemClock,
    signal,
    builder: { build: (request) => build(request, options) },
    runtime: {
      serviceNames: false,
      ...(runsPrograms
        ? { programs: { image: `${programImage.repository}:${programImage.tag}`, find: findProgram } }
        : {}),
    },
    onError,
  })
  informers.start(signal)
  return platform
}

async function build(
  { context, base, repository, tag }: BuildRequest,
  { images, ownHosts, sourceRoots }: EnginePlatformOptions,
): Promise<BuiltImage> {
  const directory = await sourceFolder(context, sourceRoots)
  const from = base === undefined ? undefined : parseReference(base)
  const built = await buildImage({
    store: images,
    directory,
    repository,
    tag: tag ?? untagged,
    ...(from === undefined
      ? {}
      : { base: { repository: localRepository(from, ownHosts), reference: from.digest ?? from.tag ?? 'latest' } }),
  })
  return {
    image: `${repository}:${tag ?? (await tagByDigest(images, repository, built.digest))}`,
    digest: built.digest,
  }
}

const untagged = 'building'
/** Digits of a digest that tell an image from its other versions. */
const shortDigest = 12

/** The same sources give the same image, so that its digest is a tag that says which sources they are. */
async function tagByDigest(images: ImageStore, repository: string, digest: string): Promise<string> {
  const tag = digest.slice('sha256:'.length, 'sha256:'.length + shortDigest)
  const manifest = await images.manifest(repository, digest)
  if (manifest !== undefined) await images.putManifest(repository, manifest.bytes, manifest.mediaType, tag)
  await images.deleteTag(repository, untagged)
  return tag
}

/**
 * The folder, if it is below one of the roots: a resource must not make the engine read anything else.
 * @throws BuildError
 */
export async function sourceFolder(context: string, roots: readonly string[]): Promise<string> {
  for (const root of roots) {
    const folder = await realpath(resolve(root, context)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
      throw error
    })
    if (folder === undefined) continue
    const below = relative(await realpath(root), folder)
    if (below !== '..' && !below.startsWith('../') && !isAbsolute(below)) return folder
  }
  throw new BuildError(
    `there is no folder ${context} below the source folders of this engine (${roots.join(', ')}): correct build.context, or start the engine with --source DIR`,
  )
}

/** Folder of a program: on the PATH, or in one of the folders, in which `*` stands for a version; the highest wins. */
export async function findProgram(name: string, folders: readonly string[]): Promise<string | undefined> {
  const further = (await Promise.all(folders.map(expanded))).flat()
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), ...further]) {
    if (folder === '' || !(await isExecutable(join(folder, name)))) continue
    // A link leads to the folder in which the other programs of its version are, unless it has another name there.
    const real = dirname(await realpath(join(folder, name)))
    return (await isExecutable(join(real, name))) ? real : folder
  }
  return undefined
}

async function expanded(pattern: string): Promise<string[]> {
  const star = pattern.split('/').findIndex((part) => part.includes('*'))
  if (star < 0) return [pattern]
  const parts = pattern.split('/')
  const parent = parts.slice(0, star).join('/')
  const [before = '', after = ''] = (parts[star] ?? '').split('*')
  const names = await readdir(parent).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
  return names
    .filter((entry) => entry.startsWith(before) && entry.endsWith(after))
    .toSorted((a, b) => b.localeCompare(a, undefined, { numeric: true }))
    .map((entry) => [parent, entry, ...parts.slice(star + 1)].join('/'))
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
