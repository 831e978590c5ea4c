// The shop's API: products, and orders that wait in the cache until the worker has packed them.
import { createServer } from 'node:http'

const { CACHE_URL = 'http://cache:8080', PORT = '8080', HOSTNAME = 'api' } = process.env

const products = [
  { id: 'compass', name: 'Compass', price: 49 },
  { id: 'sextant', name: 'Sextant', price: 180 },
  { id: 'logbook', name: 'Logbook', price: 12 },
]

const routes = {
  'GET /healthz': async () => ({ ok: true }),
  'GET /products': async () => products,
  'GET /orders': async () => (await fetch(`${CACHE_URL}/packed`)).json(),
  'POST /orders': async (body) => {
    const product = products.find(({ id }) => id === body.product)
    if (!product) return { status: 404, error: `there is no product "${body.product}"` }
    const order = { id: crypto.randomUUID().slice(0, 8), product: product.name, takenBy: HOSTNAME }
    await fetch(`${CACHE_URL}/orders`, { method: 'POST', body: JSON.stringify(order) })
    return { status: 201, ...order }
  },
}

const server = createServer(async (request, response) => {
  const route = routes[`${request.method} ${new URL(request.url, 'http://api').pathname}`]
  response.setHeader('content-type', 'application/json')
  if (!route) return response.writeHead(404).end('{"error":"not found"}')
  try {
    let text = ''
    for await (const chunk of request) text += chunk
    const answer = await route(text === '' ? {} : JSON.parse(text))
    response.writeHead(answer.status ?? 200).end(JSON.stringify(answer))
  } catch (error) {
    console.error(`${request.method} ${request.url}: ${error.message}`)
    response.writeHead(502).end(JSON.stringify({ error: `the cache does not answer: ${error.message}` }))
  }
})

server.listen(Number(PORT), () => console.log('api is ready'))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
