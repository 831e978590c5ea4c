// Layers that are the same bytes for the same files: entries sorted by name, times zero, owner root, modes reduced to
// executable or not, and a gzip header that names no time and no system.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack, type Pack } from 'tar-stream'
import type { ImageStore } from './image-store.ts'
import { type Descriptor, mediaTypes } from './oci.ts'

export interface Layer {
  descriptor: Descriptor
  /** Digest of the uncompressed archive, for the config's rootfs. */
  diffId: string
  createdBy: string
}

/** One file, folder or link to put in: `from` on this machine, `to` in the image without a leading slash. */
export interface LayerEntry {
  from: string
  to: string
}

/** Writes the entries as one layer into the store. */
export async function writeLayer(store: ImageStore, entries: readonly LayerEntry[], createdBy: string): Promise<Layer> {
  const archive = pack()
  const raw = createHash('sha256')
  const upload = store.newUpload()
  const compressed = createHash('sha256')
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      raw.update(chunk)
      done(null, chunk)
    },
  })
  const out = new PassThrough()
  out.on('data', (chunk: Buffer) => compressed.update(chunk))
  const adding = addEntries(archive, entries)
  await Promise.all([
    adding,
    pipeline([Readable.from(archive), tap, createGzip({ level: 6 }), anonymousGzipHeader(), out]),
    upload.append(out),
  ])
  const digest = `sha256:${compressed.digest('hex')}`
  const size = await upload.finish(digest)
  return {
    descriptor: { mediaType: mediaTypes.layerGzip, digest, size },
    diffId: `sha256:${raw.digest('hex')}`,
    createdBy,
  }
}

/** Byte 9 of a gzip stream names the operating system that made it; 255 is "unknown" (RFC 1952). */
function anonymousGzipHeader(): Transform {
  let seen = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (seen <= 9 && seen + chunk.length > 9) chunk[9 - seen] = 255
      seen += chunk.length
      done(null, chunk)
    },
  })
}

async function addEntries(archive: Pack, entries: readonly LayerEntry[]): Promise<void> {
  try {
    const made = new Set<string>()
    for (const { from, to } of [...entries].sort((a, b) => compare(a.to, b.to))) {
      addParents(archive, to, made)
      await addEntry(archive, from, to, made)
    }
    archive.finalize()
  } catch (error) {
    archive.destroy(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

/** By code unit, never by locale: the order must be the same everywhere. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const fixed = { mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' }

function addParents(archive: Pack, path: string, made: Set<string>): void {
  const parts = path.split('/').slice(0, -1)
  for (let depth = 1; depth <= parts.length; depth++) {
    const name = `${parts.slice(0, depth).join('/')}/`
    if (made.has(name)) continue
    made.add(name)
    archive.entry({ ...fixed, name, type: 'directory', mode: 0o755 })
  }
}

async function addEntry(archive: Pack, from: string, to: string, made: Set<string>): Promise<void> {
  const found = await lstat(from)
  if (found.isDirectory()) {
    if (!made.has(`${to}/`)) archive.entry({ ...fixed, name: `${to}/`, type: 'directory', mode: 0o755 })
    made.add(`${to}/`)
    for (const name of (await readdir(from)).sort(compare))
      await addEntry(archive, join(from, name), `${to}/${name}`, made)
  } else if (found.isSymbolicLink()) {
    archive.entry({ ...fixed, name: to, type: 'symlink', linkname: await readlink(from), mode: 0o777 })
  } else if (found.isFile()) {
    const mode = found.mode & 0o111 ? 0o755 : 0o644
    const entry = archive.entry({ ...fixed, name: to, type: 'file', size: found.size, mode })
    await pipeline(createReadStream(from), entry)
  } else {
    throw new Error(`${from} is neither a file, a folder nor a link; leave it out with .dockerignore`)
  }
}
