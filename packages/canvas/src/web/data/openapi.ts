// What the cluster says of the fields of its kinds. Asked for a group and version when an object of it is looked at: a
// document has hundreds of kilobytes.

import { type KindName, type OpenApiDocument, schemaFromOpenApi } from '@binnacle/canvas-core'
import type { AnySchema } from '@binnacle/model'
import { ask, isKubeError } from './kube-api.ts'

/** Undefined where the cluster does not describe the kind's fields. Rejects with KubeError where it cannot be asked. */
export async function askSchema(kind: KindName): Promise<AnySchema | undefined> {
  const { group, version } = kind
  const path = group === '' ? `api/${version}` : `apis/${group}/${version}`
  try {
    return schemaFromOpenApi(await ask<OpenApiDocument>(`/openapi/v3/${path}`), kind)
  } catch (error) {
    if (isKubeError(error) && error.code === 404) return undefined
    throw error
  }
}
