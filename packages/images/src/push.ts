// Pushes an image of the store to a registry over the Distribution API: what is there already is not sent again.

import type { ImageStore } from './image-store.ts'
import type { Descriptor, Manifest } from './oci.ts'

export interface PushTarget {
  /** `127.0.0.1:5000`; plain HTTP for loopback, HTTPS for all others. */
  host: string
  repository: string
  tag: string
  credentials?: { username: string; password: string }
}

/** Throws Error with the registry's own message. */
export async function pushImage(
  store: ImageStore,
  source: { repository: string; reference: string },
  target: PushTarget,
): Promise<string> {
  const found = await store.platformManifest(source.repository, source.reference)
  if (!found) throw new Error(`image ${source.repository}:${source.reference} is not in the store`)
  const remote = new Remote(target)
  for (const blob of [...found.manifest.layers, found.manifest.config]) await remote.pushBlob(store, blob)
  await remote.pushManifest(await store.blobBytes(found.digest), found.manifest)
  return found.digest
}

class Remote {
  readonly #target: PushTarget
  readonly #base: string

  constructor(target: PushTarget) {
    this.#target = target
    const isLoopback = /^(localhost|127\.|\[::1\])/.test(target.host)
    this.#base = `${isLoopback ? 'http' : 'https'}://${target.host}/v2/${target.repository}`
  }

  async pushBlob(store: ImageStore, blob: Descriptor): Promise<void> {
    const head = await this.#ask(`${this.#base}/blobs/${blob.digest}`, { method: 'HEAD' })
    if (head.ok) return
    const started = await this.#must(`${this.#base}/blobs/uploads/`, { method: 'POST' })
    const location = new URL(started.headers.get('location') ?? '', this.#base)
    location.searchParams.set('digest', blob.digest)
    await this.#must(location.href, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) },
      body: ReadableStream.from(store.readBlob(blob.digest)),
      duplex: 'half',
    })
  }

  async pushManifest(bytes: Buffer, manifest: Manifest): Promise<void> {
    await this.#must(`${this.#base}/manifests/${this.#target.tag}`, {
      method: 'PUT',
      headers: { 'content-type': manifest.mediaType ?? 'application/vnd.oci.image.manifest.v1+json' },
      body: new Uint8Array(bytes),
    })
  }

  async #ask(url: string, init: RequestInit & { duplex?: 'half' }): Promise<Response> {
    const { credentials } = this.#target
    const headers = new Headers(init.headers)
    if (credentials) {
      headers.set(
        'authorization',
        `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`,
      )
    }
    return fetch(url, { ...init, headers })
  }

  async #must(url: string, init: RequestInit & { duplex?: 'half' }): Promise<Response> {
    const response = await this.#ask(url, init)
    if (response.ok) return response
    const said = (await response.text()).slice(0, 300)
    throw new Error(`registry ${this.#target.host} refused ${init.method ?? 'GET'} (${response.status}): ${said}`)
  }
}
