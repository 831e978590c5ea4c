import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HttpExchanges } from '../../src/traffic/http-exchanges.ts'

/** What passes, in order: `>` from the client, `<` from the server. */
type Step = readonly ['>' | '<', string | Buffer]

interface Seen {
  requests: number
  responses: string[]
  unanswered: number
  opaque: boolean
}

/** Each step a millisecond after the one before; `cut` says into which pieces its bytes fall. */
function watch(steps: readonly Step[], cut: (bytes: Buffer) => Buffer[] = (bytes) => [bytes]): Seen {
  const seen: Seen = { requests: 0, responses: [], unanswered: 0, opaque: false }
  const exchanges = new HttpExchanges({
    onRequest: () => seen.requests++,
    onResponse: (code, latencyMs) => seen.responses.push(`${code} ${latencyMs} ms`),
    onOpaque: () => (seen.opaque = true),
  })
  for (const [at, [from, bytes]] of steps.entries()) {
    for (const piece of cut(Buffer.from(bytes))) {
      if (from === '>') exchanges.fromClient(piece, at)
      else exchanges.fromServer(piece, at)
    }
  }
  seen.unanswered = exchanges.unanswered
  return seen
}

const get = 'GET / HTTP/1.1\r\nHost: web\r\n\r\n'
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'
const clear = { opaque: false, unanswered: 0 }

const understood: Record<string, { steps: Step[]; requests: number; responses: string[] }> = {
  'a request and its answer': {
    steps: [
      ['>', get],
      ['<', ok],
    ],
    requests: 1,
    responses: ['200 1 ms'],
  },
  'one connection for many requests': {
    steps: [
      ['>', get],
      ['<', ok],
      ['>', get],
      ['<', 'HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n'],
    ],
    requests: 2,
    responses: ['200 1 ms', '404 1 ms'],
  },
  'pipelined requests': {
    steps: [
      ['>', `${get}${get}`],
      ['>', get],
      ['<', `${ok}${ok}${ok}`],
    ],
    requests: 3,
    responses: ['200 2 ms', '200 2 ms', '200 1 ms'],
  },
  'bodies by length': {
    steps: [
      ['>', 'POST / HTTP/1.1\r\nContent-Length: 18\r\n\r\n'],
      ['>', 'GET / HTTP/1.1\r\n\r\n'],
      ['<', ok],
      ['>', get],
      ['<', ok],
    ],
    requests: 2,
    responses: ['200 1 ms', '200 1 ms'],
  },
  'chunked bodies with extensions and trailers, both ways': {
    steps: [
      ['>', 'PUT /a HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5;x="y"\r\nHTTP/\r\n'],
      ['>', '1b\r\n 1.1 200 OK\r\n\r\n0\r\n\r\nGET /\r\n\r\n0\r\nSum: 1\r\n\r\n'],
      ['<', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
      ['>', get],
      ['<', ok],
    ],
    requests: 2,
    responses: ['200 1 ms', '200 1 ms'],
  },
  'an answer that ends with the connection': {
    steps: [
      ['>', get],
      ['<', 'HTTP/1.0 200 OK\r\n\r\nsome'],
      ['<', 'HTTP/1.1 500 No\r\n\r\n'],
    ],
    requests: 1,
    responses: ['200 1 ms'],
  },
  'answers without a body, whatever their length says': {
    steps: [
      ['>', `HEAD / HTTP/1.1\r\n\r\n${get}${get}${get}`],
      ['<', 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n'],
      ['<', 'HTTP/1.1 204 No Content\r\n\r\n'],
      ['<', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n'],
      ['<', 'HTTP/1.1 418 \r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ],
    requests: 4,
    responses: ['200 1 ms', '204 2 ms', '304 3 ms', '418 4 ms'],
  },
  'interim answers before the answer': {
    steps: [
      ['>', 'POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n'],
      ['<', 'HTTP/1.1 100 Continue\r\n\r\n'],
      ['>', 'abc'],
      ['<', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'],
      ['<', ok],
    ],
    requests: 1,
    responses: ['200 2 ms'],
  },
  'a refusal before the request has ended': {
    steps: [
      ['>', 'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc'],
      ['<', 'HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n'],
      ['>', 'defghi'],
      ['>', get],
      ['<', ok],
    ],
    requests: 2,
    responses: ['413 0 ms', '200 1 ms'],
  },
  'a refusal before the head has ended': {
    steps: [
      ['>', 'GET / HTTP/1.1\r\nHost: we'],
      ['<', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'],
    ],
    requests: 1,
    responses: ['400 0 ms'],
  },
  'an upgrade that the server does not take': {
    steps: [
      ['>', 'GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n'],
      ['<', ok],
      ['>', get],
      ['<', ok],
    ],
    requests: 2,
    responses: ['200 1 ms', '200 1 ms'],
  },
  'empty lines between requests': {
    steps: [
      ['>', `\r\n${get}\r\n\r\n`],
      ['<', ok],
      ['>', get],
      ['<', ok],
    ],
    requests: 2,
    responses: ['200 1 ms', '200 1 ms'],
  },
}

const upgrade = 'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

const opaque: Record<string, { steps: Step[]; requests: number; responses: string[] }> = {
  'an upgrade': {
    steps: [
      ['>', upgrade],
      ['<', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02hi'],
      ['>', get],
      ['<', ok],
    ],
    requests: 1,
    responses: ['101 1 ms'],
  },
  'bytes after an upgrade that nobody has answered': { steps: [['>', `${upgrade}${get}`]], requests: 1, responses: [] },
  'a tunnel': {
    steps: [
      ['>', 'CONNECT db:5432 HTTP/1.1\r\n\r\n'],
      ['<', 'HTTP/1.1 200 OK\r\n\r\n'],
      ['>', get],
      ['<', ok],
    ],
    requests: 1,
    responses: ['200 1 ms'],
  },
  'a server that speaks first': {
    steps: [
      ['<', '220 smtp\r\n'],
      ['>', get],
    ],
    requests: 0,
    responses: [],
  },
  'an answer to nothing': {
    steps: [
      ['>', get],
      ['<', ok],
      ['<', 'HTTP/1.1 408 Request Timeout\r\n\r\n'],
    ],
    requests: 1,
    responses: ['200 1 ms'],
  },
  'HTTP/2 by prior knowledge': {
    steps: [['>', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']],
    requests: 0,
    responses: [],
  },
  Redis: {
    steps: [
      ['>', '*1\r\n$4\r\nPING\r\n'],
      ['<', '+PONG\r\n'],
    ],
    requests: 0,
    responses: [],
  },
  TLS: { steps: [['>', Buffer.from([0x16, 3, 1, 0, 5])]], requests: 0, responses: [] },
  'two lengths': {
    steps: [
      ['>', 'POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc'],
      ['<', ok],
    ],
    requests: 1,
    responses: [],
  },
  'a request with no end in sight': {
    steps: [
      ['>', 'POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nabc'],
      ['<', ok],
    ],
    requests: 1,
    responses: [],
  },
  'a bare line feed in the head': {
    steps: [['>', 'GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n']],
    requests: 1,
    responses: [],
  },
  'a folded field': { steps: [['>', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n']], requests: 1, responses: [] },
  'a chunk longer than its size': {
    steps: [['>', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n']],
    requests: 1,
    responses: [],
  },
  'a head without end': {
    steps: [['>', `GET / HTTP/1.1\r\nA: ${'x'.repeat(40_000)}\r\n\r\n`]],
    requests: 1,
    responses: [],
  },
}

describe('exchanges of HTTP/1.x in passing', () => {
  it.each(Object.entries(understood))('understand %s', (_name, { steps, requests, responses }) => {
    expect(watch(steps)).toEqual({ requests, responses, ...clear })
  })

  it.each(Object.entries(opaque))('give up at %s', (_name, { steps, requests, responses }) => {
    expect(watch(steps)).toEqual({ requests, responses, opaque: true, unanswered: 0 })
  })

  it('say how many requests have no answer', () => {
    expect(
      watch([
        ['>', `${get}${get}`],
        ['<', ok],
      ]),
    ).toMatchObject({ requests: 2, unanswered: 1, opaque: false })
  })

  it('count the same, in whatever pieces the bytes come', () => {
    const every = [...Object.values(understood), ...Object.values(opaque)]
    fc.assert(
      fc.property(fc.constantFrom(...every), fc.infiniteStream(fc.nat({ max: 40 })), ({ steps }, sizes) => {
        expect(watch(steps, (bytes) => inPieces(bytes, sizes))).toEqual(watch(steps))
      }),
      { numRuns: 1000 },
    )
  })

  it('count the same byte by byte', () => {
    for (const { steps } of [...Object.values(understood), ...Object.values(opaque)])
      expect(watch(steps, (bytes) => [...bytes].map((byte) => Buffer.from([byte])))).toEqual(watch(steps))
  })

  it('never throw and count the same on mutilated bytes', () => {
    const { 'a head without end': _long, ...short } = opaque
    const every = [...Object.values(understood), ...Object.values(short)]
    const damage = fc.array(fc.record({ step: fc.nat(), at: fc.nat(), byte: fc.nat({ max: 255 }) }), { maxLength: 4 })
    fc.assert(
      fc.property(
        fc.constantFrom(...every),
        damage,
        fc.infiniteStream(fc.nat({ max: 9 })),
        ({ steps }, hits, sizes) => {
          const damaged = steps.map(([from, bytes]): [typeof from, Buffer] => [from, Buffer.from(bytes)])
          for (const { step, at, byte } of hits) {
            const bytes = damaged[step % damaged.length]?.[1]
            if (bytes !== undefined && bytes.length > 0) bytes[at % bytes.length] = byte
          }
          expect(watch(damaged, (bytes) => inPieces(bytes, sizes))).toEqual(watch(damaged))
        },
      ),
      { numRuns: 2000 },
    )
  })
})

function inPieces(bytes: Buffer, sizes: Iterator<number>): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const size = 1 + Number(sizes.next().value)
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}
