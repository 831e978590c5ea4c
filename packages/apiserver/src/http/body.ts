// Request bodies: read up to a limit, JSON, YAML or protobuf, with the duplicate fields that strict validation reports.

import type { Readable } from 'node:stream'
import {
  type PatchType,
  badRequest,
  decodeProtobuf,
  duplicateFields,
  failure,
  goJsonError,
  jsonDepth,
  maxJsonDepth,
  protobufContentType,
  requestEntityTooLarge,
  unsupportedMediaType,
} from '@binnacle/api'

/** Upstream's limit for the body of a resource request (3 MiB). */
const maxBytes = 3 * 1024 * 1024

export interface Body {
  value: unknown
  /** `duplicate field "spec.x"` for each, as upstream's strict decoder words them. */
  decodeErrors: readonly string[]
  /** The JSON itself where it says a field twice, for the order in which all errors are told. */
  text?: string
}

/**
 * By events: an async iterator of a stream costs more than all else that is done with a small body. A body of a declared
 * length is whole with its last byte, which comes some turns before the stream has ended.
 */
export function readBytes(source: Readable, declared: string | undefined): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const tooLarge = (): Error => requestEntityTooLarge(`limit is ${maxBytes}`)
  const length = Number(declared ?? 0)
  if (length > maxBytes) {
    reject(tooLarge())
    return promise
  }
  const chunks: Buffer[] = []
  let size = 0
  const onData = (chunk: Buffer): void => {
    size += chunk.length
    if (size > maxBytes) {
      source.off('data', onData).pause()
      reject(tooLarge())
    } else {
      chunks.push(chunk)
      if (size === length) onWhole()
    }
  }
  const onWhole = (): void => resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks))
  source.on('data', onData)
  source.once('end', onWhole)
  source.once('close', () => {
    if (!source.readableEnded) reject(badRequest('the request ended before its body did'))
  })
  return promise
}

const patchTypes: readonly PatchType[] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

export function patchTypeOf(contentType: string): PatchType {
  const type = mediaType(contentType)
  const found = patchTypes.find((known) => known === type)
  // No route takes it: the router's own words.
  if (found === undefined) throw failure('UnsupportedMediaType', '415: Unsupported Media Type', { details: {} })
  return found
}

export function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

/** A body that is no JSON or YAML at all; what the client is told depends on what it was to be. */
export class UnreadableBody extends Error {
  /** The beginning of the body, for people; in hexadecimal digits where it is no object. */
  readonly excerpt: string

  constructor(text: string, message: string) {
    super(message)
    this.name = 'UnreadableBody'
    this.excerpt = text.length === 0 ? '<empty>' : excerptOf(Buffer.from(text))
  }
}

const excerptBytes = 30

function excerptOf(bytes: Buffer): string {
  const shown = bytes.subarray(0, excerptBytes).toString(bytes[0] === 0x7b ? 'utf8' : 'hex')
  return bytes.length > excerptBytes ? `${shown} ...` : shown
}

const goKindStruct =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'

/** Where the body says its kind itself, it has to be an object; null is an empty one. */
export function requireObject(bytes: Buffer, value: unknown): void {
  if (typeof value === 'object' && !Array.isArray(value)) return
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  throw new UnreadableBody(bytes.toString(), `json: cannot unmarshal ${found} into Go value of type ${goKindStruct}`)
}

/** undefined value for an empty body. */
export async function parseBody(bytes: Buffer, contentType: string | undefined): Promise<Body> {
  if (bytes.length === 0) return { value: undefined, decodeErrors: [] }
  const type = mediaType(contentType)
  if (type === protobufContentType) return { value: decodeProtobuf(bytes), decodeErrors: [] }
  if (type === 'application/yaml' || type === 'application/apply-patch+yaml') return parseYaml(bytes.toString())
  if (type !== '' && type !== 'application/json' && !type.endsWith('+json')) {
    throw unsupportedMediaType(['application/json', 'application/yaml', protobufContentType])
  }
  return parseJson(bytes.toString())
}

function parseJson(text: string): Body {
  if (jsonDepth(text) > maxJsonDepth) throw new UnreadableBody(text, "invalid character '[' exceeded max depth")
  try {
    const value = JSON.parse(text) as unknown
    const decodeErrors = duplicateFields(text)
    return decodeErrors.length === 0 ? { value, decodeErrors } : { value, decodeErrors, text }
  } catch (error) {
    throw new UnreadableBody(text, goJsonError(text) ?? String(error))
  }
}

/** YAML 1.1 as kubectl reads it; a body that is JSON is parsed as JSON, which is quicker by far. */
async function parseYaml(text: string): Promise<Body> {
  if (/^\s*\{/.test(text)) return parseJson(text)
  const { parseDocument } = await import('yaml')
  const document = parseDocument(text, {
    version: '1.1',
    uniqueKeys: false,
    prettyErrors: false,
    customTags: (tags) => tags.filter((tag) => tag !== 'timestamp'),
  })
  const [error] = document.errors
  if (error !== undefined) {
    const where = `line ${lineAt(error.pos[0], text)}`
    throw new UnreadableBody(text, `error converting YAML to JSON: yaml: ${where}: ${error.message}`)
  }
  // Back and forth drops what JSON cannot say, such as maps with keys that are no strings.
  const json = JSON.stringify(document.toJS({ maxAliasCount: 100 }))
  return {
    value: json === undefined ? undefined : (JSON.parse(json) as unknown),
    decodeErrors: yamlDuplicates(document.contents, text),
  }
}

function yamlDuplicates(contents: unknown, text: string): string[] {
  const found: string[] = []
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null || !('items' in node) || !Array.isArray(node.items)) return
    const seen = new Set<string>()
    for (const [index, item] of (node.items as unknown[]).entries()) {
      if (typeof item === 'object' && item !== null && 'key' in item) {
        const key = String((item.key as { value?: string | number | boolean } | null)?.value)
        const at = path === '' ? key : `${path}.${key}`
        if (seen.has(key)) found.push(`line ${lineOf(item.key, text)}: key ${JSON.stringify(key)} already set in map`)
        seen.add(key)
        visit('value' in item ? item.value : undefined, at)
      } else visit(item, `${path}[${index}]`)
    }
  }
  visit(contents, '')
  return found
}

function lineOf(key: unknown, text: string): number {
  const [start = 0] = (key as { range?: readonly number[] } | null)?.range ?? []
  return lineAt(start, text)
}

function lineAt(position: number, text: string): number {
  return text.slice(0, position).split('\n').length
}
