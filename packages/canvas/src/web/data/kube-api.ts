// Requests to the Kubernetes API, which the Canvas's server passes on with the user's own credentials.

import type { KubeList, KubeObject, Status } from '@binnacle/api'

/** What the API server said no with. `causes` name the fields. */
export class KubeError extends Error {
  readonly status: Partial<Status>
  constructor(status: Partial<Status>) {
    super(status.message ?? 'the request failed')
    this.name = 'KubeError'
    this.status = status
  }
  get code(): number {
    return this.status.code ?? 0
  }
  get reason(): string {
    return this.status.reason ?? ''
  }
  get causes(): readonly { field?: string; message?: string; reason?: string }[] {
    return this.status.details?.causes ?? []
  }
}

export function isKubeError(error: unknown): error is KubeError {
  return error instanceof KubeError
}

/** Which resource, as in a path. */
export interface ResourcePath {
  group: string
  version: string
  resource: string
}

/** `/apis/apps/v1/namespaces/shop/deployments/web/scale` */
export function pathOf(
  { group, version, resource }: ResourcePath,
  { namespace, name, subresource }: { namespace?: string | undefined; name?: string; subresource?: string } = {},
): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const object =
    name === undefined ? '' : `/${encodeURIComponent(name)}${subresource === undefined ? '' : `/${subresource}`}`
  return `${root}${scope}/${resource}${object}`
}

interface Ask {
  method?: string
  body?: unknown
  contentType?: string
  query?: Readonly<Record<string, string>>
  signal?: AbortSignal
}

/** The answer as it streams. Rejects with KubeError where the server refuses. */
export async function askRaw(path: string, options: Ask = {}): Promise<Response> {
  return answerOf(`/k8s${path}`, options)
}

async function answerOf(
  path: string,
  { method = 'GET', body, contentType, query, signal }: Ask = {},
): Promise<Response> {
  const search = query === undefined || Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query)}`
  const response = await fetch(`${path}${search}`, {
    method,
    ...(signal === undefined ? {} : { signal }),
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': contentType ?? 'application/json' } }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error
    throw unreachable()
  })
  if (response.ok) return response
  throw new KubeError(await statusOf(response))
}

export function unreachable(): KubeError {
  return new KubeError({ message: 'the Canvas server does not answer', reason: 'Unreachable', code: 0 })
}

async function statusOf(response: Response): Promise<Partial<Status>> {
  const text = await response.text()
  if (response.headers.get('content-type')?.includes('json') === true) return JSON.parse(text) as Status
  return { message: text.trim() === '' ? `the server answered ${response.status}` : text.trim(), code: response.status }
}

export async function ask<T>(path: string, options: Ask = {}): Promise<T> {
  return (await askRaw(path, options)).json() as Promise<T>
}

/** Of the Canvas's server itself, which answers and refuses as the API does. */
export async function askCanvas<T>(path: string, options: Ask = {}): Promise<T> {
  return (await answerOf(path, options)).json() as Promise<T>
}

export const fieldManager = 'binnacle-canvas'

export const kube = {
  get: <T extends KubeObject>(path: string, signal?: AbortSignal): Promise<T> =>
    ask<T>(path, signal === undefined ? {} : { signal }),
  list: <T extends KubeObject>(path: string, query: Readonly<Record<string, string>> = {}): Promise<KubeList<T>> =>
    ask<KubeList<T>>(path, { query }),
  create: <T extends KubeObject>(path: string, body: T, dryRun = false): Promise<T> =>
    ask<T>(path, { method: 'POST', body, query: written(dryRun) }),
  update: <T extends KubeObject>(path: string, body: T, dryRun = false): Promise<T> =>
    ask<T>(path, { method: 'PUT', body, query: written(dryRun) }),
  mergePatch: <T extends KubeObject>(path: string, body: unknown): Promise<T> =>
    ask<T>(path, {
      method: 'PATCH',
      body,
      contentType: 'application/merge-patch+json',
      query: { fieldManager },
    }),
  /** With a resource version only that version is removed: any other is a Conflict. */
  remove: (path: string, { dryRun = false, resourceVersion }: RemoveOptions = {}): Promise<unknown> =>
    ask(path, {
      method: 'DELETE',
      query: { propagationPolicy: 'Background', ...(dryRun ? { dryRun: 'All' } : {}) },
      ...(resourceVersion === undefined
        ? {}
        : { body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { resourceVersion } } }),
    }),
}

interface RemoveOptions {
  dryRun?: boolean
  resourceVersion?: string | undefined
}

function written(dryRun: boolean): Record<string, string> {
  return { fieldManager, fieldValidation: 'Strict', ...(dryRun ? { dryRun: 'All' } : {}) }
}

/** Where the page is: the answer of the Canvas's server. */
export interface ServerContext {
  name: string
  namespace: string
  server: string
  hasTraffic: boolean
}

export async function serverContext(): Promise<ServerContext> {
  return askCanvas<ServerContext>('/context')
}
