// OpenAPI of what is served: an index and a document for each group and version (v3), and one document of all (v2).
// Pure functions of the rows, so that custom kinds appear as their definitions come.

import { createHash } from 'node:crypto'
import type { ResourceInfo } from '@binnacle/api'
import { Definitions, type Json } from './definitions.ts'
import { groupVersionPath, Paths } from './paths.ts'

const info = { title: 'Kubernetes', version: 'v1.36' }
const bearer = { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' }

function byGroupVersion(rows: readonly ResourceInfo[]): Map<string, ResourceInfo[]> {
  return Map.groupBy(rows, groupVersionPath)
}

/**
 * GET /openapi/v3. Each URL carries a hash of what its document is made from; a client that has a document of the same
 * hash does not ask again.
 */
export function openApiV3Index(rows: readonly ResourceInfo[]): Json {
  const paths = [...byGroupVersion(rows)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, of]) => {
      const source = JSON.stringify(of.map((row) => ({ ...row, schema: undefined })))
      const hash = createHash('sha256').update(source).digest('hex').toUpperCase()
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const
    })
  return { paths: Object.fromEntries(paths) }
}

/** GET /openapi/v3/<path>; `groupVersion` is `api/v1` or `apis/apps/v1`. Undefined where nothing of it is served. */
export function openApiV3Document(groupVersion: string, rows: readonly ResourceInfo[]): Json | undefined {
  const own = byGroupVersion(rows).get(groupVersion)
  if (!own) return undefined
  const definitions = new Definitions(3, rows)
  const paths = new Paths(3, definitions)
  for (const row of own) {
    definitions.add(row)
    paths.add(row)
  }
  return {
    openapi: '3.0.0',
    info,
    paths: paths.all(),
    components: { schemas: definitions.all(), securitySchemes: { BearerToken: bearer } },
  }
}

/** GET /openapi/v2, as JSON. */
export function openApiV2Document(rows: readonly ResourceInfo[]): Json {
  const definitions = new Definitions(2, rows)
  const paths = new Paths(2, definitions)
  for (const row of rows) {
    definitions.add(row)
    paths.add(row)
  }
  return {
    swagger: '2.0',
    info,
    paths: paths.all(),
    definitions: definitions.all(),
    securityDefinitions: { BearerToken: bearer },
    security: [{ BearerToken: [] }],
  }
}
