// The engine's own log: one line a request or failure, to a file of the data folder, or nowhere for an ephemeral engine.
// Written in batches without waiting; bodies, tokens and Secrets never come here.

import { type WriteStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { RequestLogEntry } from '@binnacle/apiserver'

export interface EngineLog {
  request(entry: RequestLogEntry): void
  error(about: string, error: unknown): void
  close(): Promise<void>
}

export function createEngineLog(directory: string | undefined): EngineLog {
  const out: WriteStream | undefined =
    directory === undefined ? undefined : createWriteStream(join(directory, 'engine.log'), { flags: 'a', mode: 0o600 })
  // A full disk must not end the engine; the store says so itself.
  out?.on('error', () => undefined)
  const write = (line: string): void => {
    if (out === undefined || out.writableLength > 1 << 20) return
    out.write(`${new Date().toISOString()} ${line}\n`)
  }
  return {
    request({ method, target, user, userAgent, code, milliseconds }) {
      // Of a URL's query only what was asked, never a token.
      const safe = target.replaceAll(/([?&](?:token|access_token)=)[^&]*/g, '$1…')
      write(
        `${method} ${safe} ${code} ${milliseconds.toFixed(1)}ms user=${JSON.stringify(user)} agent=${JSON.stringify(userAgent)}`,
      )
    },
    error(about, error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      write(`error ${about === '' ? '' : `${about}: `}${text}`)
      if (process.env['BINNACLE_DEBUG'] !== undefined) process.stderr.write(`error ${about}: ${text}\n`)
    },
    close: () => new Promise((resolve) => (out === undefined ? resolve() : out.end(resolve))),
  }
}
