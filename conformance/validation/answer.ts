// One request to a server, and what of its answer is compared.

import { type RequestOptions, Agent, request } from 'node:https'
import { loadKubeconfig } from '@binnacle/client'
import type { Case } from './case.ts'

/** What a client sees of a refusal or of a warning; the rest of an object is compared elsewhere. */
export interface Answer {
  code: number
  reason?: string
  message?: string
  causes?: unknown
  warnings: readonly string[]
}

export type Send = (one: Case) => Promise<Answer>

/** Asks one after the other, as the kubeconfig's user. */
export async function connect(kubeconfig: string): Promise<Send> {
  const { cluster, user } = await (await loadKubeconfig(kubeconfig)).context()
  const url = new URL(cluster.server)
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 1,
    ...(cluster.caCertificate === undefined ? {} : { ca: cluster.caCertificate }),
    ...(user.clientCertificate === undefined ? {} : { cert: user.clientCertificate, key: user.clientKey }),
  })
  return (one) => send(one, { agent, host: url.hostname, port: url.port })
}

function send({ method, path, headers, body }: Case, options: RequestOptions): Promise<Answer> {
  const payload = body === undefined || typeof body === 'string' ? (body ?? '') : JSON.stringify(body)
  // Node does not frame the body of a DELETE by itself.
  const framing = body === undefined ? {} : { 'content-length': Buffer.byteLength(payload) }
  return new Promise((resolve, reject) => {
    const sent = request({
      ...options,
      method,
      path,
      headers: { 'content-type': 'application/json', accept: 'application/json', ...framing, ...headers },
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () => {
        const warning = response.headers['warning']
        resolve(answerOf(response.statusCode ?? 0, text, warning))
      })
    })
    sent.end(payload)
  })
}

function answerOf(code: number, text: string, warning: string | undefined): Answer {
  const warnings = warning === undefined ? [] : warning.split(/, (?=299 )/)
  if (code < 300) return { code, warnings }
  const { reason, message, details } = parsed(text) as {
    reason?: string
    message?: string
    details?: { causes?: unknown }
  }
  return {
    code,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message: normalized(message) }),
    ...(details?.causes === undefined ? {} : { causes: JSON.parse(normalized(JSON.stringify(details.causes))) }),
    warnings,
  }
}

/** Not all refusals are objects of the API. */
function parsed(text: string): unknown {
  return text.startsWith('{') ? JSON.parse(text) : { message: text }
}

/** Identities, times and random names are each server's own. */
function normalized(text: string): string {
  return (
    text
      .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UID')
      // What is appended to a generateName.
      .replaceAll(/\b(A|Gen)_[a-z0-9]{5}\b/g, '$1_RANDOM')
      .replaceAll(/current: \d+/g, 'current: N')
      .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| \+0000 UTC)/g, 'TIME')
  )
}
