// An application of two services and a cache on the engine, as a user has it: built from sources, wired, bound, changed,
// damaged, moved to another data source without a change of code (seed 002), and removed.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestEngine, eventually, hasProgram, startEngine, text } from './support.ts'

const hasKubectl = await hasProgram('kubectl')
const hasRedis = await hasProgram('redis-server')
const missing = [hasKubectl ? [] : ['kubectl'], hasRedis ? [] : ['redis-server']].flat().join(' and ')

/** Counts visits in Redis with nothing but a socket; says the greeting that a Secret holds. */
const api = `
const { createServer } = require('node:http')
const { connect } = require('node:net')
const { CACHE_HOST, CACHE_PORT, CACHE_PASSWORD, GREETING, PORT } = process.env
const word = (text) => '$' + Buffer.byteLength(text) + '\\r\\n' + text + '\\r\\n'
createServer((request, response) => {
  const socket = connect(Number(CACHE_PORT), CACHE_HOST)
  let answer = ''
  socket.write('*2\\r\\n' + word('AUTH') + word(CACHE_PASSWORD) + '*2\\r\\n' + word('INCR') + word('visits'))
  socket.on('error', (error) => response.writeHead(500).end(error.message))
  socket.on('data', (chunk) => {
    answer += chunk
    const visits = /:(\\d+)/.exec(answer)
    if (visits) { response.end(GREETING + ' ' + visits[1]); socket.end() }
  })
}).listen(Number(PORT))
`
const web = `
const { createServer } = require('node:http')
createServer(async (request, response) => {
  const answer = await fetch(process.env.API_URL).catch((error) => new Response(String(error.cause ?? error), { status: 502 }))
  response.writeHead(answer.status).end('web: ' + (await answer.text()))
}).listen(Number(process.env.PORT))
`

const manifest = `
apiVersion: v1
kind: Secret
metadata: {name: words}
stringData: {greeting: hello}
---
apiVersion: binnacle.dev/v1alpha1
kind: Application
metadata: {name: visits}
spec: {}
---
apiVersion: binnacle.dev/v1alpha1
kind: DataSource
metadata: {name: first, labels: {app.kubernetes.io/part-of: visits}}
spec: {type: redis}
---
apiVersion: binnacle.dev/v1alpha1
kind: DataSource
metadata: {name: second, labels: {app.kubernetes.io/part-of: visits}}
spec: {type: redis, storage: {size: 100Mi}}
---
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata: {name: api, labels: {app.kubernetes.io/part-of: visits}}
spec:
  build: {context: api}
  ports: [{name: http, port: 80}]
  bindings: [{name: first, prefix: CACHE}]
  env: [{name: GREETING, valueFrom: {secretKeyRef: {name: words, key: greeting}}}]
  health: {readiness: {tcpSocket: {port: http}, periodSeconds: 1}}
---
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata: {name: web, labels: {app.kubernetes.io/part-of: visits}}
spec:
  build: {context: web}
  ports: [{name: http, port: 80}]
  serviceType: LoadBalancer
  uses: [{name: api}]
  health: {readiness: {tcpSocket: {port: http}, periodSeconds: 1}}
`

describe.skipIf(missing !== '')(`an application${missing === '' ? '' : ` (needs ${missing})`}`, () => {
  let sources = ''
  let engine: TestEngine
  let url = ''

  beforeAll(async () => {
    sources = await mkdtemp(join(tmpdir(), 'binnacle-sources-'))
    for (const [name, program] of Object.entries({ api, web })) {
      await mkdir(join(sources, name))
      await writeFile(join(sources, name, 'server.js'), program)
    }
    engine = await startEngine('--source', sources, '--no-canvas')
  }, 60_000)
  afterAll(async () => {
    await engine[Symbol.asyncDispose]()
    await rm(sources, { recursive: true, force: true })
  })

  const answer = (what: string, wanted: RegExp): Promise<string> =>
    eventually(what, async () => {
      const body = await text(url)
      return body !== undefined && wanted.test(body) ? body : undefined
    })
  const ready = (resource: string): Promise<string> =>
    eventually(`${resource} is ready`, async () => {
      const state = await engine.kubectl(
        'get',
        resource,
        '-o',
        'jsonpath={.status.conditions[?(@.type=="Ready")].status}',
      )
      return state === 'True' ? state : undefined
    })

  it('is built, started, bound and reachable', async () => {
    await engine.apply(manifest)
    for (const one of [
      'datasource/first',
      'datasource/second',
      'microservice/api',
      'microservice/web',
      'application/visits',
    ])
      await ready(one)
    url = await engine.kubectl('get', 'microservice', 'web', '-o', 'jsonpath={.status.url}')
    expect(await answer('web answers', /^web: hello \d+$/)).toMatch(/^web: hello/)
    const image = await engine.kubectl('get', 'microservice', 'api', '-o', 'jsonpath={.status.image}')
    expect(image).toMatch(/^default\/api:[0-9a-f]{12}@sha256:[0-9a-f]{64}$/)
  }, 60_000)

  it('rolls when a Secret that it reads changes', async () => {
    await engine.kubectl('patch', 'secret', 'words', '-p', '{"stringData":{"greeting":"ahoy"}}')
    await answer('the new greeting', /^web: ahoy \d+$/)
  }, 60_000)

  it('is mended when somebody damages it', async () => {
    await engine.kubectl('delete', 'deployment/web', 'service/api')
    await eventually('both are back', async () => {
      const found = await engine.kubectl('get', 'deployment/web', 'service/api', '-o', 'name')
      return found.includes('web') && found.includes('api') ? found : undefined
    })
    await ready('microservice/web')
    await answer('web answers again', /^web: ahoy \d+$/)
  }, 60_000)

  it('moves to another data source without a change of its code', async () => {
    await answer('some visits', /ahoy ([3-9]|\d\d+)$/)
    await engine.kubectl(
      'patch',
      'microservice',
      'api',
      '--type=merge',
      '-p',
      '{"spec":{"bindings":[{"name":"second","prefix":"CACHE"}]}}',
    )
    // The other one has counted nothing yet.
    await answer('the visits begin anew', /ahoy [12]$/)
    await ready('microservice/api')
  }, 60_000)

  it('says what is wrong when its build fails, and leaves what runs alone', async () => {
    await engine.kubectl(
      'patch',
      'microservice',
      'web',
      '--type=merge',
      '-p',
      '{"spec":{"build":{"context":"../etc"}}}',
    )
    await eventually('the build has failed', async () => {
      const said = await engine.kubectl('get', 'microservice', 'web', '-o', 'jsonpath={.status.conditions[*].message}')
      return said.includes('there is no folder ../etc below the source folders') ? said : undefined
    })
    await answer('web answers as before', /^web: ahoy \d+$/)
  }, 60_000)

  it('goes with all that it became', async () => {
    await engine.kubectl('delete', 'microservices,datasources,applications', '--all')
    await eventually('all objects are gone', async () => {
      const left = await engine.kubectl(
        'get',
        'deployments,statefulsets,services,secrets,pods',
        '-l',
        'app.kubernetes.io/managed-by=binnacle',
        '-o',
        'name',
      )
      return left === '' ? true : undefined
    })
  }, 60_000)
})
