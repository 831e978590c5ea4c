// Which form of the answer the client accepts: whole objects, a Table, or metadata only; JSON or YAML.
// Upstream: apiserver pkg/endpoints/handlers/negotiation.

import { notAcceptable } from '@binnacle/api'

export type Form = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'

export interface Accepted {
  form: Form
  /** API version of the Table or PartialObjectMetadata, `meta.k8s.io/v1` or `…/v1beta1`. */
  metaVersion: string
  syntax: 'json' | 'yaml'
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

const served = ['application/json', 'application/yaml']
const metaForms: ReadonlySet<string> = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'])

const cache = new Map<string, Accepted | undefined>()
const cacheLimit = 256

/** Throws NotAcceptable. `allowsTransform` is false where the answer cannot be a Table or metadata only. */
export function negotiate(accept: string | undefined, allowsTransform: boolean): Accepted {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return plain
  const key = `${allowsTransform}${accept}`
  if (!cache.has(key)) {
    if (cache.size >= cacheLimit) cache.clear()
    cache.set(key, choose(accept, allowsTransform))
  }
  const accepted = cache.get(key)
  if (accepted === undefined)
    throw notAcceptable(allowsTransform ? [...served, 'application/json;as=Table;g=meta.k8s.io;v=v1'] : served)
  return accepted
}

function choose(accept: string, allowsTransform: boolean): Accepted | undefined {
  for (const clause of clausesOf(accept)) {
    const syntax = syntaxOf(clause.type)
    if (syntax === undefined) continue
    const { as, g, v } = clause.parameters
    if (as === undefined)
      return { ...plain, syntax, contentType: syntax === 'yaml' ? 'application/yaml' : 'application/json' }
    if (
      !allowsTransform ||
      !metaForms.has(as) ||
      g !== 'meta.k8s.io' ||
      (v !== 'v1' && v !== 'v1beta1') ||
      syntax !== 'json'
    )
      continue
    return { form: as as Form, metaVersion: `meta.k8s.io/${v}`, syntax, pretty: false, contentType: 'application/json' }
  }
  return undefined
}

function syntaxOf(type: string): Accepted['syntax'] | undefined {
  if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'json'
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
