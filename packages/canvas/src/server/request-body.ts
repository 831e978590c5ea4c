// The JSON that the page sends to the server itself.

import type { IncomingMessage } from 'node:http'
import { badRequest, requestEntityTooLarge, unsupportedMediaType } from '@binnacle/api'

/** Rejects with StatusError for what is no JSON, or is longer than `maxBytes`. */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw unsupportedMediaType(['application/json'])
  const chunks: Buffer[] = []
  let length = 0
  // Read to its end though it is too long, so that the answer arrives.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= maxBytes) chunks.push(chunk)
    else if (length > 16 * maxBytes) break
  }
  if (length > maxBytes) throw requestEntityTooLarge(`limit is ${maxBytes}`)
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown
  } catch (error) {
    throw badRequest(`the body is no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}
