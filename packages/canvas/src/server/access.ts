// Which requests a browser may make at all: those for this server's own name, from this server's own pages. Another
// page on this machine is same-site (ports do not count for cookies), so that the cookie alone does not tell them apart.

import type { IncomingHttpHeaders } from 'node:http'

/** Why the request is refused, for its answer; undefined where it may go on. */
export function refusedBecause(headers: IncomingHttpHeaders, port: number): string | undefined {
  const authority = headers.host ?? ''
  // DNS rebinding: a page whose name is made to resolve to loopback sends its own name.
  if (!isOwnAuthority(authority, port)) return `host ${JSON.stringify(authority)} is not served here`
  const { origin } = headers
  if (origin !== undefined && origin !== `http://${authority}`) return `origin ${JSON.stringify(origin)} is not allowed`
  return undefined
}

/** A script, image or fetch of another page, which browsers tell without an Origin; typed addresses are `none`. */
export function isFromAnotherSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

/** 127.0.0.0/8, ::1, localhost and the names below it (RFC 6761). */
export function isLoopback(host: string): boolean {
  return /^(127(\.\d{1,3}){3}|::1|([a-z0-9-]+\.)*localhost)$/i.test(host)
}

function isOwnAuthority(authority: string, port: number): boolean {
  const [, bracketed, name, given = '80'] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d+))?$/.exec(authority) ?? []
  return Number(given) === port && isLoopback(bracketed ?? name ?? '')
}
