// get and list, and the choice of the state that they show (resourceVersion and resourceVersionMatch).

import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type FieldSelector,
  type KubeObject,
  type LabelRequirements,
  type RequestOptions,
  badRequest,
  failure,
  fieldSelectorMatches,
  invalid,
  labelsMatch,
  notFound,
  parseFieldSelector,
  parseLabelSelector,
  resourceExpired,
  unclassified,
} from '@binnacle/api'
import { CompactedError, type Store, type StoredObject } from '@binnacle/store'
import type { Call, Item, Outcome } from '../call.ts'
import { type Row, keyPrefix, objectKeyOf } from '../registry.ts'

/** The object at the row's version. */
export async function itemOf(row: Row, stored: StoredObject): Promise<Item> {
  if (row.isStorageVersion || row.hooks.fromStorage === undefined) return stored
  return { object: await row.hooks.fromStorage(stored.object), revision: stored.revision }
}

export async function get(store: Store, call: Call): Promise<Outcome> {
  const { request, row } = call
  const version = resourceVersionOf(call.options)
  if (version !== undefined) requireRevision(store, version)
  const stored = store.get(objectKeyOf(row, request.namespace, request.name ?? ''))
  if (stored === undefined) throw notFound(row.info, request.name ?? '')
  return { type: 'object', code: 200, item: await itemOf(row, stored), row }
}

export interface Selection {
  labels: LabelRequirements
  fields: FieldSelector
}

/** undefined where everything is selected. Throws BadRequest for a selector that cannot be read. */
export function selectionOf(call: Call): Selection | undefined {
  const { labelSelector = '', fieldSelector = '' } = call.options
  const { name } = call.request
  // A watch or list of one object by its path is a selection by name.
  const fieldText =
    name === undefined
      ? fieldSelector
      : [`metadata.name=${name}`, fieldSelector].filter((text) => text !== '').join(',')
  if (labelSelector === '' && fieldText === '') return undefined
  const selectableFields = call.row.hooks.selectableFields
  const kind = selectableFields === undefined ? call.row.info : { ...call.row.info, selectableFields }
  return { labels: parseLabelSelector(labelSelector), fields: parseFieldSelector(fieldText, kind) }
}

export function isSelected(call: Call, { labels, fields }: Selection, object: KubeObject): boolean {
  return labelsMatch(labels, object.metadata.labels) && fieldSelectorMatches(fields, call.row.info, object)
}

/** False for a key that cannot be selected: an object of another name need not be parsed to know. */
export function mayBeSelected({ fields }: Selection, key: string): boolean {
  return fields.every(
    ({ field, operator, value }) => field !== 'metadata.name' || operator !== '=' || key.endsWith(`/${value}`),
  )
}

export async function list(store: Store, call: Call): Promise<Outcome> {
  const { row, options, request } = call
  validateListOptions(options)
  const selection = selectionOf(call)
  const prefix = keyPrefix(row, row.info.namespaced ? request.namespace : undefined)
  const limit = options.limit ?? 0
  const token =
    options.continue === undefined || options.continue === '' ? undefined : readToken(options.continue, prefix)
  const exact = exactRevision(options)
  if (token === undefined && exact === undefined) {
    const version = resourceVersionOf(options, 'list')
    if (version !== undefined) requireRevision(store, version)
  }
  // A token without a revision goes on with whatever is newest ("inconsistent continuation").
  const revision = token === undefined ? exact : token.revision
  if (selection === undefined) return listAll(store, call, { prefix, limit, after: token?.after, revision })
  return listSelected(store, call, { prefix, limit, after: token?.after, revision, selection })
}

interface Page {
  prefix: string
  /** 0: all. */
  limit: number
  after: string | undefined
  revision: number | undefined
}

function range(store: Store, { prefix, after, revision }: Page, limit: number): ReturnType<Store['range']> {
  try {
    return store.range({
      prefix,
      ...(after === undefined ? {} : { after }),
      ...(limit > 0 ? { limit } : {}),
      ...(revision === undefined ? {} : { revision }),
    })
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error
    if (after === undefined) throw resourceExpired(`The resourceVersion for the provided list is too old.`)
    throw resourceExpired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      writeToken({ prefix, after, revision: undefined }),
    )
  }
}

async function listAll(store: Store, { row }: Call, page: Page): Promise<Outcome> {
  const found = range(store, page, page.limit)
  const last = found.items.at(-1)
  const items = row.isStorageVersion ? found.items : await Promise.all(found.items.map((stored) => itemOf(row, stored)))
  if (found.remaining === 0 || last === undefined) return { type: 'list', items, revision: found.revision, row }
  const continueToken = writeToken({ prefix: page.prefix, after: last.key, revision: found.revision })
  return { type: 'list', items, revision: found.revision, continueToken, remaining: found.remaining, row }
}

/** Milliseconds of selecting after which others get their turn. */
const slice = 4

/** With a selector nobody knows how many are left, so no remaining count is given. */
async function listSelected(store: Store, call: Call, page: Page & { selection: Selection }): Promise<Outcome> {
  const items: Item[] = []
  const chunk = page.limit > 0 ? Math.max(page.limit, 500) : 0
  let { after, revision } = page
  let turn = performance.now()
  for (;;) {
    const found = range(store, { ...page, after, revision }, chunk)
    revision = found.revision
    for (const [index, stored] of found.items.entries()) {
      if (performance.now() - turn > slice) {
        await nextTurn()
        turn = performance.now()
      }
      if (!mayBeSelected(page.selection, stored.key)) continue
      const item = await itemOf(call.row, stored)
      if (!isSelected(call, page.selection, item.object)) continue
      items.push(item)
      if (page.limit > 0 && items.length === page.limit) {
        const isLast = index === found.items.length - 1 && found.remaining === 0
        if (isLast) return { type: 'list', items, revision, row: call.row }
        return {
          type: 'list',
          items,
          revision,
          continueToken: writeToken({ prefix: page.prefix, after: stored.key, revision }),
          row: call.row,
        }
      }
    }
    after = found.items.at(-1)?.key
    if (found.remaining === 0 || after === undefined) return { type: 'list', items, revision, row: call.row }
  }
}

/** undefined: not given. Throws where it is not a number; only a list says so as a bad request, as upstream. */
export function resourceVersionOf({ resourceVersion }: RequestOptions, of?: 'list'): number | undefined {
  if (resourceVersion === undefined || resourceVersion === '') return undefined
  if (/^\d+$/.test(resourceVersion)) return Number(resourceVersion)
  const problem = `resourceVersion: Invalid value: ${JSON.stringify(resourceVersion)}: ${notUnsigned(resourceVersion)}`
  throw of === 'list' ? badRequest(`invalid resource version: ${problem}`) : unclassified(problem)
}

/** As Go's strconv refuses what is no number. */
export function notUnsigned(text: string): string {
  return `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`
}

/** A state that does not exist yet cannot be shown; upstream waits 3 s for it and then answers this. */
export function requireRevision(store: Store, revision: number): void {
  if (revision <= store.revision) return
  throw failure('Timeout', `Timeout: Too large resource version: ${revision}, current: ${store.revision}`, {
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  })
}

function exactRevision(options: RequestOptions): number | undefined {
  const version = resourceVersionOf(options, 'list')
  if (version === undefined || version === 0) return undefined
  if (options.resourceVersionMatch === 'Exact') return version
  // Without a match, a limited list at a version means exactly that version (upstream's legacy rule).
  return options.resourceVersionMatch === undefined && (options.limit ?? 0) > 0 ? version : undefined
}

/** apimachinery pkg/apis/meta/internalversion/validation. */
function validateListOptions(options: RequestOptions): void {
  const forbidden = (field: string, detail: string): Error =>
    invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      { type: 'FieldValueForbidden', field, badValue: '', detail },
    ])
  const { resourceVersionMatch: match, resourceVersion: version = '', continue: token = '' } = options
  if (options.sendInitialEvents !== undefined)
    throw forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list')
  if (match === undefined) {
    if (token !== '' && version !== '' && version !== '0')
      throw badRequest('specifying resource version is not allowed when using continue')
    return
  }
  if (version === '')
    throw forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided')
  if (token !== '')
    throw forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided')
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      {
        type: 'FieldValueNotSupported',
        field: 'resourceVersionMatch',
        badValue: match,
        detail: 'supported values: "Exact", "NotOlderThan", ""',
      },
    ])
  }
  if (match === 'Exact' && version === '0') {
    throw forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
  }
}

/** Upstream's tokens name the key after the last one: the same with a zero byte. */
function withoutEnd(start: string): string {
  return start.endsWith('\u0000') ? start.slice(0, -1) : start
}

interface Token {
  prefix: string
  /** Key after which the next page starts. */
  after: string
  revision: number | undefined
}

/** Upstream's form (storage.EncodeContinue): a version of the token's own, the revision and the key below the prefix. */
function writeToken({ prefix, after, revision }: Token): string {
  const token = { v: 'meta.k8s.io/v1', rv: revision ?? -1, start: `${after.slice(prefix.length)}\u0000` }
  return Buffer.from(JSON.stringify(token)).toString('base64url')
}

function readToken(text: string, prefix: string): Token {
  const refuse = (why: string): Error => badRequest(`invalid continue token: continue key is not valid: ${why}`)
  let token: { v?: unknown; rv?: unknown; start?: unknown }
  try {
    token = JSON.parse(Buffer.from(text, 'base64url').toString()) as typeof token
  } catch {
    throw refuse('it is not one that this server gave')
  }
  if (token.v !== 'meta.k8s.io/v1' || typeof token.rv !== 'number' || typeof token.start !== 'string')
    throw refuse('incorrect encoded start resourceVersion')
  return { prefix, after: prefix + withoutEnd(token.start), revision: token.rv < 0 ? undefined : token.rv }
}
