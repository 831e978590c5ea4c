// Which form of the answer the client accepts: whole objects, a Table, or metadata only; JSON, YAML or protobuf.
// Upstream: apiserver pkg/endpoints/handlers/negotiation.

import { failure, notAcceptable, protobufContentType } from '@binnacle/api'

export type Form = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'

export interface Accepted {
  form: Form
  /** API version of the Table or PartialObjectMetadata, `meta.k8s.io/v1` or `…/v1beta1`. */
  metaVersion: string
  syntax: 'json' | 'yaml' | 'protobuf'
  pretty: boolean
  contentType: string
}

const plain: Accepted = {
  form: 'object',
  metaVersion: '',
  syntax: 'json',
  pretty: false,
  contentType: 'application/json',
}

const contentTypes = { json: 'application/json', yaml: 'application/yaml', protobuf: protobufContentType } as const
const metaForms: ReadonlySet<string> = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'])

const cache = new Map<string, Accepted | undefined>()
const cacheLimit = 256

export interface Possible {
  /** The answer may be a Table or metadata only. */
  transform: boolean
  /** The answer itself has a form in protobuf: built-in kinds. */
  protobuf: boolean
}

/** Throws NotAcceptable. */
export function negotiate(accept: string | undefined, possible: Possible): Accepted {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return plain
  const key = `${possible.transform} ${possible.protobuf} ${accept}`
  if (!cache.has(key)) {
    if (cache.size >= cacheLimit) cache.clear()
    cache.set(key, choose(accept, possible))
  }
  const accepted = cache.get(key)
  if (accepted === undefined)
    throw clausesOf(accept).some(({ type }) => syntaxOf(type)) ? notAcceptable(servedTypes(possible)) : noRoute()
  return accepted
}

/** No clause names a type that is served at all: the router's own words. */
function noRoute(): Error {
  const types = Object.values(contentTypes).join(', ')
  return failure('NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${types}`, { details: {} })
}

function servedTypes({ transform, protobuf }: Possible): string[] {
  return [
    contentTypes.json,
    contentTypes.yaml,
    ...(protobuf ? [contentTypes.protobuf] : []),
    ...(transform ? ['application/json;as=Table;g=meta.k8s.io;v=v1'] : []),
  ]
}

function choose(accept: string, possible: Possible): Accepted | undefined {
  for (const clause of clausesOf(accept)) {
    const syntax = syntaxOf(clause.type)
    if (syntax === undefined) continue
    const { as, g, v } = clause.parameters
    if (as === undefined) {
      if (syntax === 'protobuf' && !possible.protobuf) continue
      return { ...plain, syntax, contentType: contentTypes[syntax] }
    }
    if (
      !possible.transform ||
      !metaForms.has(as) ||
      g !== 'meta.k8s.io' ||
      (v !== 'v1' && v !== 'v1beta1') ||
      syntax === 'yaml'
    )
      continue
    // Tables are no protobuf messages, and the lists of v1beta1 number their fields differently.
    if (syntax === 'protobuf' && (as === 'Table' || v !== 'v1')) continue
    return {
      form: as as Form,
      metaVersion: `meta.k8s.io/${v}`,
      syntax,
      pretty: false,
      contentType: contentTypes[syntax],
    }
  }
  return undefined
}

/** For a Status: where nothing fits, it is JSON. */
export function negotiateStatus(accept: string | undefined): Accepted {
  return (accept === undefined ? undefined : choose(accept, { transform: false, protobuf: true })) ?? plain
}

function syntaxOf(type: string): Accepted['syntax'] | undefined {
  if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'json'
  if (type === protobufContentType) return 'protobuf'
  return type === 'application/yaml' ? 'yaml' : undefined
}

interface Clause {
  type: string
  parameters: Record<string, string>
}

export function clausesOf(accept: string): Clause[] {
  const clauses = accept.split(',').map((text) => {
    const [type = '', ...parameters] = text.split(';').map((part) => part.trim())
    return {
      type: type.toLowerCase(),
      parameters: Object.fromEntries(parameters.map((part) => part.split('=', 2))) as Record<string, string>,
    }
  })
  const weight = ({ parameters }: Clause): number => Number(parameters['q'] ?? 1)
  // Stable: clauses of the same weight stay in the client's order.
  return clauses.sort((a, b) => weight(b) - weight(a))
}
