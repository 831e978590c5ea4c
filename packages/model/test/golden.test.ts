// Golden pairs: `<case>.input.yaml` holds a resource, and what else rendering may know as a second document;
// `<case>.output.yaml` what it becomes. UPDATE_GOLDEN=1 writes the outputs anew.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import {
  type AnySchema,
  type DataSource,
  type Microservice,
  type RenderContext,
  RenderError,
  kindInfo,
  render,
  shortHash,
} from '../src/index.ts'

const folder = join(import.meta.dirname, 'golden')
const cases = readdirSync(folder)
  .filter((file) => file.endsWith('.input.yaml'))
  .map((file) => file.replace('.input.yaml', ''))

/** The second document: maps as objects. `addresses` are by `namespace/name:port`. */
interface ContextDocument {
  namespace?: string
  microservices?: Record<string, Microservice['spec']>
  dataSources?: Record<string, DataSource['spec']>
  services?: Record<string, { name?: string; port: number }[]>
  images?: Record<string, string>
  revisions?: Record<string, string>
  addresses?: Record<string, { host: string; port: number }>
  credentials?: Record<string, { username: string; password: string }>
  programImage?: string
  programs?: Record<string, string>
}

describe('rendering', () => {
  it.each(cases)('of %s gives what is written down', (name) => {
    const [resource, document = {}] = read(name)
    const output = join(folder, `${name}.output.yaml`)
    const text = stringify(outcomeOf(resource, contextOf(document)), { lineWidth: 120, aliasDuplicateObjects: false })
    if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(output, text)
    expect(text).toBe(readFileSync(output, 'utf8'))
  })

  it.each(['Microservice', 'DataSource'])('of %s has a case for each field of the schema', (kind) => {
    const specs = cases.map((name) => read(name)[0]).filter((one) => one.kind === kind)
    const seen = new Set(specs.flatMap(({ spec }) => [...pathsIn(spec)]))
    const spec = kindInfo(kind)?.spec ?? {}
    expect([...pathsOf(spec)].filter((path) => !seen.has(path))).toEqual([])
  })

  it('gives the same for the same input', () => {
    for (const name of cases) {
      const [resource, document = {}] = read(name)
      const first = JSON.stringify(outcomeOf(resource, contextOf(document)))
      expect(shortHash(JSON.stringify(outcomeOf(resource, contextOf(document))))).toBe(shortHash(first))
    }
  })
})

function read(name: string): [Microservice | DataSource, ContextDocument?] {
  const documents = parseAllDocuments(readFileSync(join(folder, `${name}.input.yaml`), 'utf8'))
  return documents.map((document): unknown => document.toJS()) as [Microservice | DataSource, ContextDocument?]
}

function outcomeOf(resource: Microservice | DataSource, context: RenderContext): unknown {
  try {
    return render(resource, context)
  } catch (error) {
    if (!(error instanceof RenderError)) throw error
    const { field, reason, message } = error
    return { field, reason, message }
  }
}

function contextOf(document: ContextDocument): RenderContext {
  const { namespace = 'default', microservices, dataSources, addresses, programImage, ...maps } = document
  const others = Object.fromEntries(
    Object.entries(maps).map(([field, value]) => [field, new Map(Object.entries(value))] as const),
  )
  return {
    namespace,
    ...others,
    ...(programImage === undefined ? {} : { programImage }),
    ...(microservices === undefined
      ? {}
      : {
          microservices: resources(microservices, (name, spec): Microservice => ({
            apiVersion: 'binnacle.dev/v1alpha1',
            kind: 'Microservice',
            metadata: { name, namespace },
            spec,
          })),
        }),
    ...(dataSources === undefined
      ? {}
      : {
          dataSources: resources(dataSources, (name, spec): DataSource => ({
            apiVersion: 'binnacle.dev/v1alpha1',
            kind: 'DataSource',
            metadata: { name, namespace },
            spec,
          })),
        }),
    ...(addresses === undefined
      ? {}
      : { address: (service) => addresses[`${service.namespace}/${service.name}:${service.port}`] }),
  }
}

function resources<S, R>(specs: Record<string, S>, make: (name: string, spec: S) => R): Map<string, R> {
  return new Map(Object.entries(specs).map(([name, spec]) => [name, make(name, spec)]))
}

/** `ports[].name`, `resources.requests`: what is written in a value. */
function* pathsIn(value: unknown, prefix = ''): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* pathsIn(item, `${prefix}[]`)
  else if (typeof value === 'object' && value !== null)
    for (const [field, inner] of Object.entries(value)) {
      const path = prefix === '' ? field : `${prefix}.${field}`
      yield path
      yield* pathsIn(inner, path)
    }
}

/** The same for what a schema allows. */
function* pathsOf(schema: AnySchema, prefix = ''): Generator<string> {
  if (schema.items !== undefined) yield* pathsOf(schema.items, `${prefix}[]`)
  for (const [field, inner] of Object.entries(schema.properties ?? {})) {
    const path = prefix === '' ? field : `${prefix}.${field}`
    yield path
    yield* pathsOf(inner, path)
  }
}
