// The projects that `binnacle init` writes: path to content.

export const templateNames = ['blank', 'service', 'shop'] as const
export type Template = (typeof templateNames)[number]

type Files = Record<string, string>

export const templates: Readonly<Record<Template, (application: string) => Files>> = { blank, service, shop }

function blank(name: string): Files {
  return { 'app.yaml': applicationYaml(name, 'A new application.'), 'README.md': readme(name, []), ...ignores }
}

function service(name: string): Files {
  return {
    'app.yaml': [applicationYaml(name, 'One service that greets.'), webYaml([])].join('---\n'),
    ...nodeService('web', greeter),
    'README.md': readme(name, ['web/ greets whoever asks.']),
    ...ignores,
  }
}

function shop(name: string): Files {
  return {
    'app.yaml': [
      applicationYaml(name, 'A page over an API that keeps its orders in a store.'),
      webYaml(['api']),
      internalYaml('api', { port: 80, uses: ['store'] }),
      internalYaml('store', { port: 8080, uses: [] }),
    ].join('---\n'),
    ...nodeService('web', shopWeb),
    ...nodeService('api', shopApi),
    ...nodeService('store', shopStore),
    'README.md': readme(name, [
      'web/ is the page, api/ takes orders, store/ keeps them.',
      'A wire is a line of `uses` in app.yaml: the address arrives as API_URL and STORE_URL.',
    ]),
    ...ignores,
  }
}

const ignores: Files = { '.gitignore': 'node_modules/\nsecrets/\n' }

function applicationYaml(name: string, description: string): string {
  return `apiVersion: binnacle.dev/v1alpha1
kind: Application
metadata:
  name: ${name}
spec:
  description: ${description}
`
}

const health = `  health:
    readiness: {httpGet: {path: /healthz, port: http}, periodSeconds: 1}
    liveness: {httpGet: {path: /healthz, port: http}, periodSeconds: 5}
  resources:
    requests: {cpu: 20m, memory: 48Mi}
`

function webYaml(uses: readonly string[]): string {
  return `apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata:
  name: web
spec:
  build: {context: web, tag: 1.0.0}
  ports: [{name: http, port: 80, targetPort: 8080}]
  serviceType: LoadBalancer
${usesYaml(uses)}${health}`
}

function internalYaml(name: string, { port, uses }: { port: number; uses: readonly string[] }): string {
  return `apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata:
  name: ${name}
spec:
  build: {context: ${name}, tag: 1.0.0}
  ports: [{name: http, port: ${port}, targetPort: 8080}]
${usesYaml(uses)}${health}`
}

function usesYaml(uses: readonly string[]): string {
  return uses.length === 0 ? '' : `  uses: [${uses.map((name) => `{name: ${name}}`).join(', ')}]\n`
}

function nodeService(name: string, source: string): Files {
  return {
    [`${name}/package.json`]: `{ "name": "${name}", "private": true, "type": "module", "scripts": { "start": "node server.js" } }\n`,
    [`${name}/server.js`]: source,
  }
}

function readme(name: string, lines: readonly string[]): string {
  return `# ${name}

${lines.length === 0 ? 'app.yaml describes the application; add services to it, or draw them on the Canvas.' : lines.join('\n')}

    binnacle up                       # an engine on this machine, unless one runs
    binnacle deploy . --diff          # build, show what changes, deploy
    binnacle logs ${name} -f
    binnacle releases ${name}         # and \`binnacle rollback ${name}\`
    binnacle deploy . --context CTX --push REGISTRY
    binnacle export . --format helm --out chart
`
}

const greeter = `// Greets whoever asks. PORT says where to listen.
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  if (request.url === '/healthz') return response.end('ok\\n')
  console.log(\`\${request.method} \${request.url}\`)
  response.end('Ahoy!\\n')
})

server.listen(Number(process.env.PORT ?? 8080), () => console.log('web is ready'))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

const shopWeb = `// The page: shows the orders that the API knows, and passes new ones on.
import { createServer } from 'node:http'

const { API_URL = 'http://api', PORT = '8080' } = process.env

const server = createServer(async (request, response) => {
  try {
    if (request.url === '/healthz') return response.end('ok\\n')
    if (request.method === 'POST') {
      await fetch(\`\${API_URL}/orders\`, { method: 'POST' })
      return response.writeHead(303, { location: '/' }).end()
    }
    const orders = await (await fetch(\`\${API_URL}/orders\`)).json()
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(\`<!doctype html><html lang="en"><title>Shop</title><h1>\${orders.length} orders</h1>
<form method="post"><button>Order</button></form></html>\`)
  } catch (error) {
    console.error(\`\${request.method} \${request.url}: \${error.message}\`)
    response.writeHead(502).end('the shop is closed for a moment\\n')
  }
})

server.listen(Number(PORT), () => console.log('web is ready'))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

const shopApi = `// Takes orders and keeps them in the store.
import { createServer } from 'node:http'

const { STORE_URL = 'http://store:8080', PORT = '8080' } = process.env

const server = createServer(async (request, response) => {
  if (request.url === '/healthz') return response.end('ok\\n')
  try {
    if (request.method === 'POST')
      await fetch(STORE_URL, { method: 'POST', body: JSON.stringify({ id: crypto.randomUUID(), at: new Date() }) })
    response.setHeader('content-type', 'application/json')
    response.end(await (await fetch(STORE_URL)).text())
  } catch (error) {
    console.error(\`the store does not answer: \${error.message}\`)
    response.writeHead(502).end('[]')
  }
})

server.listen(Number(PORT), () => console.log('api is ready'))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

const shopStore = `// Keeps a list in memory.
import { createServer } from 'node:http'

const list = []

const server = createServer(async (request, response) => {
  if (request.url === '/healthz') return response.end('ok\\n')
  if (request.method === 'POST') {
    let text = ''
    for await (const chunk of request) text += chunk
    list.push(JSON.parse(text))
  }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(list))
})

server.listen(Number(process.env.PORT ?? 8080), () => console.log('store is ready'))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`
