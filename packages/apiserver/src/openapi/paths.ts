// The operations of a resource as OpenAPI paths: which verbs there are, of which kind, with which parameters. kubectl
// reads from them whether a kind takes dryRun and fieldValidation.

import { apiVersionOf, type ResourceInfo, type SubresourceInfo, type Verb } from '@binnacle/api'
import {
  definitionName,
  type Definitions,
  deleteOptionsName,
  type Json,
  listDefinitionName,
  type OpenApiVersion,
  patchName,
  statusName,
} from './definitions.ts'

type Parameter = readonly [name: string, type: 'string' | 'boolean' | 'integer']

const listParameters: readonly Parameter[] = [
  ['allowWatchBookmarks', 'boolean'],
  ['continue', 'string'],
  ['fieldSelector', 'string'],
  ['labelSelector', 'string'],
  ['limit', 'integer'],
  ['resourceVersion', 'string'],
  ['resourceVersionMatch', 'string'],
  ['sendInitialEvents', 'boolean'],
  ['timeoutSeconds', 'integer'],
  ['watch', 'boolean'],
]
const writeParameters: readonly Parameter[] = [
  ['dryRun', 'string'],
  ['fieldManager', 'string'],
  ['fieldValidation', 'string'],
]
const deleteParameters: readonly Parameter[] = [
  ['dryRun', 'string'],
  ['gracePeriodSeconds', 'integer'],
  ['orphanDependents', 'boolean'],
  ['propagationPolicy', 'string'],
]
const strategicMergePatch = 'application/strategic-merge-patch+json'
const patchTypes: readonly string[] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  strategicMergePatch,
  'application/apply-patch+yaml',
]
/** kubectl apply sends a strategic merge patch to every kind whose document offers it; custom kinds have none. */
const customPatchTypes = patchTypes.filter((type) => type !== strategicMergePatch)

/** Stands for the definition where the answer is text. */
const textAnswer = ''

interface Operation {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  action: string
  /** Start of the operation's id, as upstream names it. */
  id: string
  parameters: readonly Parameter[]
  body?: string
  answer: string
}

/** How operations are written down, which differs between the two versions of OpenAPI. */
export class Paths {
  readonly #version: OpenApiVersion
  readonly #definitions: Definitions
  readonly #paths: Record<string, Json> = {}

  constructor(version: OpenApiVersion, definitions: Definitions) {
    this.#version = version
    this.#definitions = definitions
  }

  all(): Record<string, Json> {
    return Object.fromEntries(Object.entries(this.#paths).sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  add(row: ResourceInfo): void {
    const root = row.group === '' ? `/api/${row.version}` : `/apis/${row.group}/${row.version}`
    const base = row.namespaced ? `${root}/namespaces/{namespace}/${row.resource}` : `${root}/${row.resource}`
    const scope = row.namespaced ? 'Namespaced' : ''
    const kind = { group: row.group, version: row.version, kind: row.kind }
    const item = definitionName(row)
    const list = listDefinitionName(row)
    const has = (verb: Verb): boolean => row.verbs.includes(verb)
    const collection: Operation[] = []
    if (has('list'))
      collection.push({ method: 'get', action: 'list', id: 'list*', parameters: listParameters, answer: list })
    if (has('create')) {
      collection.push({
        method: 'post',
        action: 'post',
        id: 'create*',
        parameters: writeParameters,
        body: item,
        answer: item,
      })
    }
    if (has('deletecollection')) {
      const parameters = [...listParameters.filter(([name]) => name !== 'watch'), ...deleteParameters]
      const body = deleteOptionsName
      collection.push({
        method: 'delete',
        action: 'deletecollection',
        id: 'delete*Collection',
        parameters,
        body,
        answer: statusName,
      })
    }
    this.#path(base, row, kind, scope, collection)
    if (row.namespaced && has('list')) {
      const all: Operation = { method: 'get', action: 'list', id: 'list*', parameters: listParameters, answer: list }
      this.#path(`${root}/${row.resource}`, row, kind, 'ForAllNamespaces', [all])
    }
    // `create` is of the collection.
    const ofItem = row.verbs.filter((verb) => verb !== 'create')
    this.#path(`${base}/{name}`, row, kind, scope, itemOperations(ofItem, item))
    for (const sub of row.subresources) this.#subresource(`${base}/{name}/${sub.name}`, row, sub, scope)
  }

  #subresource(path: string, row: ResourceInfo, sub: SubresourceInfo, scope: string): void {
    const kind = { group: sub.group ?? row.group, version: sub.version ?? row.version, kind: sub.kind }
    const answer = subresourceDefinition(row, sub)
    const connects = answer === undefined
    const operations = connects ? sub.verbs.flatMap(connectOperation) : itemOperations(sub.verbs, answer)
    const title = capitalized(sub.name)
    this.#path(path, row, kind, scope, operations, title)
    if (sub.name === 'proxy') this.#path(`${path}/{path}`, row, kind, scope, operations, 'ProxyWithPath')
  }

  #path(
    path: string,
    row: ResourceInfo,
    kind: Json,
    scope: string,
    operations: readonly Operation[],
    suffix = '',
  ): void {
    if (operations.length === 0) return
    const group = row.group === '' ? ['core'] : row.group.replace(/\.k8s\.io$/, '').split('.')
    const api = [...group, row.version].map(capitalized).join('')
    const subject = scope === 'ForAllNamespaces' ? `${row.kind}${scope}` : `${scope}${row.kind}`
    const item: Record<string, unknown> = {}
    for (const operation of operations) {
      item[operation.method] = {
        tags: [`${group.join('_')}_${row.version}`],
        operationId: operation.id.replace('*', api) + subject + suffix,
        ...this.#body(operation, row.jsonSchema !== undefined),
        responses: this.#responses(operation),
        'x-kubernetes-action': operation.action,
        'x-kubernetes-group-version-kind': kind,
      }
    }
    const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
    item['parameters'] = [
      ...names.map((name) => this.#parameter([name, 'string'], 'path')),
      this.#parameter(['pretty', 'string'], 'query'),
    ]
    this.#paths[path] = item
  }

  #parameter([name, type]: Parameter, place: 'path' | 'query'): Json {
    const required = place === 'path' ? { required: true } : {}
    const schema = { type, uniqueItems: true }
    return this.#version === 2 ? { name, in: place, ...required, ...schema } : { name, in: place, ...required, schema }
  }

  #body({ method, body, parameters }: Operation, isCustom: boolean): Json {
    const query = parameters.map((parameter) => this.#parameter(parameter, 'query'))
    if (body === undefined) return { parameters: query }
    const types = method === 'patch' ? (isCustom ? customPatchTypes : patchTypes) : ['*/*']
    const schema = this.#definitions.ref(body)
    const required = method === 'delete' ? {} : { required: true }
    if (this.#version === 2) {
      return { consumes: types, parameters: [{ name: 'body', in: 'body', ...required, schema }, ...query] }
    }
    return {
      parameters: query,
      requestBody: { content: Object.fromEntries(types.map((type) => [type, { schema }])), ...required },
    }
  }

  #responses({ method, answer, action }: Operation): Json {
    const schema = answer === textAnswer ? { type: 'string' } : this.#definitions.ref(answer)
    const types = action === 'connect' ? ['*/*'] : ['application/json', 'application/yaml']
    if (action === 'list') types.push('application/json;stream=watch')
    const content = Object.fromEntries(types.map((type) => [type, { schema }]))
    const of = (description: string): Json => (this.#version === 2 ? { description, schema } : { description, content })
    return {
      200: of('OK'),
      ...(method === 'post' && action === 'post' ? { 201: of('Created'), 202: of('Accepted') } : {}),
      ...(method === 'put' || method === 'patch' ? { 201: of('Created') } : {}),
      ...(action === 'delete' ? { 202: of('Accepted') } : {}),
      401: { description: 'Unauthorized' },
    }
  }
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

function itemOperations(verbs: readonly Verb[], answer: string): Operation[] {
  const force: Parameter = ['force', 'boolean']
  const possible: readonly [Verb, Operation][] = [
    ['get', { method: 'get', action: 'get', id: 'read*', parameters: [], answer }],
    ['create', { method: 'post', action: 'post', id: 'create*', parameters: writeParameters, body: answer, answer }],
    ['update', { method: 'put', action: 'put', id: 'replace*', parameters: writeParameters, body: answer, answer }],
    [
      'patch',
      {
        method: 'patch',
        action: 'patch',
        id: 'patch*',
        parameters: [...writeParameters, force],
        body: patchName,
        answer,
      },
    ],
    [
      'delete',
      {
        method: 'delete',
        action: 'delete',
        id: 'delete*',
        parameters: deleteParameters,
        body: deleteOptionsName,
        answer: statusName,
      },
    ],
  ]
  const wanted = possible.filter(([verb]) => verbs.includes(verb))
  return wanted.map(([, operation]) => operation)
}

function connectOperation(verb: Verb): Operation[] {
  const methods: Partial<Record<Verb, Operation['method']>> = {
    get: 'get',
    create: 'post',
    update: 'put',
    patch: 'patch',
    delete: 'delete',
  }
  const method = methods[verb]
  if (!method) return []
  return [{ method, action: 'connect', id: `connect*${capitalized(method)}`, parameters: [], answer: textAnswer }]
}

/** Undefined for what is a connection and no object. */
function subresourceDefinition(row: ResourceInfo, sub: SubresourceInfo): string | undefined {
  if (sub.name === 'log') return textAnswer
  if (sub.kind.endsWith('Options')) return undefined
  if (sub.kind === row.kind) return definitionName(row)
  if (sub.group === undefined || sub.version === undefined) {
    const name = definitionName(row)
    return `${name.slice(0, name.lastIndexOf('.') + 1)}${sub.kind}`
  }
  return `io.k8s.api.${sub.group.split('.')[0]}.${sub.version}.${sub.kind}`
}

/** The paths of one group and version, without a leading slash: `api/v1`, `apis/apps/v1`. */
export function groupVersionPath(row: ResourceInfo): string {
  return row.group === '' ? `api/${row.version}` : `apis/${apiVersionOf(row)}`
}
