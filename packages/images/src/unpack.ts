// Layers to files: each image's layers are unpacked once, one over the other, into a folder named by their chain and
// shared read-only by all containers. Whiteouts remove what lower layers had; nothing is ever written outside.

import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, link, lstat, mkdir, readdir, readlink, rename, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { extract, type Header } from 'tar-stream'
import type { ImageStore } from './image-store.ts'
import { ifMissing } from './missing-file.ts'
import type { Descriptor } from './oci.ts'

const whiteout = '.wh.'
const opaque = '.wh..wh..opq'

const inFlight = new Map<string, Promise<string>>()

/** The folder that holds the files of all `layers`; unpacked on first use, concurrent callers share the work. */
export async function unpackLayers(store: ImageStore, layers: readonly Descriptor[]): Promise<string> {
  const chain = createHash('sha256')
    .update(layers.map(({ digest }) => digest).join('\n'))
    .digest('hex')
  const target = join(store.directory, 'rootfs', chain)
  const running = inFlight.get(target)
  if (running) return running
  const work = unpackInto(store, layers, target).finally(() => inFlight.delete(target))
  inFlight.set(target, work)
  return work
}

async function unpackInto(store: ImageStore, layers: readonly Descriptor[], target: string): Promise<string> {
  if (await exists(target)) return target
  const building = `${target}.${randomUUID()}`
  await mkdir(building, { recursive: true })
  try {
    for (const layer of layers) await unpackLayer(store.readBlob(layer.digest), layer.mediaType, building)
    // A crash leaves only a folder under a temporary name, never half a root.
    await rename(building, target)
  } catch (error) {
    await rm(building, { recursive: true, force: true })
    throw error
  }
  return target
}

/** Applies one layer's archive to the folder `root`. Throws where an entry would leave it. */
export async function unpackLayer(source: Readable, mediaType: string, root: string): Promise<void> {
  const archive = extract()
  const reading = pipeline([source, ...decompressors(mediaType), archive])
  const apply = async (): Promise<void> => {
    // What this layer itself has brought must survive its own opaque markers.
    const own = new Set<string>()
    for await (const entry of archive) {
      await applyEntry(root, entry.header, Readable.from(entry), own)
      entry.resume()
    }
  }
  await Promise.all([reading, apply()])
}

function decompressors(mediaType: string): NodeJS.ReadWriteStream[] {
  if (mediaType.endsWith('gzip')) return [createGunzip()]
  if (mediaType.endsWith('zstd')) return [createZstdDecompress()]
  return []
}

async function applyEntry(root: string, header: Header, content: Readable, own: Set<string>): Promise<void> {
  const name = posix.normalize(`/${header.name}`).slice(1).replace(/\/$/, '')
  if (name === '') return
  const base = posix.basename(name)
  const parent = await safeParent(root, posix.dirname(name))
  if (base === opaque) return clearLowerLayers(root, posix.dirname(name), own)
  if (base.startsWith(whiteout)) {
    await rm(join(parent, base.slice(whiteout.length)), { recursive: true, force: true })
    return
  }
  own.add(name)
  const path = join(parent, base)
  if (header.type === 'directory') return makeDirectory(path, header.mode)
  await rm(path, { recursive: true, force: true })
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
      await pipeline(content, createWriteStream(path, { mode: modeOf(header) }))
      // createWriteStream's mode is cut by the umask.
      await chmod(path, modeOf(header))
      return
    case 'symlink':
      await symlink(header.linkname ?? '', path)
      return
    case 'link': {
      const linked = posix.normalize(`/${header.linkname ?? ''}`).slice(1)
      await link(join(await safeParent(root, posix.dirname(linked)), posix.basename(linked)), path)
      return
    }
    default:
      // Device nodes and FIFOs: containers get their own /dev.
      return
  }
}

/** Set-id bits are dropped: files of images run as the user who runs the engine. */
function modeOf(header: Header): number {
  return (header.mode ?? 0o644) & 0o777
}

async function makeDirectory(path: string, mode: number | undefined): Promise<void> {
  const found = await lstat(path).catch(ifMissing(undefined))
  if (found && !found.isDirectory()) await rm(path)
  await mkdir(path, { recursive: true })
  // The owner must be able to fill and later remove it.
  await chmod(path, ((mode ?? 0o755) & 0o777) | 0o700)
}

/** Longest chain of symbolic links that is followed, as Linux has it. */
const maxLinks = 40

/** Makes the folder `relative`; symbolic links on the way are resolved inside the root, as a process rooted there would. */
async function safeParent(root: string, relative: string, links = 0): Promise<string> {
  let path = root
  for (const part of relative.split('/')) {
    if (part === '' || part === '.') continue
    path = join(path, part)
    const found = await lstat(path).catch(ifMissing(undefined))
    if (found?.isDirectory()) continue
    if (found?.isSymbolicLink()) {
      if (links >= maxLinks) throw new Error(`layer writes through a loop of links at ${path.slice(root.length)}`)
      const target = await readlink(path)
      // posix.normalize of a rooted path cannot climb above the root.
      const inside = posix.normalize(
        target.startsWith('/') ? target : posix.join(dirname(path.slice(root.length)), target),
      )
      path = await safeParent(root, inside, links + 1)
      continue
    }
    if (found) await rm(path)
    await mkdir(path)
  }
  return path
}

async function clearLowerLayers(root: string, relative: string, own: ReadonlySet<string>): Promise<void> {
  const directory = join(root, relative)
  for (const name of await readdir(directory)) {
    if (!own.has(posix.join(relative, name))) await rm(join(directory, name), { recursive: true, force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(ifMissing(undefined))) !== undefined
}
