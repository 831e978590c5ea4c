// Asks over so many kept connections, one request at a time on each. Arguments: port, connections, requests.
// Prints requests per second and the 50th and 99th percentile in milliseconds as JSON.

import { connect } from 'node:net'

const [port, connections, total] = process.argv.slice(2).map(Number) as [number, number, number]
const question = Buffer.from(
  'GET /api/products?limit=20 HTTP/1.1\r\nHost: api.default.svc.cluster.local\r\nUser-Agent: node\r\nAccept: */*\r\n' +
    'Accept-Language: *\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n' +
    'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n',
)
const bodyBytes = 1024
const times: number[] = []
/** Not counted: compilers warm up. */
const warmUp = Math.floor(total / 5)
let left = total + warmUp
let startedAt = 0

function ask(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let sentAt = 0
    let expected = 0
    let received = 0
    const next = (): void => {
      if (left === total) startedAt = performance.now()
      if (left <= 0) {
        socket.end()
        resolve()
        return
      }
      left--
      received = 0
      sentAt = performance.now()
      socket.write(question)
    }
    socket.on('data', (bytes) => {
      // Every answer is as long as the first.
      if (expected === 0) expected = bytes.indexOf('\r\n\r\n') + 4 + bodyBytes
      received += bytes.length
      if (received < expected) return
      if (startedAt > 0) times.push(performance.now() - sentAt)
      next()
    })
    socket.once('connect', next)
    socket.once('error', reject)
  })
}

await Promise.all(Array.from({ length: connections }, ask))
const perSecond = (times.length * 1000) / (performance.now() - startedAt)
times.sort((a, b) => a - b)
const percentile = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN
console.log(JSON.stringify({ perSecond, p50: percentile(0.5), p99: percentile(0.99) }))
