// Answers every request alike, as cheaply as Node can: what is measured is the way to it. Prints its port.

import { type AddressInfo, createServer } from 'node:net'

const body = 'x'.repeat(1024)
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
)

const server = createServer({ noDelay: true }, (socket) => {
  // The load program waits for each answer, so each piece is one request.
  socket.on('data', () => socket.write(answer))
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
