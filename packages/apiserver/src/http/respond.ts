// Outcomes to answers.

import { randomUUID } from 'node:crypto'
import {
  type Status,
  StatusError,
  badRequest,
  builtinKindSchema,
  encodeProtobuf,
  failure,
  internalError,
  notAcceptable,
  protobufContentType,
} from '@binnacle/api'
import { StoreFailure } from '@binnacle/store'
import type { Outcome } from '../call.ts'
import type { Row } from '../registry.ts'
import { wantsGzip, writeGzip, writeParts } from './compress.ts'
import type { Exchange } from './exchange.ts'
import { type Accepted, type Possible, negotiate, negotiateStatus } from './negotiate.ts'
import { protobufListParts } from './protobuf-list.ts'
import {
  hasTable,
  listItem,
  type ListMetadata,
  type TableOptions,
  itemBytes,
  listParts,
  transformed,
  transformedList,
} from './representation.ts'
import { streamWatch } from './watch-stream.ts'

export interface Answer {
  exchange: Exchange
  query: URLSearchParams
  warnings: readonly string[]
  now: () => number
}

type Headers = Record<string, string | string[]>

/** RFC 7234 warn-text in quotes, control characters taken out. */
function warningHeader(message: string): string {
  const printable = message.replaceAll(/\p{Cc}/gu, '')
  return `299 - "${printable.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

export function baseHeaders({ warnings }: Pick<Answer, 'warnings'>): Headers {
  const headers: Headers = { 'audit-id': randomUUID(), 'cache-control': 'no-cache, private' }
  if (warnings.length > 0) headers['warning'] = [...new Set(warnings)].map(warningHeader)
  return headers
}

export async function respond(answer: Answer, outcome: Outcome): Promise<void> {
  const { exchange, query } = answer
  const table: TableOptions = { now: answer.now(), includeObject: query.get('includeObject') ?? '' }
  const accepted = negotiate(exchange.headers.accept, possibleFor(outcome))
  if (accepted.form === 'Table') requireInclude(table)
  switch (outcome.type) {
    case 'status':
      if (accepted.syntax === 'protobuf')
        exchange.respond(
          outcome.code,
          { ...baseHeaders(answer), 'content-type': accepted.contentType },
          encodeProtobuf(outcome.status),
        )
      else sendJson(answer, outcome.code, outcome.status)
      return
    case 'object':
      await sendObject(answer, outcome, accepted, table)
      return
    case 'list':
      await sendList(answer, outcome, accepted, table)
      return
    case 'watch':
      requireForm(accepted, outcome.row, false)
      // YAML has no frames.
      if (accepted.syntax === 'yaml')
        throw notAcceptable(['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'])
      await streamWatch({
        exchange,
        watch: outcome.watch,
        row: outcome.row,
        accepted,
        table: () => ({ ...table, now: answer.now() }),
        headers: {},
      })
  }
}

function possibleFor(outcome: Outcome): Possible {
  if (outcome.type === 'status') return { transform: false, protobuf: true }
  const { info, apiVersion, isCustom } = outcome.row
  if (outcome.type !== 'object' || outcome.item.object.kind === info.kind) {
    return { transform: hasTable(info), protobuf: !isCustom && builtinKindSchema(apiVersion, info.kind) !== undefined }
  }
  const { apiVersion: version = '', kind = '' } = outcome.item.object
  return { transform: kind === 'Scale', protobuf: builtinKindSchema(version, kind) !== undefined }
}

function requireInclude({ includeObject }: TableOptions): void {
  if (includeObject === '' || includeObject === 'None' || includeObject === 'Metadata' || includeObject === 'Object')
    return
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(includeObject)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}

function requireForm({ form }: Accepted, { info }: Row, isList: boolean): void {
  const isOtherForm = isList ? form === 'PartialObjectMetadata' : form === 'PartialObjectMetadataList'
  if (!isOtherForm) return
  // Upstream prints the name of its Go type.
  const type = `*${info.group.split('.')[0] || 'core'}.${isList ? info.listKind : info.kind}`
  throw failure(
    'NotAcceptable',
    `you requested ${form}, but the requested object is ${isList ? 'a' : 'not a'} list (${type})`,
  )
}

/** The sub-resource has columns of its own, whatever is scaled. */
function scaleRow({ info, ...row }: Row): Row {
  return { ...row, isCustom: false, hooks: {}, info: { ...info, group: 'autoscaling', kind: 'Scale' } }
}

async function sendObject(
  answer: Answer,
  { code, item, row: asked }: Extract<Outcome, { type: 'object' }>,
  accepted: Accepted,
  table: TableOptions,
): Promise<void> {
  const row = item.object.kind === 'Scale' ? scaleRow(asked) : asked
  requireForm(accepted, row, false)
  const value = transformed(row, item, accepted, table)
  if (accepted.syntax === 'protobuf') {
    await sendParts(answer, code, [encodeProtobuf(value ?? item.object)], accepted.contentType)
    return
  }
  if (accepted.syntax === 'yaml' || isPretty(answer)) {
    await sendText(answer, code, value ?? item.object, accepted)
    return
  }
  await sendParts(
    answer,
    code,
    [value === undefined ? itemBytes(item) : Buffer.from(JSON.stringify(value))],
    accepted.contentType,
  )
}

async function sendList(
  answer: Answer,
  outcome: Extract<Outcome, { type: 'list' }>,
  accepted: Accepted,
  table: TableOptions,
): Promise<void> {
  const { row, items, revision, continueToken, remaining } = outcome
  const metadata: ListMetadata = {
    resourceVersion: String(revision),
    ...(continueToken === undefined ? {} : { continue: continueToken }),
    ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
  }
  requireForm(accepted, row, true)
  if (accepted.syntax === 'protobuf') {
    await sendParts(answer, 200, await protobufListParts(row, metadata, items, accepted), accepted.contentType)
    return
  }
  const isPlain = accepted.form === 'object' && accepted.syntax === 'json' && !isPretty(answer)
  if (isPlain) {
    await sendParts(answer, 200, listParts(row, metadata, items), accepted.contentType)
    return
  }
  const value =
    accepted.form === 'object'
      ? {
          kind: row.info.listKind,
          apiVersion: row.apiVersion,
          metadata,
          items: items.map(({ object }) => (row.isCustom ? object : listItem(object))),
        }
      : transformedList(row, metadata, items, accepted, table)
  await sendText(answer, 200, value, accepted)
}

function isPretty({ query, exchange }: Answer): boolean {
  const pretty = query.get('pretty')
  if (pretty !== null) return pretty !== 'false' && pretty !== '0'
  // Upstream prints prettily for people: browsers and curl.
  return /^(curl|Wget|Mozilla\/5\.0)/.test(exchange.headers['user-agent'] ?? '')
}

async function sendText(answer: Answer, code: number, value: object, { syntax, contentType }: Accepted): Promise<void> {
  let text: string
  if (syntax === 'yaml')
    text = (await import('yaml')).stringify(value, { version: '1.1', aliasDuplicateObjects: false })
  else text = isPretty(answer) ? JSON.stringify(value, undefined, 2) : JSON.stringify(value)
  await sendParts(answer, code, [Buffer.from(text)], contentType)
}

async function sendParts(
  answer: Answer,
  code: number,
  parts: readonly Uint8Array[],
  contentType: string,
): Promise<void> {
  const { exchange } = answer
  const bytes = parts.reduce((sum, part) => sum + part.length, 0)
  const headers = { ...baseHeaders(answer), 'content-type': contentType }
  const { remoteAddress } = exchange.socket
  if (wantsGzip(exchange.headers['accept-encoding'], { bytes, remoteAddress })) {
    await writeGzip(exchange.stream(code, { ...headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' }), parts)
    return
  }
  if (parts.length === 1) {
    exchange.respond(code, headers, parts[0])
    return
  }
  await writeParts(exchange.stream(code, { ...headers, 'content-length': String(bytes) }), parts)
}

export function sendJson(answer: Answer, code: number, value: object): void {
  const text = isPretty(answer) ? JSON.stringify(value, undefined, 2) : JSON.stringify(value)
  answer.exchange.respond(code, { ...baseHeaders(answer), 'content-type': 'application/json' }, text)
}

/** For paths that are nobody's; upstream answers them in plain text. */
export class PageNotFound extends Error {
  constructor() {
    super('404 page not found')
    this.name = 'PageNotFound'
  }
}

function statusOf(error: unknown): Status {
  if (error instanceof StatusError) return error.status
  // A disk that is full is the client's business too: it says why nothing can be written.
  return internalError(error instanceof StoreFailure ? error : new Error('the server failed; see its log')).status
}

/** Errors of ours become a Status; others are logged by the caller and told without their insides. */
export function respondError(answer: Answer, error: unknown): number {
  if (error instanceof PageNotFound) {
    const headers = {
      ...baseHeaders(answer),
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    }
    answer.exchange.respond(404, headers, `${error.message}\n`)
    return 404
  }
  const status = statusOf(error)
  const code = status.code ?? 500
  const retryAfter = status.details?.retryAfterSeconds
  const { syntax } = negotiateStatus(answer.exchange.headers.accept)
  const isProtobuf = syntax === 'protobuf'
  const headers: Headers = {
    ...baseHeaders(answer),
    'content-type': isProtobuf ? protobufContentType : 'application/json',
  }
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter)
  if (code === 401) headers['www-authenticate'] = 'Bearer realm="kubernetes"'
  answer.exchange.respond(code, headers, isProtobuf ? encodeProtobuf(status) : JSON.stringify(status))
  return code
}
