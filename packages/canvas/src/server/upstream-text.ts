// One answer of the API server as text, passed on as it comes: a log that is followed.

import { text } from 'node:stream/consumers'
import { StatusError, badRequest } from '@binnacle/api'
import { type ApiConnection, statusErrorOf } from '@binnacle/client'
import { unreachable } from './api-proxy.ts'

export interface TextSink {
  signal: AbortSignal
  text(chunk: string): void
  /** Resolves when more may be told. */
  readable(): Promise<void>
}

/** Only logs: everything else that streams has a protocol of its own. */
const logPath = /^\/api\/v1\/namespaces\/[^/?]+\/pods\/[^/?]+\/log(?:\?|$)/

/** Resolves when the text has ended, or with why there is none. Never rejects. */
export async function runText(api: ApiConnection, path: string, sink: TextSink): Promise<StatusError | undefined> {
  try {
    if (!logPath.test(path)) throw badRequest(`${path} is not the log of a pod`)
    const response = await api.request({ method: 'GET', path, headers: { accept: '*/*' }, signal: sink.signal })
    if (response.status >= 400) {
      throw statusErrorOf({
        code: response.status,
        text: await text(response.body),
        method: 'GET',
        what: path,
        retryAfterSeconds: undefined,
      })
    }
    // A character may be cut in two by a chunk's end.
    const decoder = new TextDecoder()
    for await (const chunk of response.body) {
      if (sink.signal.aborted) return undefined
      sink.text(decoder.decode(chunk as Buffer, { stream: true }))
      await sink.readable()
    }
    return undefined
  } catch (error) {
    return error instanceof StatusError ? error : unreachable(api, error)
  }
}
