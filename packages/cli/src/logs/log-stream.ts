// The log of one container as lines, over a request of its own.

import { text } from 'node:stream/consumers'
import { StringDecoder } from 'node:string_decoder'
import { type ApiConnection, statusErrorOf } from '@binnacle/client'
import { type LogLine, parseLogLine } from './log-line.ts'

export interface LogRequest {
  namespace: string
  pod: string
  container: string
  follow: boolean
  previous: boolean
  sinceSeconds?: number
  tailLines?: number
}

/** Batches of lines; ends with the container where it follows, else with what is there. @throws StatusError */
export async function* logLines(
  connection: ApiConnection,
  request: LogRequest,
  signal: AbortSignal,
): AsyncIterable<readonly LogLine[]> {
  const path = pathOf(request)
  const response = await connection.request({ method: 'GET', path, headers: { accept: '*/*' }, signal })
  if (response.status >= 400)
    throw statusErrorOf({
      code: response.status,
      text: await text(response.body),
      method: 'GET',
      what: path.split('?')[0] ?? path,
      retryAfterSeconds: undefined,
    })
  const decoder = new StringDecoder('utf8')
  let begun = ''
  const batch = (lines: readonly string[]): LogLine[] => lines.map((line) => parseLogLine(line, request))
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      const lines = (begun + decoder.write(chunk)).split('\n')
      begun = lines.pop() ?? ''
      if (lines.length > 0) yield batch(lines)
    }
    if (begun !== '') yield batch([begun])
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    response.body.destroy()
  }
}

function pathOf({ namespace, pod, container, follow, previous, sinceSeconds, tailLines }: LogRequest): string {
  const query = new URLSearchParams({ container, timestamps: 'true' })
  if (follow) query.set('follow', 'true')
  if (previous) query.set('previous', 'true')
  if (sinceSeconds !== undefined) query.set('sinceSeconds', String(sinceSeconds))
  if (tailLines !== undefined) query.set('tailLines', String(tailLines))
  const name = [namespace, pod].map(encodeURIComponent)
  return `/api/v1/namespaces/${name[0]}/pods/${name[1]}/log?${query.toString()}`
}
