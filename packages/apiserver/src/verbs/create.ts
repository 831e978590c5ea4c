// create: decode → default → managed fields → mutating admission → strategy → validation → validating admission → write.
// Upstream: apiserver pkg/endpoints/handlers/create.go, pkg/registry/generic/registry/store.go.

import { type KubeObject, alreadyExists, isAlreadyExists, prepareForCreate, unclassified } from '@binnacle/api'
import type { Call, Outcome } from '../call.ts'
import { objectKeyOf } from '../registry.ts'
import { dropEmpty, fillSystemFields, generateName } from './metadata.ts'
import { itemOf } from './read.ts'
import {
  type Engine,
  admissionRequest,
  admit,
  decodeBody,
  strategyOf,
  toStorage,
  trackFields,
  validateAdmission,
  validateObject,
  writeContext,
} from './write.ts'

/** As upstream, a generated name that is taken is drawn again this often. */
const nameAttempts = 8

export async function create(engine: Engine, call: Call): Promise<Outcome> {
  const object = decodeBody(engine, call)
  return createObject(engine, call, object)
}

/** Also where an apply or an update makes the object. `object` is a decoded draft, given away. */
export async function createObject(engine: Engine, call: Call, object: KubeObject): Promise<Outcome> {
  const { metadata } = object
  dropEmpty(metadata)
  // An apply or update that makes the object may have meant a version that is gone.
  if (call.request.verb === 'create' && metadata.resourceVersion) {
    throw unclassified('resourceVersion should not be set on objects to be created')
  }
  if (metadata.managedFields === undefined || call.request.patchType === undefined)
    trackFields(engine, call, object, undefined)
  const admission = admissionRequest(call, 'CREATE', object, undefined)
  await admit(engine, admission)
  const isGenerated = !metadata.name && Boolean(metadata.generateName)
  for (let attempt = 1; ; attempt++) {
    if (isGenerated) metadata.name = generateName(metadata.generateName ?? '')
    try {
      return await writeNew(engine, call, object)
    } catch (error) {
      if (!isGenerated || attempt === nameAttempts || !isAlreadyExists(error)) throw error
    }
  }
}

async function writeNew(engine: Engine, call: Call, object: KubeObject): Promise<Outcome> {
  const { row, request } = call
  const { backend } = engine
  const strategy = strategyOf(engine, row)
  const context = writeContext(engine, call)
  fillSystemFields(object, backend.clock.now())
  prepareForCreate(row.info, object, () => backend.clock.now())
  await strategy.prepareForCreate?.(object, context)
  const admission = admissionRequest(call, 'CREATE', object, undefined)
  let isWritten = false
  try {
    await validateObject(call, object, undefined)
    await validateAdmission(engine, admission)
    const key = objectKeyOf(row, request.namespace, object.metadata.name ?? '')
    if (call.dryRun) {
      if (backend.store.get(key) !== undefined) throw alreadyExists(row.info, object.metadata.name ?? '')
      return { type: 'object', code: 201, item: { object, revision: 0 }, row }
    }
    const kept = await toStorage(row, object)
    const stored = await backend.store.write(key, (current) => {
      if (current !== undefined) throw alreadyExists(row.info, object.metadata.name ?? '')
      return { put: kept }
    })
    isWritten = true
    if (stored === undefined) throw new Error(`the store kept nothing under ${key}`)
    return { type: 'object', code: 201, item: await itemOf(row, stored), row }
  } finally {
    for (const plugin of engine.plugins) plugin.settle?.(admission, backend)
    if (!isWritten) strategy.undoCreate?.(object, context)
  }
}
