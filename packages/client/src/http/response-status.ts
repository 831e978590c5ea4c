// What a server's refusal means: the Status it sent, or one made from the HTTP code where something in between (a
// proxy, a load balancer) answered. Upstream: apimachinery api/errors NewGenericServerResponse. Warnings as RFC 7234.

import { type Status, type StatusReason, StatusError, failure } from '@binnacle/api'

const byCode: Readonly<Record<number, readonly [StatusReason, string]>> = {
  400: ['BadRequest', 'the server rejected our request for an unknown reason'],
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  403: ['Forbidden', 'forbidden'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  406: ['NotAcceptable', 'the server was unable to respond with a content type that the client supports'],
  409: ['Conflict', 'the server reported a conflict'],
  410: ['Gone', 'the server reported that the requested resource is gone'],
  413: ['RequestEntityTooLarge', 'the request is too large'],
  415: ['UnsupportedMediaType', 'the body of the request was in an unknown format'],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: [
    'Timeout',
    'the server was unable to return a response in the time allotted, but may still be processing the request',
  ],
}

export interface Refusal {
  code: number
  text: string
  method: string
  /** What was asked for, for the message. */
  what: string
  retryAfterSeconds: number | undefined
}

export function statusErrorOf({ code, text, method, what, retryAfterSeconds }: Refusal): StatusError {
  const status = parseStatus(text)
  if (status !== undefined) return new StatusError({ ...status, code: status.code ?? code })
  const [reason, message]: readonly [StatusReason, string] =
    code === 409 && method === 'POST'
      ? ['AlreadyExists', 'the server reported a conflict']
      : (byCode[code] ?? [
          'InternalError',
          `an error on the server (${JSON.stringify(text.trim().slice(0, 2048))}) has prevented the request from succeeding`,
        ])
  return failure(reason, `${message} (${method.toLowerCase()} ${what})`, {
    code,
    details: {
      causes: [{ reason: 'UnexpectedServerResponse', message: text.slice(0, 2048) }],
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  })
}

function parseStatus(text: string): Status | undefined {
  try {
    const value = JSON.parse(text) as Partial<Status> | null
    return value?.kind === 'Status' ? (value as Status) : undefined
  } catch {
    // Not from an API server.
    return undefined
  }
}

/** The texts of a Warning header's entries with code 299: `299 - "text", 299 - "text"`. */
export function warningTexts(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(', ') : (header ?? '')
  return [...text.matchAll(/299\s+\S+\s+"((?:[^"\\]|\\.)*)"/g)].map(([, quoted = '']) =>
    // Node reads header bytes as Latin-1; Kubernetes writes UTF-8.
    Buffer.from(quoted.replaceAll(/\\(.)/g, '$1'), 'latin1').toString(),
  )
}
