// An OCI registry (distribution-spec 1.1) over one ImageStore, for docker, skopeo, crane and podman to push to and pull
// from. Loopback only; Basic authentication; requests of web pages (an Origin that is not ours, a foreign Host) are refused.

import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DigestMismatchError, digestOf, type ImageStore, type Upload } from './image-store.ts'
import { type Index, type Manifest, isIndex, mediaTypes } from './oci.ts'
import { isDigest, isRepositoryName, isTag } from './reference.ts'

export interface RegistryOptions {
  store: ImageStore
  /** 0: any free port. */
  port: number
  host?: string
  /** Basic credentials that every request must carry. */
  username: string
  password: string
  /** One line for each request that failed for a reason of ours. */
  onError?: (error: unknown) => void
}

export interface Registry {
  /** `127.0.0.1:5000`: what stands before the path in an image reference. */
  readonly address: string
  close(): Promise<void>
}

/** Distribution-spec error codes with the HTTP status that each has. */
const errorStatus = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 416,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 413,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
} as const

class RegistryError extends Error {
  readonly code: keyof typeof errorStatus
  constructor(code: keyof typeof errorStatus, message: string) {
    super(message)
    this.code = code
  }
}

const maxManifestBytes = 4 * 1024 * 1024

export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const handler = new RegistryHandler(options)
  const server = createServer((request, response) => void handler.handle(request, response))
  // Layers are large and clients may be slow.
  server.requestTimeout = 0
  await listen(server, options.port, options.host ?? '127.0.0.1')
  const { address, port } = server.address() as AddressInfo
  return {
    address: `${address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

type Action = (context: {
  request: IncomingMessage
  response: ServerResponse
  url: URL
  name: string
  reference: string
}) => Promise<void>

class RegistryHandler {
  readonly #store: ImageStore
  readonly #credentials: Buffer
  readonly #onError: (error: unknown) => void
  readonly #uploads = new Map<string, Upload>()

  /** Path behind `/v2/<name>/`, by method. */
  readonly #routes: readonly [RegExp, Readonly<Record<string, Action>>][] = [
    [/^(.+)\/blobs\/uploads\/?$/, { POST: (call) => this.#startUpload(call) }],
    [
      /^(.+)\/blobs\/uploads\/([^/]+)$/,
      {
        GET: (call) => this.#uploadStatus(call),
        PATCH: (call) => this.#appendUpload(call),
        PUT: (call) => this.#finishUpload(call),
        DELETE: (call) => this.#cancelUpload(call),
      },
    ],
    [
      /^(.+)\/blobs\/([^/]+)$/,
      { GET: (call) => this.#getBlob(call), HEAD: (call) => this.#getBlob(call), DELETE: () => refuseBlobDelete() },
    ],
    [
      /^(.+)\/manifests\/([^/]+)$/,
      {
        GET: (call) => this.#getManifest(call),
        HEAD: (call) => this.#getManifest(call),
        PUT: (call) => this.#putManifest(call),
        DELETE: (call) => this.#deleteManifest(call),
      },
    ],
    [/^(.+)\/tags\/list$/, { GET: (call) => this.#listTags(call) }],
    [/^(.+)\/referrers\/([^/]+)$/, { GET: (call) => this.#referrers(call) }],
  ]

  constructor(options: RegistryOptions) {
    this.#store = options.store
    this.#credentials = Buffer.from(`${options.username}:${options.password}`)
    this.#onError = options.onError ?? (() => undefined)
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      response.setHeader('docker-distribution-api-version', 'registry/2.0')
      this.#authenticate(request, response)
      const url = new URL(request.url ?? '/', 'http://registry')
      if (url.pathname === '/v2/' || url.pathname === '/v2') return sendJson(response, 200, {})
      if (url.pathname === '/v2/_catalog') return await this.#catalog(response, url)
      await this.#route(request, response, url)
    } catch (error) {
      this.#fail(request, response, error)
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const path = url.pathname.startsWith('/v2/') ? url.pathname.slice('/v2/'.length) : ''
    for (const [pattern, methods] of this.#routes) {
      const [, name, reference = ''] = pattern.exec(path) ?? []
      if (name === undefined) continue
      if (!isRepositoryName(name))
        throw new RegistryError('NAME_INVALID', `invalid repository name ${JSON.stringify(name)}`)
      const action = methods[request.method ?? '']
      if (!action) throw new RegistryError('UNSUPPORTED', `${request.method} is not supported here`)
      return action({ request, response, url, name, reference })
    }
    throw new RegistryError('NAME_UNKNOWN', `nothing is served at ${url.pathname}`)
  }

  /** A page in a browser can reach loopback too: it never knows the password, and its Origin gives it away. */
  #authenticate(request: IncomingMessage, response: ServerResponse): void {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '')
    if (!/^(localhost|127(\.\d+){3}|\[::1\])$/.test(host))
      throw new RegistryError('DENIED', `host ${JSON.stringify(host)} is not served`)
    if (request.headers.origin !== undefined) throw new RegistryError('DENIED', 'requests of web pages are not served')
    const [, encoded = ''] = /^Basic (.+)$/i.exec(request.headers.authorization ?? '') ?? []
    const given = Buffer.from(encoded, 'base64')
    if (given.length === this.#credentials.length && timingSafeEqual(given, this.#credentials)) return
    response.setHeader('www-authenticate', 'Basic realm="binnacle"')
    throw new RegistryError('UNAUTHORIZED', 'log in first: `binnacle status` shows the command')
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (response.headersSent) {
      response.destroy()
      return
    }
    // What is left of an unread body would be taken for the next request.
    if (!request.complete) response.setHeader('connection', 'close')
    if (error instanceof RegistryError) {
      sendJson(response, errorStatus[error.code], { errors: [{ code: error.code, message: error.message }] })
      return
    }
    this.#onError(error)
    sendJson(response, 500, {
      errors: [{ code: 'UNKNOWN', message: 'the registry failed; see the log of the engine' }],
    })
  }

  async #catalog(response: ServerResponse, url: URL): Promise<void> {
    const names = await this.#store.repositories()
    sendPage(response, url, names, (repositories) => ({ repositories }))
  }

  async #startUpload({ request, response, url, name }: Parameters<Action>[0]): Promise<void> {
    const mounted = url.searchParams.get('mount')
    if (mounted !== null && isDigest(mounted) && (await this.#store.blobSize(mounted)) !== undefined) {
      return sendCreated(response, `/v2/${name}/blobs/${mounted}`, mounted)
    }
    const upload = this.#store.newUpload()
    this.#uploads.set(upload.id, upload)
    const digest = url.searchParams.get('digest')
    if (digest !== null) {
      await upload.append(request)
      return this.#finish(response, name, upload, digest)
    }
    sendUploadState(response, 202, name, upload)
  }

  #upload(id: string): Upload {
    const upload = this.#uploads.get(id)
    if (!upload) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', `there is no upload ${JSON.stringify(id)}; start again`)
    return upload
  }

  async #uploadStatus({ response, name, reference }: Parameters<Action>[0]): Promise<void> {
    sendUploadState(response, 204, name, this.#upload(reference))
  }

  async #appendUpload({ request, response, name, reference }: Parameters<Action>[0]): Promise<void> {
    const upload = this.#upload(reference)
    const [, start] = /^(\d+)-\d+$/.exec(request.headers['content-range'] ?? '') ?? []
    if (start !== undefined && Number(start) !== upload.size) {
      throw new RegistryError('BLOB_UPLOAD_INVALID', `the next chunk starts at ${upload.size}, not at ${start}`)
    }
    await upload.append(request)
    sendUploadState(response, 202, name, upload)
  }

  async #finishUpload({ request, response, url, name, reference }: Parameters<Action>[0]): Promise<void> {
    const upload = this.#upload(reference)
    await upload.append(request)
    await this.#finish(response, name, upload, url.searchParams.get('digest') ?? '')
  }

  async #finish(response: ServerResponse, name: string, upload: Upload, digest: string): Promise<void> {
    this.#uploads.delete(upload.id)
    if (!isDigest(digest)) {
      await upload.discard()
      throw new RegistryError('DIGEST_INVALID', 'digest must be sha256: and 64 hex digits')
    }
    try {
      await upload.finish(digest)
    } catch (error) {
      if (error instanceof DigestMismatchError) throw new RegistryError('DIGEST_INVALID', error.message)
      throw error
    }
    sendCreated(response, `/v2/${name}/blobs/${digest}`, digest)
  }

  async #cancelUpload({ response, reference }: Parameters<Action>[0]): Promise<void> {
    const upload = this.#upload(reference)
    this.#uploads.delete(upload.id)
    await upload.discard()
    response.writeHead(204).end()
  }

  async #getBlob({ request, response, reference }: Parameters<Action>[0]): Promise<void> {
    const size = isDigest(reference) ? await this.#store.blobSize(reference) : undefined
    if (size === undefined) throw new RegistryError('BLOB_UNKNOWN', `blob ${reference} is not here`)
    const headers = {
      'content-type': 'application/octet-stream',
      'docker-content-digest': reference,
      'accept-ranges': 'bytes',
    }
    const range = parseRange(request.headers.range, size)
    if (range) {
      response.writeHead(206, {
        ...headers,
        'content-length': range.end - range.start + 1,
        'content-range': `bytes ${range.start}-${range.end}/${size}`,
      })
    } else {
      response.writeHead(200, { ...headers, 'content-length': size })
    }
    if (request.method === 'HEAD') response.end()
    else
      this.#store
        .readBlob(reference, range)
        .on('error', () => response.destroy())
        .pipe(response)
  }

  async #getManifest({ request, response, name, reference }: Parameters<Action>[0]): Promise<void> {
    const found = isTag(reference) || isDigest(reference) ? await this.#store.manifest(name, reference) : undefined
    if (!found) throw new RegistryError('MANIFEST_UNKNOWN', `manifest ${name}:${reference} is not here`)
    response.writeHead(200, {
      'content-type': found.mediaType,
      'content-length': found.bytes.length,
      'docker-content-digest': found.digest,
    })
    response.end(request.method === 'HEAD' ? undefined : found.bytes)
  }

  async #putManifest({ request, response, name, reference }: Parameters<Action>[0]): Promise<void> {
    const bytes = await readAll(request, maxManifestBytes)
    if (!isTag(reference) && digestOf(bytes) !== reference) {
      throw new RegistryError(
        'DIGEST_INVALID',
        `${JSON.stringify(reference)} is neither a tag nor the digest of the manifest`,
      )
    }
    const document = parseManifest(bytes)
    for (const digest of requiredBlobs(document)) {
      if ((await this.#store.blobSize(digest)) === undefined)
        throw new RegistryError('MANIFEST_BLOB_UNKNOWN', `push ${digest} first`)
    }
    const mediaType = request.headers['content-type'] ?? document.mediaType ?? mediaTypes.manifest
    const digest = await this.#store.putManifest(name, bytes, mediaType, isTag(reference) ? reference : undefined)
    if (document.subject) response.setHeader('oci-subject', document.subject.digest)
    sendCreated(response, `/v2/${name}/manifests/${digest}`, digest)
  }

  async #deleteManifest({ response, name, reference }: Parameters<Action>[0]): Promise<void> {
    const gone = isDigest(reference)
      ? await this.#store.deleteManifest(name, reference)
      : isTag(reference) && (await this.#store.deleteTag(name, reference))
    if (!gone) throw new RegistryError('MANIFEST_UNKNOWN', `manifest ${name}:${reference} is not here`)
    response.writeHead(202).end()
  }

  async #listTags({ response, url, name }: Parameters<Action>[0]): Promise<void> {
    const digests = await this.#store.manifestDigests(name)
    if (digests.length === 0) throw new RegistryError('NAME_UNKNOWN', `repository ${name} is not here`)
    sendPage(response, url, await this.#store.tags(name), (tags) => ({ name, tags }))
  }

  /** Manifests whose `subject` is the digest: signatures, bills of materials. */
  async #referrers({ response, url, name, reference }: Parameters<Action>[0]): Promise<void> {
    if (!isDigest(reference)) throw new RegistryError('DIGEST_INVALID', 'digest must be sha256: and 64 hex digits')
    const wanted = url.searchParams.get('artifactType')
    const manifests = []
    for (const digest of await this.#store.manifestDigests(name)) {
      const found = await this.#store.manifest(name, digest)
      if (!found) continue
      const document = parseManifest(found.bytes)
      if (document.subject?.digest !== reference) continue
      const artifactType = isIndex(document) ? undefined : (document.artifactType ?? document.config.mediaType)
      if (wanted !== null && artifactType !== wanted) continue
      manifests.push({
        mediaType: found.mediaType,
        digest,
        size: found.bytes.length,
        artifactType,
        annotations: document.annotations,
      })
    }
    if (wanted !== null) response.setHeader('oci-filters-applied', 'artifactType')
    response.setHeader('content-type', mediaTypes.index)
    response.end(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }))
  }
}

/** Blobs are shared between repositories, so none is removed alone. */
async function refuseBlobDelete(): Promise<void> {
  throw new RegistryError('UNSUPPORTED', 'blobs are removed with the manifests that use them')
}

function parseManifest(bytes: Buffer): Manifest | Index {
  let document: Partial<Manifest & Index>
  try {
    document = JSON.parse(bytes.toString()) as Partial<Manifest & Index>
  } catch {
    throw new RegistryError('MANIFEST_INVALID', 'the manifest is not JSON')
  }
  const isImage = typeof document.config?.digest === 'string' && Array.isArray(document.layers)
  if (document.schemaVersion !== 2 || !(isImage || Array.isArray(document.manifests))) {
    throw new RegistryError('MANIFEST_INVALID', 'only schema version 2 image manifests and indexes are taken')
  }
  return document as Manifest | Index
}

function requiredBlobs(document: Manifest | Index): string[] {
  if (isIndex(document)) return document.manifests.map(({ digest }) => digest)
  // Layers with URLs of their own ("foreign") are not pushed.
  const own = document.layers.filter((layer) => !('urls' in layer))
  return [document.config, ...own].map(({ digest }) => digest)
}

async function readAll(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new RegistryError('SIZE_INVALID', `a manifest has at most ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parseRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? []
  if (from === undefined) return undefined
  const range = { start: Number(from), end: Math.min(to ? Number(to) : size - 1, size - 1) }
  return range.start <= range.end ? range : undefined
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text)
}

/** `n` and `last` as the specification has them, with the Link to the next page. */
function sendPage(response: ServerResponse, url: URL, all: readonly string[], body: (names: string[]) => object): void {
  const last = url.searchParams.get('last') ?? ''
  const after = all.filter((name) => name > last)
  const n = url.searchParams.has('n') ? Number(url.searchParams.get('n')) : after.length
  const page = after.slice(0, n)
  const end = page.at(-1)
  if (end !== undefined && page.length < after.length) {
    response.setHeader('link', `<${url.pathname}?n=${n}&last=${encodeURIComponent(end)}>; rel="next"`)
  }
  sendJson(response, 200, body(page))
}

function sendCreated(response: ServerResponse, location: string, digest: string): void {
  response.writeHead(201, { location, 'docker-content-digest': digest, 'content-length': 0 }).end()
}

function sendUploadState(response: ServerResponse, status: number, name: string, upload: Upload): void {
  response.writeHead(status, {
    location: `/v2/${name}/blobs/uploads/${upload.id}`,
    'docker-upload-uuid': upload.id,
    range: `0-${Math.max(0, upload.size - 1)}`,
    'content-length': 0,
  })
  response.end()
}
