// The head of an HTTP/1.x message (RFC 9112): its first line and the three header fields that decide where it ends.
// Stricter than many programs: what could be read in two ways is not read at all.

export interface RequestLine {
  method: string
}

export interface StatusLine {
  code: number
}

/** What the header fields say about the body; undefined from `readFields` where they contradict each other. */
export interface Fields {
  /** Bytes, where Content-Length says so. */
  length: number | undefined
  /** Transfer-Encoding is there; `chunked` when it is the last coding. */
  transfer: 'chunked' | 'other' | undefined
  upgrade: boolean
}

const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) [!-~\x80-\xff]+ HTTP\/1\.[01]$/
const requestLineBegun = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}(?: (?:[!-~\x80-\xff]+(?: [HTP/1.0]{0,8}\r?)?)?)?$/
const statusLine = /^HTTP\/1\.[01] ([1-9]\d\d)(?: [^\r\n]*)?$/

export function readRequestLine(line: string): RequestLine | undefined {
  const method = requestLine.exec(line)?.[1]
  return method === undefined ? undefined : { method }
}

/** Whether these first bytes of a connection may still become a request line. */
export function mayBeRequestLine(begun: string): boolean {
  return requestLineBegun.test(begun)
}

export function readStatusLine(line: string): StatusLine | undefined {
  const code = statusLine.exec(line)?.[1]
  return code === undefined ? undefined : { code: Number(code) }
}

/** `head` is the whole head with its empty line, `from` the start of the first field. */
export function readFields(head: string, from: number): Fields | undefined {
  const fields: Fields = { length: undefined, transfer: undefined, upgrade: false }
  const end = head.length - 2
  for (let at = from; at < end;) {
    const feed = head.indexOf('\n', at)
    // A bare line feed ends a line for some programs and not for others; a folded line continues the one before.
    if (head.charCodeAt(feed - 1) !== 13 || isBlank(head.charCodeAt(at))) return undefined
    if (!readField(head, at, feed - 1, fields)) return undefined
    at = feed + 1
  }
  return fields
}

/** Looks at the first letter and the place of the colon before anything is cut out: most fields are none of ours. */
function readField(head: string, at: number, end: number, fields: Fields): boolean {
  const first = head.charCodeAt(at) | 0x20
  if (first === 0x63 && head.charCodeAt(at + 14) === 0x3a && isNamed(head, at, 'content-length'))
    return readLength(head.slice(at + 15, end).trim(), fields)
  if (first === 0x74 && head.charCodeAt(at + 17) === 0x3a && isNamed(head, at, 'transfer-encoding')) {
    // Several lines are one list; only its last coding matters.
    fields.transfer = /(?:^|,)[ \t]*chunked[ \t]*$/i.test(head.slice(at + 18, end)) ? 'chunked' : 'other'
  } else if (first === 0x75 && head.charCodeAt(at + 7) === 0x3a && isNamed(head, at, 'upgrade')) fields.upgrade = true
  return true
}

function readLength(text: string, fields: Fields): boolean {
  if (!/^\d{1,15}$/.test(text)) return false
  const length = Number(text)
  if (fields.length !== undefined && fields.length !== length) return false
  fields.length = length
  return true
}

function isNamed(head: string, at: number, name: string): boolean {
  return head.slice(at, at + name.length).toLowerCase() === name
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
