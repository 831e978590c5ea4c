// The generated table is what the generator makes of the Go modules, and agrees with the OpenAPI document of the release.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generate } from '../../../scripts/generate-api/generate.ts'
import { missingPrerequisite } from '../../../scripts/generate-api/go-types.ts'
import { builtinResources, namedSchema, schemaNames, type Field, type Schema } from '../src/schema.ts'

const root = join(import.meta.dirname, '../../..')

const missing = missingPrerequisite()

describe('the generated table', () => {
  it.skipIf(missing !== undefined)(
    `is what the generator makes of the Go modules${missing ? ` (${missing})` : ''}`,
    () => {
      for (const [name, source] of Object.entries(generate())) {
        expect(
          readFileSync(join(root, 'packages/api/src/generated', name), 'utf8') === source,
          `${name} is stale`,
        ).toBe(true)
      }
    },
  )

  it('has a schema with apiVersion, kind and metadata for every resource', () => {
    for (const row of builtinResources()) {
      expect([...(row.schema.type === 'object' ? row.schema.fields.keys() : [])]).toEqual(
        expect.arrayContaining(['apiVersion', 'kind', 'metadata']),
      )
    }
  })

  it('serves every name once', () => {
    const names = builtinResources().map((row) => `${row.group}/${row.version}/${row.resource}`)
    expect(new Set(names).size).toBe(names.length)
  })
})

interface Property {
  type?: string
  format?: string
  $ref?: string
  default?: unknown
  enum?: string[]
  items?: Property
  additionalProperties?: Property
  'x-kubernetes-list-type'?: string
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-map-type'?: string
  'x-kubernetes-patch-strategy'?: string
  'x-kubernetes-patch-merge-key'?: string
}
interface Definition extends Property {
  properties?: Record<string, Property>
  required?: string[]
}

function swaggerFile(): string | undefined {
  try {
    const cache = execFileSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' }).trim()
    const file = join(cache, 'k8s.io/kubernetes@v1.36.3/api/openapi-spec/swagger.json')
    return existsSync(file) ? file : undefined
  } catch {
    return undefined
  }
}

const formats: Readonly<Record<string, string>> = {
  boolean: 'boolean',
  string: 'string',
  int32: 'integer int32',
  int64: 'integer int64',
  uint32: 'integer int64',
  uint8: 'integer byte',
  double: 'number double',
  bytes: 'string byte',
  time: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Time',
  microTime: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
  duration: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Duration',
  quantity: '#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: '#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  fieldsV1: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
  rawExtension: '#/definitions/io.k8s.apimachinery.pkg.runtime.RawExtension',
  any: 'object',
  nullableStrings: '[]string',
  json: '#/definitions/io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON',
  schemaOrBool: '#/definitions/io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool',
  schemaOrArray: '#/definitions/io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray',
  schemaOrStringArray:
    '#/definitions/io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray',
}

function ourType(schema: Schema): string {
  if (schema.type === 'list') return `[]${ourType(schema.items)}`
  if (schema.type === 'scalar') return formats[schema.format] ?? schema.format
  return schema.values ? `{}${ourType(schema.values)}` : `#/definitions/${schema.name}`
}

function theirType(property: Property): string {
  if (property.$ref !== undefined) return property.$ref
  if (property.type === 'array') return `[]${theirType(property.items ?? {})}`
  if (property.additionalProperties) return `{}${theirType(property.additionalProperties)}`
  return [property.type, property.format].filter((word) => word !== undefined).join(' ')
}

function ours(field: Field): Record<string, unknown> {
  const { schema } = field
  return {
    type: ourType(schema),
    listType: schema.type === 'list' && schema.listType !== 'atomic' ? schema.listType : undefined,
    keys: schema.type === 'list' && schema.keys.length > 0 ? schema.keys : undefined,
    mapType: field.mapType,
    strategy: field.patchStrategy,
    mergeKey: field.patchMergeKey,
  }
}

function theirs(property: Property): Record<string, unknown> {
  const listType = property['x-kubernetes-list-type']
  return {
    type: theirType(property),
    listType: listType === 'atomic' ? undefined : listType,
    keys: property['x-kubernetes-list-map-keys'],
    mapType: property['x-kubernetes-map-type'],
    strategy: property['x-kubernetes-patch-strategy'],
    mergeKey: property['x-kubernetes-patch-merge-key'],
  }
}

const swagger = swaggerFile()

describe('every schema', () => {
  it.skipIf(swagger === undefined)(
    'has the fields of the release document (needs its source in the module cache)',
    () => {
      const { definitions } = JSON.parse(readFileSync(swagger ?? '', 'utf8')) as {
        definitions: Record<string, Definition>
      }
      const differences: string[] = []
      for (const name of schemaNames()) {
        const definition = definitions[name]
        if (!definition) continue
        const schema = namedSchema(name)
        const names = Object.keys(definition.properties ?? {}).sort()
        if (names.join() !== [...schema.fields.keys()].sort().join())
          differences.push(`${name}: fields ${names.join()}`)
        if (schema.atomic !== (definition['x-kubernetes-map-type'] === 'atomic')) differences.push(`${name}: map type`)
        const required = [...schema.fields.values()].filter((field) => field.required).map((field) => field.name)
        if (required.sort().join() !== (definition.required ?? []).sort().join()) {
          differences.push(`${name}: required ${required.join()} instead of ${definition.required?.join()}`)
        }
        for (const [key, property] of Object.entries(definition.properties ?? {})) {
          const field = schema.fields.get(key)
          if (!field) continue
          const [a, b] = [JSON.stringify(ours(field)), JSON.stringify(theirs(property))]
          if (a !== b) differences.push(`${name}.${key}: ${a} instead of ${b}`)
        }
      }
      expect(differences).toEqual([])
    },
  )
})
