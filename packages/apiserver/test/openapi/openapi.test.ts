// The OpenAPI documents, beside the release's own where its source is in the module cache.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { builtinResources, type ResourceInfo } from '@binnacle/api'
import { openApiV2Document, openApiV3Document, openApiV3Index } from '../../src/openapi/index.ts'

type Json = Record<string, unknown>
interface Swagger {
  paths: Record<string, Record<string, Json>>
  definitions: Record<string, Json & { properties?: Record<string, Json> }>
}

function releaseDocument(): Swagger | undefined {
  try {
    const cache = execFileSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' }).trim()
    const file = join(cache, 'k8s.io/kubernetes@v1.36.3/api/openapi-spec/swagger.json')
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Swagger) : undefined
  } catch {
    return undefined
  }
}

const release = releaseDocument()
const rows = builtinResources()

const widgets: ResourceInfo = {
  group: 'example.com',
  version: 'v1',
  resource: 'widgets',
  singular: 'widget',
  kind: 'Widget',
  listKind: 'WidgetList',
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: [{ name: 'status', kind: 'Widget', verbs: ['get', 'patch', 'update'] }],
  storageKey: 'widgets.example.com',
  storageVersion: 'example.com/v1',
  schema: { type: 'object', fields: new Map(), atomic: false },
  jsonSchema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } },
}

describe('OpenAPI v2', () => {
  it.skipIf(release === undefined)('has the operations of the release (needs its source in the module cache)', () => {
    const ours = openApiV2Document(rows) as unknown as Swagger
    const differences: string[] = []
    for (const [path, item] of Object.entries(ours.paths)) {
      const theirs = release?.paths[path]
      if (!theirs) {
        differences.push(`${path} is not in the release`)
        continue
      }
      for (const [method, operation] of Object.entries(item)) {
        if (method === 'parameters') continue
        for (const key of ['x-kubernetes-action', 'x-kubernetes-group-version-kind', 'operationId']) {
          const [a, b] = [JSON.stringify(sorted(operation[key])), JSON.stringify(sorted(theirs[method]?.[key]))]
          if (a !== b) differences.push(`${method} ${path} ${key}: ${a} instead of ${b}`)
        }
      }
    }
    expect(differences).toEqual([])
  })

  it.skipIf(release === undefined)('has the extensions of the release on every field (needs its source)', () => {
    const ours = openApiV2Document(rows) as unknown as Swagger
    const differences: string[] = []
    for (const [name, definition] of Object.entries(ours.definitions)) {
      const theirs = release?.definitions[name]
      if (!theirs) {
        differences.push(`${name} is not in the release`)
        continue
      }
      for (const [field, property] of Object.entries(definition.properties ?? {})) {
        const own = extensions(property)
        const other = extensions(theirs.properties?.[field] ?? {})
        if (own !== other) differences.push(`${name}.${field}: ${own} instead of ${other}`)
      }
    }
    expect(differences).toEqual([])
  })
})

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function extensions(property: Json): string {
  const entries = Object.entries(property).filter(
    ([key, value]) => (key.startsWith('x-kubernetes') || key === '$ref' || key === 'type') && value !== 'atomic',
  )
  return JSON.stringify(sorted(Object.fromEntries(entries)))
}

describe('OpenAPI v3', () => {
  it('has an index with a document for each group and version', () => {
    const { paths } = openApiV3Index([...rows, widgets]) as { paths: Record<string, { serverRelativeURL: string }> }
    expect(Object.keys(paths)).toContain('api/v1')
    expect(paths['apis/example.com/v1']?.serverRelativeURL).toMatch(
      /^\/openapi\/v3\/apis\/example\.com\/v1\?hash=[0-9A-F]+$/,
    )
    for (const path of Object.keys(paths)) expect(openApiV3Document(path, [...rows, widgets])).toBeDefined()
  })

  it('says that a patch takes fieldValidation and dryRun', () => {
    const document = openApiV3Document('apis/apps/v1', rows) as {
      paths: Record<string, { patch: { parameters: { name: string }[] } }>
    }
    const item = document.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']
    expect(item?.patch.parameters.map(({ name }) => name)).toEqual([
      'dryRun',
      'fieldManager',
      'fieldValidation',
      'force',
    ])
  })

  it('offers a strategic merge patch for built-in kinds alone: kubectl apply goes by it', () => {
    const types = (path: string, item: string): string[] => {
      const { paths } = openApiV3Document(path, [...rows, widgets]) as {
        paths: Record<string, { patch: { requestBody: { content: Json } } }>
      }
      return Object.keys(paths[item]?.patch.requestBody.content ?? {})
    }
    const strategic = 'application/strategic-merge-patch+json'
    expect(types('apis/apps/v1', '/apis/apps/v1/namespaces/{namespace}/deployments/{name}')).toContain(strategic)
    const custom = '/apis/example.com/v1/namespaces/{namespace}/widgets/{name}'
    for (const path of [custom, `${custom}/status`])
      expect(types('apis/example.com/v1', path)).toEqual([
        'application/json-patch+json',
        'application/merge-patch+json',
        'application/apply-patch+yaml',
      ])
  })

  it('refers to nothing that is not in the document', () => {
    for (const path of ['api/v1', 'apis/apps/v1', 'apis/apiextensions.k8s.io/v1', 'apis/example.com/v1']) {
      const document = openApiV3Document(path, [...rows, widgets]) as { components: { schemas: Json } }
      const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
        (match) => match[1] ?? '',
      )
      for (const name of names) expect(document.components.schemas).toHaveProperty([name])
    }
  })

  it('shows a custom kind with its own schema and metadata', () => {
    const document = openApiV3Document('apis/example.com/v1', [...rows, widgets]) as {
      components: { schemas: Record<string, Json> }
    }
    expect(document.components.schemas['com.example.v1.Widget']).toMatchObject({
      properties: { spec: { properties: { size: { type: 'integer' } } }, metadata: { allOf: [{}] } },
      'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
    })
  })
})
