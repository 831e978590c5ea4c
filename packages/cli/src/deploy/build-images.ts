// The images of Microservices that say `build`: made from their sources into the image store, pushed where a cluster is
// to fetch them, and named with their digest, so that a release runs the same bytes wherever it goes.

import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import {
  BuildError,
  type ImageStore,
  InvalidReferenceError,
  buildImage,
  localRepository,
  parseReference,
  pushImage,
} from '@binnacle/images'
import { type BuildSource, type MicroserviceSpec, builtFromAnnotation } from '@binnacle/model'
import { CliError } from '../cli-error.ts'
import type { SourceObject } from './documents.ts'
import { type Project, isMicroservice } from './project.ts'

export interface ImageTarget {
  store: ImageStore
  /** Registry (`host[:port][/path]`) that the cluster fetches from; the engine reads the store itself. */
  push?: { registry: string; credentials?: { username: string; password: string } }
  onStep: (text: string) => void
}

/** The project with `image` in place of each `build`. */
export async function buildImages(project: Project, target: ImageTarget): Promise<Project> {
  const objects: SourceObject[] = []
  for (const source of project.objects) objects.push(await built(source, project.application, target))
  return { ...project, objects }
}

export function buildsImages({ objects }: Project): SourceObject[] {
  return objects.filter(({ object }) => isMicroservice(object) && object.spec?.build !== undefined)
}

async function built(source: SourceObject, application: string, target: ImageTarget): Promise<SourceObject> {
  const { object } = source
  if (!isMicroservice(object) || object.spec?.build === undefined) return source
  const { build, ...spec }: MicroserviceSpec = object.spec
  const image = await imageOf(build, { source, repository: `${application}/${object.metadata.name}`, target })
  const metadata = {
    ...object.metadata,
    annotations: { ...object.metadata.annotations, [builtFromAnnotation]: JSON.stringify(build) },
  }
  return { ...source, object: { ...object, metadata, spec: { ...spec, image } } }
}

interface Wanted {
  source: SourceObject
  repository: string
  target: ImageTarget
}

async function imageOf(build: BuildSource, { source, repository, target }: Wanted): Promise<string> {
  const { store, push, onStep } = target
  const directory = resolve(source.directory, build.context)
  try {
    const base = build.base === undefined ? undefined : parseReference(build.base)
    const { digest } = await buildImage({
      store,
      directory,
      repository,
      tag: build.tag ?? 'sources',
      ...(base === undefined
        ? {}
        : { base: { repository: localRepository(base, new Set()), reference: base.digest ?? base.tag ?? 'latest' } }),
    })
    const tag = build.tag ?? (await tagByDigest(store, repository, digest))
    onStep(`built ${repository}:${tag} from ${build.context}`)
    if (push === undefined) return `${repository}:${tag}@${digest}`
    const [host = '', ...path] = push.registry.split('/')
    const remote = [...path, repository].join('/')
    await pushImage(store, { repository, reference: tag }, { host, repository: remote, tag, ...pushCredentials(push) })
    onStep(`pushed ${host}/${remote}:${tag}`)
    return `${host}/${remote}:${tag}@${digest}`
  } catch (error) {
    if (!(error instanceof BuildError || error instanceof InvalidReferenceError)) throw error
    const { file, object } = source
    throw new CliError(
      `${file}:${source.lineOf('spec.build.context')}: Microservice ${object.metadata.name}: spec.build: cannot build ${build.context}: ${error.message}`,
      { cause: error },
    )
  }
}

function pushCredentials({
  credentials,
}: NonNullable<ImageTarget['push']>): Pick<Required<ImageTarget>['push'], 'credentials'> {
  return credentials === undefined ? {} : { credentials }
}

/** Sources that are not told a tag get one that says which they are. */
async function tagByDigest(store: ImageStore, repository: string, digest: string): Promise<string> {
  const manifest = await store.manifest(repository, digest)
  if (manifest === undefined) throw new Error(`the image ${repository}@${digest} is gone from the store`)
  const tag = `src-${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`
  await store.putManifest(repository, manifest.bytes, manifest.mediaType, tag)
  await store.deleteTag(repository, 'sources')
  return tag
}

/** Our own registry's password is in the data folder; for others `BINNACLE_REGISTRY_AUTH=user:password`. */
export async function registryCredentials(
  host: string,
  { data, own }: { data: string; own: string | undefined },
): Promise<{ username: string; password: string } | undefined> {
  if (host === own)
    return { username: 'binnacle', password: (await readFile(join(data, 'pki', 'registry-password'), 'utf8')).trim() }
  const given = process.env['BINNACLE_REGISTRY_AUTH']
  if (given === undefined) return undefined
  const colon = given.indexOf(':')
  return { username: given.slice(0, colon), password: given.slice(colon + 1) }
}
