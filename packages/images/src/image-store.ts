// Images on disk. Blobs are content-addressed files; a repository is a folder with one file for each manifest that it
// holds and one for each tag. Every file is written beside its place and renamed, so a reader never sees half of one.
//
//   blobs/sha256/<hex>                       repositories/<name>/_manifests/<hex>   (media type)
//   uploads/<id>                             repositories/<name>/_tags/<tag>        (digest)
//   rootfs/<hex of the chain>                unpacked layers, shared by all containers, see unpack.ts

import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ifMissing } from './missing-file.ts'
import { type Index, type Manifest, isIndex, hostArchitecture } from './oci.ts'

export interface StoredManifest {
  digest: string
  mediaType: string
  bytes: Buffer
}

export class DigestMismatchError extends Error {
  constructor(wanted: string, got: string) {
    super(`content has digest ${got}, not ${wanted}`)
    this.name = 'DigestMismatchError'
  }
}

export class ImageStore {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Makes the folder where it is missing. Unfinished uploads of an engine before are removed. */
  static async open(directory: string): Promise<ImageStore> {
    await rm(join(directory, 'uploads'), { recursive: true, force: true })
    await Promise.all(
      ['blobs/sha256', 'uploads', 'repositories', 'rootfs'].map((name) =>
        mkdir(join(directory, name), { recursive: true }),
      ),
    )
    return new ImageStore(directory)
  }

  get directory(): string {
    return this.#directory
  }

  blobPath(digest: string): string {
    return join(this.#directory, 'blobs', 'sha256', digest.slice('sha256:'.length))
  }

  /** Size in bytes; undefined where there is no such blob. */
  async blobSize(digest: string): Promise<number | undefined> {
    const found = await stat(this.blobPath(digest)).catch(ifMissing(undefined))
    return found?.size
  }

  readBlob(digest: string, range?: { start: number; end: number }): Readable {
    return createReadStream(this.blobPath(digest), range)
  }

  /** The whole blob, for configs and manifests. */
  async blobBytes(digest: string): Promise<Buffer> {
    return readFile(this.blobPath(digest))
  }

  async putBlob(content: Uint8Array): Promise<string> {
    const digest = digestOf(content)
    if ((await this.blobSize(digest)) === undefined) await this.#publish(this.blobPath(digest), content)
    return digest
  }

  /** Takes a stream in; rejects with DigestMismatchError and keeps nothing when it is not what `digest` says. */
  async putBlobStream(source: Readable, digest: string): Promise<number> {
    const upload = this.newUpload()
    await upload.append(source)
    return upload.finish(digest)
  }

  newUpload(): Upload {
    const id = randomUUID()
    return new Upload(id, join(this.#directory, 'uploads', id), (digest) => this.blobPath(digest))
  }

  async putManifest(repository: string, bytes: Uint8Array, mediaType: string, tag?: string): Promise<string> {
    const digest = await this.putBlob(bytes)
    await this.#publish(this.#manifestPath(repository, digest), mediaType)
    if (tag !== undefined) await this.#publish(this.#tagPath(repository, tag), digest)
    return digest
  }

  /** `reference` is a tag or a digest. */
  async manifest(repository: string, reference: string): Promise<StoredManifest | undefined> {
    const digest = reference.startsWith('sha256:')
      ? reference
      : await readFile(this.#tagPath(repository, reference), 'utf8').catch(ifMissing(undefined))
    if (digest === undefined) return undefined
    const mediaType = await readFile(this.#manifestPath(repository, digest), 'utf8').catch(ifMissing(undefined))
    if (mediaType === undefined) return undefined
    return { digest, mediaType, bytes: await this.blobBytes(digest) }
  }

  /** Follows an index to the manifest for this machine's platform. */
  async platformManifest(
    repository: string,
    reference: string,
  ): Promise<{ digest: string; manifest: Manifest } | undefined> {
    const found = await this.manifest(repository, reference)
    if (!found) return undefined
    const document = JSON.parse(found.bytes.toString()) as Manifest | Index
    if (!isIndex(document)) return { digest: found.digest, manifest: document }
    const chosen =
      document.manifests.find(
        ({ platform }) => platform?.os === 'linux' && platform.architecture === hostArchitecture(),
      ) ?? document.manifests.find(({ platform }) => platform === undefined)
    return chosen && this.platformManifest(repository, chosen.digest)
  }

  async tags(repository: string): Promise<string[]> {
    const names = await readdir(this.#tagPath(repository, '')).catch(ifMissing(undefined))
    return (names ?? []).sort()
  }

  async manifestDigests(repository: string): Promise<string[]> {
    const names = await readdir(join(this.#repositoryPath(repository), '_manifests')).catch(ifMissing(undefined))
    return (names ?? []).map((hex) => `sha256:${hex}`)
  }

  async deleteTag(repository: string, tag: string): Promise<boolean> {
    return removeFile(this.#tagPath(repository, tag))
  }

  /** Removes the manifest and every tag that names it; the blobs stay, others may share them. */
  async deleteManifest(repository: string, digest: string): Promise<boolean> {
    const removed = await removeFile(this.#manifestPath(repository, digest))
    for (const tag of await this.tags(repository)) {
      const target = await readFile(this.#tagPath(repository, tag), 'utf8').catch(ifMissing(undefined))
      if (target === digest) await this.deleteTag(repository, tag)
    }
    return removed
  }

  async repositories(): Promise<string[]> {
    const found: string[] = []
    const visit = async (prefix: string): Promise<void> => {
      for (const entry of await readdir(join(this.#directory, 'repositories', prefix), { withFileTypes: true })) {
        if (entry.name === '_manifests') found.push(prefix)
        else if (entry.isDirectory() && !entry.name.startsWith('_'))
          await visit(prefix === '' ? entry.name : `${prefix}/${entry.name}`)
      }
    }
    await visit('')
    return found.sort()
  }

  #repositoryPath(repository: string): string {
    return join(this.#directory, 'repositories', repository)
  }

  #manifestPath(repository: string, digest: string): string {
    return join(this.#repositoryPath(repository), '_manifests', digest.slice('sha256:'.length))
  }

  #tagPath(repository: string, tag: string): string {
    return join(this.#repositoryPath(repository), '_tags', tag)
  }

  async #publish(path: string, content: Uint8Array | string): Promise<void> {
    const temporary = join(this.#directory, 'uploads', randomUUID())
    await writeFile(temporary, content)
    await mkdir(join(path, '..'), { recursive: true })
    await rename(temporary, path)
  }
}

/** A blob on its way in: appended to in one or more requests, then named by its digest. */
export class Upload {
  readonly id: string
  readonly #path: string
  readonly #place: (digest: string) => string
  readonly #hash = createHash('sha256')
  #size = 0

  constructor(id: string, path: string, place: (digest: string) => string) {
    this.id = id
    this.#path = path
    this.#place = place
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size
  }

  async append(source: Readable): Promise<void> {
    source.on('data', (chunk: Buffer) => {
      this.#hash.update(chunk)
      this.#size += chunk.length
    })
    await pipeline(source, createWriteStream(this.#path, { flags: 'a' }))
  }

  /** Size in bytes of the blob that is now there under `digest`. */
  async finish(digest: string): Promise<number> {
    const got = `sha256:${this.#hash.digest('hex')}`
    if (got !== digest) {
      await this.discard()
      throw new DigestMismatchError(digest, got)
    }
    // An empty blob never opened its file.
    if (this.#size === 0) await writeFile(this.#path, '')
    await rename(this.#path, this.#place(digest))
    return this.#size
  }

  async discard(): Promise<void> {
    await rm(this.#path, { force: true })
  }
}

export function digestOf(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

async function removeFile(path: string): Promise<boolean> {
  return rm(path)
    .then(() => true)
    .catch(ifMissing(false))
}
