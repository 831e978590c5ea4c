// All forwards of this server, and what the page asks of them: GET and POST /forwards, DELETE /forwards/ID.

import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type Clock,
  type FieldError,
  type KubeObject,
  type Pod,
  type Service,
  badRequest,
  failure,
  field,
  forbidden,
  invalid,
  methodNotAllowed,
  notFound,
} from '@binnacle/api'
import { type ApiConnection, type Client, pods, selfSubjectAccessReviews, services } from '@binnacle/client'
import { send, sendJson } from './answers.ts'
import { requireForwardable, requireRunning } from './forward-target.ts'
import { type ForwardKind, type ForwardState, PortForward } from './port-forward.ts'
import { readJson } from './request-body.ts'

export const forwardsRoot = '/forwards'

const maxForwards = 50
const maxBodyBytes = 8 * 1024
const resource = { group: '', resource: 'forwards' }

export interface ForwardRequest {
  kind: ForwardKind
  namespace: string
  name: string
  /** Of the pod or the Service. */
  port: number
  /** undefined: one that is free. */
  localPort: number | undefined
}

export class PortForwards {
  readonly #options: { api: ApiConnection; client: Client; clock: Clock }
  readonly #forwards = new Map<string, PortForward>()
  #lastId = 0

  constructor(options: { api: ApiConnection; client: Client; clock: Clock }) {
    this.#options = options
  }

  /** Rejects with StatusError. */
  async answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const id = path.slice(forwardsRoot.length + 1)
    if (request.method === 'GET' && id === '') sendJson(response, { items: this.list() })
    else if (request.method === 'POST' && id === '') {
      const state = await this.start(forwardRequest(await readJson(request, maxBodyBytes)))
      send(response, { code: 201, type: 'application/json', body: JSON.stringify(state) })
    } else if (request.method === 'DELETE' && id !== '') sendJson(response, this.stop(id))
    else throw methodNotAllowed()
  }

  list(): ForwardState[] {
    return [...this.#forwards.values()].map(({ state }) => state)
  }

  /** Rejects with StatusError where the server, the target or the local port does not allow it. */
  async start({ kind, namespace, name, port, localPort }: ForwardRequest): Promise<ForwardState> {
    const { api, client, clock } = this.#options
    this.#makeRoom()
    await this.#requirePermission(namespace)
    const target =
      kind === 'Pod'
        ? { kind, object: await client.get<Pod>(pods, { namespace, name }) }
        : { kind, object: await client.get<Service>(services, { namespace, name }) }
    if (target.kind === 'Pod') requireRunning(target.object)
    else requireForwardable(target.object, port)
    const id = String(++this.#lastId)
    const forward = new PortForward({ id, target, port, api, client, clock })
    try {
      await forward.listen(localPort)
    } catch (error) {
      throw notBound(localPort, error)
    }
    this.#forwards.set(id, forward)
    return forward.state
  }

  /** Its last state. Throws NotFound. */
  stop(id: string): ForwardState {
    const forward = this.#forwards.get(id)
    if (forward === undefined) throw notFound(resource, id)
    this.#forwards.delete(id)
    forward.end()
    return forward.state
  }

  close(): void {
    for (const forward of this.#forwards.values()) forward.end()
    this.#forwards.clear()
  }

  /** Those that ended are only told of. */
  #makeRoom(): void {
    for (const [id, { state }] of this.#forwards) {
      if (this.#forwards.size < maxForwards) return
      if (state.state === 'Ended') this.#forwards.delete(id)
    }
    if (this.#forwards.size >= maxForwards)
      throw failure('Forbidden', `there are ${maxForwards} forwards already; stop one first`)
  }

  /** The server would refuse each connection; better one clear answer now. */
  async #requirePermission(namespace: string): Promise<void> {
    const review = await this.#options.client.create<AccessReview>(selfSubjectAccessReviews, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: { resourceAttributes: { verb: 'create', resource: 'pods', subresource: 'portforward', namespace } },
    })
    if (review.status?.allowed === false)
      throw forbidden({ group: '', resource: 'pods/portforward' }, '', `you may not forward ports in ${namespace}`)
  }
}

interface AccessReview extends KubeObject {
  spec: object
  status?: { allowed?: boolean }
}

/** Throws StatusError with every field that is wrong. */
function forwardRequest(body: unknown): ForwardRequest {
  if (typeof body !== 'object' || body === null) throw badRequest('the body has to be a JSON object')
  const { kind, namespace, name, port, localPort } = body as Partial<Record<keyof ForwardRequest, unknown>>
  const errors = [
    ...(kind === 'Pod' || kind === 'Service' ? [] : [field.notSupported('kind', kind, ['Pod', 'Service'])]),
    ...nameErrors('namespace', namespace),
    ...nameErrors('name', name),
    ...portErrors('port', port),
    ...(localPort === undefined ? [] : portErrors('localPort', localPort)),
  ]
  if (errors.length > 0) throw invalid({ group: '', kind: 'Forward' }, '', errors)
  return { kind, namespace, name, port, localPort } as ForwardRequest
}

function nameErrors(path: string, value: unknown): FieldError[] {
  return typeof value === 'string' && value !== '' ? [] : [field.required(path, '')]
}

function portErrors(path: string, value: unknown): FieldError[] {
  const isPort = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535
  return isPort ? [] : [field.invalid(path, value, 'must be between 1 and 65535, inclusive')]
}

/** The system's refusal, at the field where the person chose the port. */
function notBound(localPort: number | undefined, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException
  const why =
    code === 'EADDRINUSE'
      ? 'another program on this machine has this port'
      : code === 'EACCES'
        ? 'this port needs the rights of an administrator'
        : message
  return invalid({ group: '', kind: 'Forward' }, '', [field.invalid('localPort', localPort, why)])
}
