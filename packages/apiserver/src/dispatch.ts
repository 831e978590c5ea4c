// From a request to its outcome: find the row, authorize, run the verb. The HTTP server and clients in this process both
// come through here; what differs is only how the request was read and how the outcome is written.

import {
  type KubeObject,
  type RequestOptions,
  type ResourceRequest,
  type UserInfo,
  type Verb,
  deprecationOf,
  methodNotAllowed,
  notFound,
  pathNotFound,
} from '@binnacle/api'
import type { Call, Outcome } from './call.ts'
import { attributesOf } from './auth/authorizer.ts'
import type { DispatchContext } from './dispatch-context.ts'
import { type Row, objectKeyOf } from './registry.ts'
import { scaleRequest } from './verbs/custom-scale.ts'
import { create } from './verbs/create.ts'
import { remove, removeCollection } from './verbs/delete.ts'
import { get, itemOf, list } from './verbs/read.ts'
import { validateOptions } from './verbs/request-options.ts'
import { patch, update } from './verbs/update.ts'
import { watch } from './verbs/watch.ts'
import { strategyOf, writeContext } from './verbs/write.ts'
import { virtualResources } from './virtual/index.ts'

export interface DispatchOptions {
  user: UserInfo
  /** Default field manager: the first word of the user agent. */
  userAgent: string
  warn?: (message: string) => void
  decodeErrors?: readonly string[]
  text?: string
  /** The request was authorized on its way here. */
  isAuthorized?: boolean
}

const noOptions: RequestOptions = {}

/** Throws StatusError for whatever is refused. */
export async function dispatch(
  context: DispatchContext,
  request: ResourceRequest,
  options: DispatchOptions,
): Promise<Outcome> {
  // What exists is told to those only who may ask for it.
  if (options.isAuthorized !== true) context.authorizer.require(attributesOf(request), options.user)
  const row = context.registry.find(request.group, request.version, request.resource)
  if (row === undefined) throw pathNotFound()
  requireRoute(request, row)
  validateOptions(request)
  const call: Call = {
    request,
    options: request.options ?? noOptions,
    row,
    user: options.user,
    fieldManager: request.options?.fieldManager ?? managerOf(options.userAgent),
    dryRun: (request.options?.dryRun ?? []).length > 0,
    warn: options.warn ?? (() => undefined),
    decodeErrors: options.decodeErrors ?? [],
    text: options.text,
  }
  const deprecation = row.isCustom ? row.hooks.deprecation : deprecationOf(row.info)
  if (deprecation !== undefined) call.warn(deprecation)
  return runVerb(context, call)
}

function managerOf(userAgent: string): string {
  const slash = userAgent.indexOf('/')
  return (slash < 0 ? userAgent : userAgent.slice(0, slash)).slice(0, 128) || 'unknown'
}

async function runVerb(context: DispatchContext, call: Call): Promise<Outcome> {
  const { engine } = context
  const { request, row } = call
  if (request.subresource !== undefined && request.subresource !== '')
    return runSubresource(context, call, request.subresource)
  const virtual = virtualResources[row.info.storageKey]
  if (virtual !== undefined) return virtual(context, call)
  if (!row.info.verbs.includes(request.verb)) throw methodNotAllowed()
  switch (request.verb) {
    case 'get':
      return get(engine.backend.store, call)
    case 'list':
      return list(engine.backend.store, call)
    case 'watch':
      return watch(engine.backend, call)
    case 'create':
      return create(engine, call)
    case 'update':
      return update(engine, call)
    case 'patch':
      return patch(engine, call)
    case 'delete':
      return remove(engine, call)
    case 'deletecollection':
      return removeCollection(engine, call)
    default:
      throw methodNotAllowed()
  }
}

const onCollection: ReadonlySet<Verb> = new Set(['list', 'watch', 'create', 'deletecollection'])

/** Requests for which upstream has no route: of the wrong scope, or with or without a name where that makes no sense. */
export function requireRoute({ verb, name = '', namespace, subresource = '' }: ResourceRequest, { info }: Row): void {
  if (!info.namespaced && namespace !== undefined && namespace !== '') throw pathNotFound()
  if (subresource !== '' || info.storageKey === 'bindings') return
  const isOnCollection = onCollection.has(verb)
  if (!isOnCollection && name === '') throw methodNotAllowed()
  if (isOnCollection && name !== '' && verb !== 'watch') throw methodNotAllowed()
  if (!info.namespaced || (namespace !== undefined && namespace !== '')) return
  if (!isOnCollection) throw pathNotFound()
  if (verb === 'create' || verb === 'deletecollection') throw methodNotAllowed()
}

async function runSubresource(context: DispatchContext, call: Call, name: string): Promise<Outcome> {
  const { engine } = context
  const { row, request } = call
  const known = row.info.subresources.find((subresource) => subresource.name === name)
  if (known === undefined) throw pathNotFound()
  if (!known.verbs.includes(request.verb)) throw methodNotAllowed()
  if (row.hooks.scale !== undefined && name === 'scale') return scaleRequest(context, call, row.hooks.scale)
  const handler = strategyOf(engine, row).subresources?.[name]
  if (handler !== undefined) {
    const object = await handler({
      ...writeContext(engine, call),
      request,
      name: request.name ?? '',
      ...(request.namespace === undefined ? {} : { namespace: request.namespace }),
    })
    return {
      type: 'object',
      code: request.verb === 'create' ? 201 : 200,
      item: { object, revision: 0 },
      row: answerRow(row, object),
    }
  }
  return runOnObject(context, call)
}

/** Scale, Eviction and TokenRequest are of a group of their own; what the client gets says so itself. */
function answerRow(row: Row, object: KubeObject): Row {
  return object.kind === row.info.kind ? row : { ...row, isStorageVersion: false }
}

/** Sub-resources that are a view of the object itself: status, ephemeralcontainers, resize, approval, finalize. */
async function runOnObject({ engine }: DispatchContext, call: Call): Promise<Outcome> {
  const { request, row } = call
  switch (request.verb) {
    case 'get': {
      const stored = engine.backend.store.get(objectKeyOf(row, request.namespace, request.name ?? ''))
      if (stored === undefined) throw notFound(row.info, request.name ?? '')
      return { type: 'object', code: 200, item: await itemOf(row, stored), row }
    }
    case 'update':
      return update(engine, call)
    case 'patch':
      return patch(engine, call)
    default:
      throw methodNotAllowed()
  }
}
