// The shop's page: shows what the API says and passes orders on.
import { createServer } from 'node:http'

const { API_URL = 'http://api', PORT = '8080' } = process.env

const escape = (text) => String(text).replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`)

function page(products, orders) {
  const offers = products.map(
    ({ id, name, price }) => `<li><form method="post" action="/orders"><b>${escape(name)}</b> ${price} €
      <button name="product" value="${escape(id)}">Order</button></form></li>`,
  )
  const packed = orders.map(({ id, product }) => `<li>${escape(id)}: ${escape(product)}</li>`)
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Ship's Chandlery</title><style>body{font:16px system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}li{margin:.5rem 0}</style>
<h1>Ship's Chandlery</h1><ul>${offers.join('')}</ul><h2>Packed orders</h2><ul>${packed.join('') || '<li>none yet</li>'}</ul></html>`
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://web')
  try {
    if (pathname === '/healthz') return response.end('ok\n')
    if (request.method === 'POST' && pathname === '/orders') {
      let form = ''
      for await (const chunk of request) form += chunk
      const product = new URLSearchParams(form).get('product')
      await fetch(`${API_URL}/orders`, { method: 'POST', body: JSON.stringify({ product }) })
      return response.writeHead(303, { location: '/' }).end()
    }
    if (pathname !== '/') return response.writeHead(404).end('not found\n')
    const [products, orders] = await Promise.all(
      ['/products', '/orders'].map(async (path) => (await fetch(API_URL + path)).json()),
    )
    // Before the head goes out: what the API says while it starts may be no list.
    const html = page(products, orders)
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html)
  } catch (error) {
    console.error(`${request.method} ${pathname}: ${error.message}`)
    response.writeHead(502).end('the shop is closed for a moment\n')
  }
})

server.listen(Number(PORT), () => console.log('web is ready'))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
