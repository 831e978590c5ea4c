// `binnacle build`: a source folder to an image in the store, without a daemon. The same input gives the same digest.

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import { type Layer, writeLayer } from '../archive.ts'
import type { ImageStore } from '../image-store.ts'
import { ifMissing } from '../missing-file.ts'
import { type ContainerConfig, type ImageConfig, type Manifest, hostArchitecture, mediaTypes } from '../oci.ts'
import { binaryBuilder } from './binary.ts'
import { goBuilder } from './go.ts'
import { nodeBuilder } from './node.ts'
import { type BuildContext, BuildError, type Builder } from './project.ts'
import { pythonBuilder } from './python.ts'

/** A Go module may carry a package.json for its tools, so the compiled languages come first. */
const builders: readonly Builder[] = [goBuilder, nodeBuilder, pythonBuilder, binaryBuilder]

/** The epoch: an image does not depend on when it was made. */
const created = new Date(0).toISOString().replace('.000', '')

export interface BuildOptions {
  store: ImageStore
  directory: string
  repository: string
  tag: string
  /** Layers and config of this image of the store come first. */
  base?: { repository: string; reference: string }
  onStep?: (text: string) => void
}

export interface BuiltImage {
  digest: string
  language: string
  /** Compressed size of all layers in bytes. */
  size: number
}

/** Throws BuildError, which says what is wrong with the folder or what to install. */
export async function buildImage(options: BuildOptions): Promise<BuiltImage> {
  const scratch = await mkdtemp(join(tmpdir(), 'binnacle-build-'))
  try {
    const context = await createContext(resolve(options.directory), scratch, options.onStep ?? (() => undefined))
    const builder = await chooseBuilder(context)
    const plan = await builder.plan(context)
    const layers: Layer[] = []
    for (const { entries, createdBy } of plan.layers) layers.push(await writeLayer(options.store, entries, createdBy))
    const base = options.base && (await readBase(options.store, options.base))
    const manifest = await writeImage(options.store, layers, plan.config, base)
    const digest = await options.store.putManifest(
      options.repository,
      encode(manifest),
      mediaTypes.manifest,
      options.tag,
    )
    return { digest, language: plan.language, size: manifest.layers.reduce((sum, { size }) => sum + size, 0) }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function chooseBuilder(context: BuildContext): Promise<Builder> {
  for (const builder of builders) {
    if (await builder.recognises(context)) return builder
  }
  throw new BuildError(
    `${context.directory} holds no project that is known here: expected package.json or server.js (Node), *.go (Go), ` +
      'main.py or requirements.txt (Python), or an executable file; for a Dockerfile use --file',
  )
}

interface Base {
  manifest: Manifest
  config: ImageConfig
}

async function readBase(
  store: ImageStore,
  { repository, reference }: { repository: string; reference: string },
): Promise<Base> {
  const found = await store.platformManifest(repository, reference)
  if (!found)
    throw new BuildError(`base image ${repository}:${reference} is not in the store: push it to the registry first`)
  const config = JSON.parse((await store.blobBytes(found.manifest.config.digest)).toString()) as ImageConfig
  return { manifest: found.manifest, config }
}

async function writeImage(
  store: ImageStore,
  layers: readonly Layer[],
  config: ContainerConfig,
  base: Base | undefined,
): Promise<Manifest> {
  const image: ImageConfig = {
    created,
    architecture: base?.config.architecture ?? hostArchitecture(),
    os: 'linux',
    config: { ...base?.config.config, ...config, Env: [...(base?.config.config?.Env ?? []), ...(config.Env ?? [])] },
    rootfs: {
      type: 'layers',
      diff_ids: [...(base?.config.rootfs.diff_ids ?? []), ...layers.map(({ diffId }) => diffId)],
    },
    history: [...(base?.config.history ?? []), ...layers.map(({ createdBy }) => ({ created, created_by: createdBy }))],
  }
  const bytes = encode(image)
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: await store.putBlob(bytes), size: bytes.length },
    layers: [...(base?.manifest.layers ?? []), ...layers.map(({ descriptor }) => descriptor)],
  }
}

function encode(document: object): Buffer {
  return Buffer.from(JSON.stringify(document))
}

async function createContext(directory: string, scratch: string, step: (text: string) => void): Promise<BuildContext> {
  return {
    directory,
    scratch,
    files: await listFiles(directory),
    readText: (relative) => readFile(join(directory, relative), 'utf8'),
    run: (command, args, options) => runTool(command, args, { cwd: directory, ...options }),
    step,
  }
}

async function listFiles(directory: string): Promise<string[]> {
  const rules = ignore().add(['.git', 'node_modules', '__pycache__', '.dockerignore'])
  const own = await readFile(join(directory, '.dockerignore'), 'utf8').catch(ifMissing(''))
  rules.add(own)
  const files = await walk(directory, '', rules).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new BuildError('there is no such folder', { cause: error })
    throw new BuildError(`cannot read ${directory}: ${error.code ?? error.message}`, { cause: error })
  })
  return files.sort()
}

async function walk(root: string, prefix: string, rules: Ignore): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(join(root, prefix), { withFileTypes: true })) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    if (rules.ignores(entry.isDirectory() ? `${path}/` : path)) continue
    if (entry.isDirectory()) found.push(...(await walk(root, path, rules)))
    else found.push(path)
  }
  return found
}

async function runTool(
  command: string,
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string> },
): Promise<string> {
  return new Promise((done, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'ENOENT' ? `${command} is not installed here, and this project needs it to build` : error.message
      reject(new BuildError(why, { cause: error }))
    })
    child.on('close', (code) => {
      if (code === 0) done(output)
      else
        reject(
          new BuildError(
            `${command} ${args[0] ?? ''} failed with exit code ${code}:\n${output.trim().split('\n').slice(-20).join('\n')}`,
          ),
        )
    })
  })
}
