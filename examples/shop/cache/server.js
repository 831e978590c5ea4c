// Keeps lists in memory: POST /<list> appends, DELETE /<list> takes the oldest, GET /<list> shows all.
import { createServer } from 'node:http'

const lists = new Map()

const server = createServer(async (request, response) => {
  const name = new URL(request.url, 'http://cache').pathname.slice(1)
  if (name === 'healthz') return response.end('ok\n')
  const list = lists.get(name) ?? []
  lists.set(name, list)
  if (request.method === 'POST') {
    let body = ''
    for await (const chunk of request) body += chunk
    list.push(JSON.parse(body))
    return response.writeHead(201).end()
  }
  response.setHeader('content-type', 'application/json')
  if (request.method === 'DELETE') return response.end(JSON.stringify(list.shift() ?? null))
  response.end(JSON.stringify(list))
})

server.listen(Number(process.env.PORT ?? 8080), () => console.log('cache is ready'))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
