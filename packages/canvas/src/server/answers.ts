// What the server itself says: pages, JSON and Kubernetes Statuses, with the headers that bind a browser.

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { STATUS_CODES } from 'node:http'
import type { StatusError } from '@binnacle/api'

/**
 * Scripts only from here and never inline. Styles may be inline: the editor, the terminal and the dialogs' scroll lock
 * add style elements.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

export interface OwnAnswer {
  code: number
  type: string
  body: string | Uint8Array
  headers?: OutgoingHttpHeaders
}

export function send(response: ServerResponse, { code, type, body, headers = {} }: OwnAnswer): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(code, {
    ...securityHeaders,
    'cache-control': 'no-store',
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(body)
}

export function sendJson(response: ServerResponse, value: unknown): void {
  send(response, { code: 200, type: 'application/json', body: JSON.stringify(value) })
}

export function sendStatus(response: ServerResponse, { code, status }: StatusError): void {
  send(response, { code, type: 'application/json', body: JSON.stringify(status) })
}

/** The answer to an upgrade that is not made; the connection ends with it. */
export function refuseUpgrade(socket: Duplex, code: number, body: string, type = 'application/json'): void {
  socket.end(
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

/** What a browser sees that is not logged in. */
export function gatePage(why: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Binnacle</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 34rem; margin: 20vh auto 0; padding: 0 1.5rem }
code { font: 0.95em ui-monospace, monospace }
</style>
<main>
<h1>Open the Canvas by its link</h1>
<p>${why}</p>
<p>Run <code>binnacle open</code> in a terminal: it prints a fresh link and opens it in your browser.</p>
</main>
`
}
