// Paths that are no resources: discovery, OpenAPI, health, version, metrics, keys of service-account tokens.

import { createHash } from 'node:crypto'
import type { ServiceAccountTokens } from '../auth/tokens.ts'
import { openApiV2Document, openApiV3Document, openApiV3Index } from '../openapi/index.ts'
import { encodeOpenApiV2, openApiV2ProtoType } from '../openapi/proto.ts'
import type { Registry } from '../registry.ts'
import { kubernetesVersion } from '../version.ts'
import { Discovery } from './discovery.ts'
import { type HealthCheck, healthAnswer } from './health.ts'
import type { Metrics } from './metrics.ts'
import type { PathHandler } from './server.ts'
import { baseHeaders, sendJson } from './respond.ts'
import { wantsGzip, writeGzip } from './compress.ts'

export interface PathOptions {
  registry: Registry
  metrics: Metrics
  tokens: ServiceAccountTokens
  /** By endpoint: livez, readyz, healthz. */
  checks: Readonly<Record<string, readonly HealthCheck[]>>
}

type Request = Parameters<PathHandler>[0]

export function createPaths(options: PathOptions): PathHandler {
  const discovery = new Discovery(options.registry)
  const openapi = new OpenApiDocuments(options.registry)
  const fixed: Readonly<Record<string, (request: Request) => Promise<void> | void>> = {
    '/version': ({ answer }) => sendJson(answer, 200, kubernetesVersion),
    '/metrics': async ({ exchange }) => {
      const { contentType, body } = await options.metrics.text()
      exchange.respond(200, { 'content-type': contentType }, body)
    },
    '/openid/v1/jwks': ({ exchange }) =>
      exchange.respond(
        200,
        { 'content-type': 'application/jwk-set+json', 'cache-control': 'public, max-age=3600' },
        JSON.stringify(options.tokens.keys()),
      ),
    '/.well-known/openid-configuration': ({ answer }) => sendJson(answer, 200, openIdConfiguration(options.tokens)),
    '/': ({ answer }) => sendJson(answer, 200, { paths: pathIndex(discovery) }),
  }
  return async (request) => {
    const { path, exchange, query, answer } = request
    const handler = fixed[path]
    if (handler !== undefined) {
      await handler(request)
      return true
    }
    const [endpoint = ''] = path.slice(1).split('/')
    const checks = options.checks[endpoint]
    if (checks !== undefined) {
      const { code, text } = healthAnswer(endpoint, checks, path, query)
      exchange.respond(
        code,
        { ...baseHeaders(answer), 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
        text,
      )
      return true
    }
    if (path === '/openapi/v2' || path.startsWith('/openapi/v3')) return openapi.answer(request)
    if (endpoint !== 'api' && endpoint !== 'apis') return false
    const document = discovery.document(path, exchange.headers.accept)
    if (document === undefined) return false
    sendCached(request, document)
    return true
  }
}

/** A document that rarely changes: the client's copy is confirmed by its ETag, large ones are compressed. */
function sendCached(
  { exchange, answer }: Request,
  document: { contentType: string; etag?: string; body: string | Buffer; immutable?: boolean },
): void {
  const { etag, contentType, body, immutable } = document
  const headers = {
    ...baseHeaders(answer),
    'content-type': contentType,
    vary: 'Accept',
    ...(etag === undefined ? {} : { etag }),
    ...(immutable === true ? { 'cache-control': 'public, immutable' } : {}),
  }
  if (etag !== undefined && exchange.headers['if-none-match'] === etag) {
    exchange.respond(304, headers)
    return
  }
  const { remoteAddress } = exchange.socket
  if (!wantsGzip(exchange.headers['accept-encoding'], { bytes: body.length, remoteAddress })) {
    exchange.respond(200, headers, body)
    return
  }
  const out = exchange.stream(200, { ...headers, 'content-encoding': 'gzip' })
  void writeGzip(out, [typeof body === 'string' ? Buffer.from(body) : body])
}

function pathIndex(discovery: Discovery): string[] {
  const groups = discovery
    .groups()
    .flatMap(({ name, versions }) =>
      name === ''
        ? ['/api', '/api/v1']
        : [`/apis/${name}`, ...versions.map(({ version }) => `/apis/${name}/${version}`)],
    )
  const others = [
    '/.well-known/openid-configuration',
    '/apis',
    '/healthz',
    '/livez',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/openid/v1/jwks',
    '/readyz',
    '/version',
  ]
  return [...groups, ...others].sort()
}

function openIdConfiguration(tokens: ServiceAccountTokens): object {
  return {
    issuer: tokens.issuer,
    jwks_uri: `${tokens.issuer}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  }
}

/** Made when first asked for and again when the rows have changed. */
class OpenApiDocuments {
  readonly #registry: Registry
  #version = -1
  readonly #documents = new Map<
    string,
    { contentType: string; etag: string; body: string | Buffer; immutable?: boolean }
  >()

  constructor(registry: Registry) {
    this.#registry = registry
  }

  answer(request: Request): boolean {
    if (this.#version !== this.#registry.version) {
      this.#documents.clear()
      this.#version = this.#registry.version
    }
    const { path, query } = request
    const isProto = path === '/openapi/v2' && wantsProto(request)
    const key = isProto ? `${path} ${openApiV2ProtoType}` : path
    const known = this.#documents.get(key) ?? (isProto ? this.#makeProto() : this.#make(path))
    if (known === undefined) return false
    this.#documents.set(key, known)
    sendCached(request, { ...known, immutable: query.has('hash') })
    return true
  }

  #makeProto(): { contentType: string; etag: string; body: Buffer } {
    const body = encodeOpenApiV2(openApiV2Document(this.#registry.all().map(({ info }) => info)))
    return { contentType: openApiV2ProtoType, etag: etagOf(body), body }
  }

  #make(path: string): { contentType: string; etag: string; body: string } | undefined {
    const rows = this.#registry.all().map(({ info }) => info)
    let value: object | undefined
    if (path === '/openapi/v2') value = openApiV2Document(rows)
    else if (path === '/openapi/v3') value = openApiV3Index(rows)
    else value = openApiV3Document(path.slice('/openapi/v3/'.length), rows)
    if (value === undefined) return undefined
    const body = JSON.stringify(value)
    return {
      contentType: 'application/json',
      etag: etagOf(body),
      body,
    }
  }
}

function etagOf(body: string | Buffer): string {
  return `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`
}

/** kubectl spells the type with `@`, which newer clients write as a dot (kube-openapi pkg/handler). */
function wantsProto({ exchange }: Request): boolean {
  const accept = exchange.headers['accept'] ?? ''
  return /application\/com\.github\.proto-openapi\.spec\.v2[@.]v1\.0\+protobuf/.test(accept)
}
