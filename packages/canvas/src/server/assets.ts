// The page's files, as the build left them: hashed names below assets/, each with its compressed forms beside it.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { send } from './answers.ts'

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}

const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const

interface Found {
  bytes: Buffer
  encoding: string | undefined
}

export interface AssetRequest {
  request: IncomingMessage
  response: ServerResponse
  /** Decoded, without the query. */
  path: string
}

export async function sendAsset(directory: string, { request, response, path }: AssetRequest): Promise<void> {
  const accepted = acceptedEncodings(request.headers['accept-encoding'])
  // What has no dot is a place within the page, which knows where it is.
  const isFile = path.slice(path.lastIndexOf('/')).includes('.')
  const name = isFile ? path : '/index.html'
  const found = isSafe(path) ? await find(join(directory, name), accepted) : undefined
  if (found === undefined) {
    const [code, body] = isFile
      ? [404, `${path} is not part of the Canvas\n`]
      : [503, 'the Canvas is not built: run `npm run build`\n']
    send(response, { code, type: 'text/plain; charset=utf-8', body })
    return
  }
  const etag = `"${createHash('sha256').update(found.bytes).digest('base64url').slice(0, 22)}"`
  const headers = {
    etag,
    vary: 'accept-encoding',
    'cache-control': name.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-cache',
    ...(found.encoding === undefined ? {} : { 'content-encoding': found.encoding }),
  }
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers).end()
    return
  }
  const type = types[extname(name)] ?? 'application/octet-stream'
  send(response, { code: 200, type, body: request.method === 'HEAD' ? '' : found.bytes, headers })
}

function isSafe(path: string): boolean {
  return !path.includes('\0') && !path.includes('\\') && !path.split('/').includes('..')
}

async function find(file: string, accepted: ReadonlySet<string>): Promise<Found | undefined> {
  for (const [encoding, suffix] of encodings) {
    if (!accepted.has(encoding)) continue
    const bytes = await read(file + suffix)
    if (bytes !== undefined) return { bytes, encoding }
  }
  const bytes = await read(file)
  return bytes === undefined ? undefined : { bytes, encoding: undefined }
}

async function read(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return undefined
    throw error
  }
}

function acceptedEncodings(header: string | string[] | undefined): ReadonlySet<string> {
  return new Set(
    String(header ?? '')
      .split(',')
      .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
      .map((part) => part.split(';')[0]?.trim() ?? ''),
  )
}
