import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { startCanvas, startCluster } from '../support/canvas-fixture.ts'
import { startUpstream } from '../support/fake-upstream.ts'

test('the API is there with the credentials of the kubeconfig', async () => {
  await using cluster = await startCluster()
  await using canvas = await startCanvas(cluster)
  const version = await canvas.ask('/k8s/version')
  expect(version.code).toBe(200)
  expect(JSON.parse(version.text)).toHaveProperty('gitVersion')
  const made = await canvas.ask('/k8s/api/v1/namespaces/default/configmaps?fieldManager=canvas', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ metadata: { name: 'made' }, data: { a: 'ü' } }),
  })
  expect(made.code).toBe(201)
  const read = await canvas.ask('/k8s/api/v1/namespaces/default/configmaps/made')
  expect(JSON.parse(read.text)).toMatchObject({ data: { a: 'ü' } })
  const gone = await canvas.ask('/k8s/api/v1/namespaces/default/configmaps/made', { method: 'DELETE' })
  expect(gone.code).toBe(200)
  expect((await canvas.ask('/k8s/api/v1/namespaces/default/configmaps/made')).code).toBe(404)
})

test('neither side is told what is of the other: credentials, cookies, policies, connections', async () => {
  let seen: { url: string | undefined; headers: IncomingHttpHeaders } | undefined
  await using upstream = await startUpstream((request, response) => {
    seen = { url: request.url, headers: request.headers }
    response.writeHead(302, {
      'set-cookie': 'binnacle-canvas-1=x',
      'www-authenticate': 'Basic',
      'content-security-policy': "script-src 'unsafe-inline'",
      'access-control-allow-origin': '*',
      'x-of-the-answer': 'kept',
      location: '/clusters/one/api/v1/pods',
    })
    response.end('<script>evil()</script>')
  })
  await using canvas = await startCanvas(upstream)
  const answer = await canvas.ask('/k8s/api/v1/namespaces/a%2Fb?x=%2F', {
    headers: {
      authorization: 'Bearer of-the-browser',
      'impersonate-user': 'somebody',
      'x-remote-user': 'somebody',
      'sec-fetch-site': 'same-origin',
      origin: canvas.canvas.url,
      referer: `${canvas.canvas.url}/`,
      connection: 'keep-alive, x-of-the-connection',
      'x-of-the-connection': 'dropped',
      'x-of-the-request': 'kept',
    },
  })
  expect(seen?.url).toBe('/clusters/one/api/v1/namespaces/a%2Fb?x=%2F')
  expect(seen?.headers).toMatchObject({ authorization: 'Bearer of-the-user', 'x-of-the-request': 'kept' })
  const names = Object.keys(seen?.headers ?? {})
  const strange = ['cookie', 'origin', 'referer', 'impersonate-user', 'x-remote-user', 'sec-fetch-site']
  expect(names.filter((name) => strange.includes(name) || name === 'x-of-the-connection')).toEqual([])
  expect(answer.code).toBe(302)
  expect(answer.headers).toMatchObject({ 'x-of-the-answer': 'kept', location: '/k8s/api/v1/pods' })
  expect(answer.headers['content-security-policy']).toMatch(/^sandbox; default-src 'none'/)
  for (const name of ['set-cookie', 'www-authenticate', 'access-control-allow-origin'])
    expect(answer.headers).not.toHaveProperty(name)
})

test('an answer is passed on as it comes, and its end ends the request upstream', async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  await using upstream = await startUpstream((_request, response) => {
    response.once('close', resolve)
    response.writeHead(200, { 'content-type': 'text/plain' })
    response.write('first line\n')
  })
  await using canvas = await startCanvas(upstream)
  const response = await canvas.open('/k8s/api/v1/namespaces/default/pods/web/log?follow=true')
  const [chunk] = (await once(response, 'data')) as [Buffer]
  expect(chunk.toString()).toBe('first line\n')
  response.destroy()
  await closed
})

test('an API server that is not there is a Status that says so', async () => {
  await using canvas = await startCanvas({ cluster: { server: 'https://127.0.0.1:1' }, user: {} })
  const answer = await canvas.ask('/k8s/version')
  expect(answer.code).toBe(502)
  const status = JSON.parse(answer.text) as { message: string }
  expect(status).toMatchObject({ kind: 'Status', reason: 'ServiceUnavailable', code: 502 })
  expect(status.message).toContain('the API server at https://127.0.0.1:1 does not answer: connect ECONNREFUSED')
})

test('a WebSocket goes through both ways, with its subprotocol and without a token in it', async () => {
  await using upstream = await startUpstream((_request, response) => response.end())
  const echo = new WebSocketServer({ noServer: true })
  let headers: IncomingHttpHeaders = {}
  upstream.server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    ;({ headers } = request)
    echo.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }))
      webSocket.on('close', () => echo.emit('left'))
    })
  })
  await using canvas = await startCanvas(upstream)
  const socket = canvas.webSocket('/k8s/api/v1/namespaces/default/pods/web/exec?command=sh', {
    protocols: ['base64url.bearer.authorization.k8s.io.c2VjcmV0', 'v5.channel.k8s.io'],
  })
  await once(socket, 'open')
  expect(socket.protocol).toBe('v5.channel.k8s.io')
  expect(headers).toMatchObject({ authorization: 'Bearer of-the-user', 'sec-websocket-protocol': 'v5.channel.k8s.io' })
  expect(headers).not.toHaveProperty('cookie')
  const sent = Buffer.alloc(300_000, 7)
  socket.send(sent)
  const [received] = (await once(socket, 'message')) as [Buffer]
  expect(received.equals(sent)).toBe(true)
  const left = once(echo, 'left')
  socket.terminate()
  await left
})

test('a WebSocket that the API server refuses is refused with its answer, and one of another origin at once', async () => {
  await using cluster = await startCluster()
  await using canvas = await startCanvas(cluster)
  const codeOf = async (path: string, headers: Record<string, string> = {}): Promise<number> => {
    const socket = canvas.webSocket(path, { headers })
    // It never opens, which is an error when it is ended.
    socket.on('error', () => undefined)
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
    return response.statusCode
  }
  expect(await codeOf('/k8s/api/v1/namespaces/default/configmaps/x/exec')).toBe(404)
  expect(await codeOf('/watch', { origin: 'http://127.0.0.1:3000' })).toBe(403)
  expect(await codeOf('/watch', { cookie: '' })).toBe(401)
  expect(await codeOf('/elsewhere')).toBe(404)
})
