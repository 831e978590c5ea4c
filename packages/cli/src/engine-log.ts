// The engine's own log: one line a request or failure, to a file of the data folder, or nowhere for an ephemeral engine.
// Written in batches without waiting; bodies, tokens and Secrets never come here.

import { type WriteStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { RequestLogEntry } from '@binnacle/apiserver'
import { StoreFailure } from '@binnacle/store'

export interface EngineLog {
  request(entry: RequestLogEntry): void
  error(about: string, error: unknown): void
  close(): Promise<void>
}

const flushMs = 50
/** Lines are dropped while a disk that has stopped holds up this much. */
const maxWaitingBytes = 1 << 20

/** `warn` hears once that nothing can be written: on a full disk the log file does not say it. */
export function createEngineLog(directory: string | undefined, warn: (text: string) => void): EngineLog {
  let hasWarned = false
  const out: WriteStream | undefined =
    directory === undefined ? undefined : createWriteStream(join(directory, 'engine.log'), { flags: 'a', mode: 0o600 })
  // A full disk must not end the engine; the store says so itself.
  out?.on('error', () => undefined)
  let waiting: (() => string)[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (waiting.length > 0 && out !== undefined && out.writableLength <= maxWaitingBytes)
      out.write(waiting.map((line) => line()).join(''))
    waiting = []
  }
  const write = (line: () => string): void => {
    if (out === undefined) return
    const now = Date.now()
    waiting.push(() => `${new Date(now).toISOString()} ${line()}\n`)
    // One write for many lines: a system call for each would cost a tenth of a small request. Nor does an answer wait for
    // its line to be worded.
    timer ??= setTimeout(flush, flushMs).unref()
  }
  return {
    request({ method, target, user, userAgent, code, milliseconds }) {
      // Of a URL's query only what was asked, never a token.
      const safe = target.includes('token=') ? target.replaceAll(/([?&](?:token|access_token)=)[^&]*/g, '$1…') : target
      write(
        () =>
          `${method} ${safe} ${code} ${milliseconds.toFixed(1)}ms user=${JSON.stringify(user)} agent=${JSON.stringify(userAgent)}`,
      )
    },
    error(about, error) {
      if (error instanceof StoreFailure && !hasWarned) {
        hasWarned = true
        warn(error.message)
      }
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      write(() => `error ${about === '' ? '' : `${about}: `}${text}`)
      // The next thing may be the end of the process.
      flush()
      if (process.env['BINNACLE_DEBUG'] !== undefined) process.stderr.write(`error ${about}: ${text}\n`)
    },
    close: () =>
      new Promise((resolve) => {
        flush()
        if (out === undefined) resolve()
        else out.end(resolve)
      }),
  }
}
