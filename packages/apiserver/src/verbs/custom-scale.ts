// The scale sub-resource of custom resources: a view of three paths of the object as autoscaling/v1 Scale.
// Upstream: apiextensions-apiserver pkg/registry/customresource/etcd.go ScaleREST.

import { type KubeObject, badRequest, methodNotAllowed, notFound } from '@binnacle/api'
import type { Call, Outcome } from '../call.ts'
import type { DispatchContext } from '../dispatch-context.ts'
import { type RowHooks, objectKeyOf } from '../registry.ts'
import { itemOf } from './read.ts'
import { type Scale, patchScale } from './scale-patch.ts'
import { patch } from './update.ts'

type ScalePaths = NonNullable<RowHooks['scale']>

export async function scaleRequest({ engine }: DispatchContext, call: Call, paths: ScalePaths): Promise<Outcome> {
  const { request, row } = call
  const stored = engine.backend.store.get(objectKeyOf(row, request.namespace, request.name ?? ''))
  if (stored === undefined) throw notFound(row.info, request.name ?? '')
  const current = scaleOf((await itemOf(row, stored)).object, paths)
  const answerRow = { ...row, isStorageVersion: false }
  if (request.verb === 'get')
    return { type: 'object', code: 200, item: { object: current, revision: stored.revision }, row: answerRow }
  if (request.verb !== 'update' && request.verb !== 'patch') throw methodNotAllowed()
  const wanted = request.verb === 'update' ? (request.body as typeof current) : patchScale(current, request)
  const replicas = wanted.spec?.replicas ?? 0
  if (!Number.isInteger(replicas) || replicas < 0)
    throw badRequest(`spec.replicas: Invalid value: ${replicas}: should be a non-negative integer`)
  const version = wanted.metadata?.resourceVersion
  const body = {
    ...at(paths.specReplicasPath, replicas),
    ...(version === undefined || version === current.metadata.resourceVersion
      ? {}
      : { metadata: { resourceVersion: version } }),
  }
  const { subresource: _subresource, ...main } = request
  const changed = await patch(engine, {
    ...call,
    request: { ...main, verb: 'patch', patchType: 'application/merge-patch+json', body },
  })
  if (changed.type !== 'object') return changed
  return {
    ...changed,
    item: { object: scaleOf(changed.item.object, paths), revision: changed.item.revision },
    row: answerRow,
  }
}

function scaleOf(object: KubeObject, { specReplicasPath, statusReplicasPath, labelSelectorPath }: ScalePaths): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector = labelSelectorPath === undefined ? undefined : read(object, labelSelectorPath)
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: Number(read(object, specReplicasPath) ?? 0) },
    status: {
      replicas: Number(read(object, statusReplicasPath) ?? 0),
      ...(typeof selector === 'string' ? { selector } : {}),
    },
  }
}

function partsOf(path: string): string[] {
  return path.split('.').filter((part) => part !== '')
}

function read(object: unknown, path: string): unknown {
  return partsOf(path).reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined,
    object,
  )
}

function at(path: string, value: unknown): Record<string, unknown> {
  return partsOf(path).reduceRight<unknown>((inner, part) => ({ [part]: inner }), value) as Record<string, unknown>
}
