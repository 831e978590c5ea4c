import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type KubeObject, type Pod, StatusError } from '@binnacle/api'
import { expect, test } from 'vitest'
import type { Reader } from '../../src/strategy.ts'
import { type ConnectCall, createConnector } from '../../src/streaming/index.ts'
import { rewriteHtml, rewriteLocation } from '../../src/streaming/rewrite.ts'
import { splitSchemeNamePort, targetOf } from '../../src/streaming/target.ts'

function readerOf(objects: Readonly<Record<string, readonly KubeObject[]>>): Reader {
  const reader: Pick<Reader, 'get' | 'list'> = {
    get: (key, namespace, name) =>
      objects[key]?.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace) as never,
    list: (key) => (objects[key] ?? []) as never,
  }
  return reader
}

const node = {
  metadata: { name: 'node-1' },
  status: {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
  },
}

function podOf(ports: Record<string, number>, containers = ['main']): Pod {
  return {
    metadata: { name: 'web', namespace: 'default', annotations: { 'binnacle.dev/host-ports': JSON.stringify(ports) } },
    spec: {
      nodeName: 'node-1',
      containers: containers.map((name) => ({ name, ports: [{ containerPort: 8080, name: 'http' }] })),
    },
    status: { podIP: '127.0.0.1' },
  }
}

function callOf(call: Partial<ConnectCall>): ConnectCall {
  return {
    resource: 'pods',
    subresource: 'log',
    namespace: 'default',
    name: 'web',
    query: new URLSearchParams(),
    ...call,
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

test('a log request goes to the node agent with the only container and the query of the client', () => {
  const target = targetOf(
    callOf({ query: new URLSearchParams('follow=true&tailLines=5') }),
    readerOf({ pods: [podOf({})], nodes: [node] }),
  )
  expect(target).toEqual({
    secure: true,
    host: '127.0.0.1',
    port: 10250,
    path: '/containerLogs/default/web/main?follow=true&tailLines=5',
    kubelet: true,
  })
})

test('a pod with several containers must be told which, in the words of upstream', () => {
  const reader = readerOf({ pods: [podOf({}, ['a', 'b'])], nodes: [node] })
  expect(() => targetOf(callOf({}), reader)).toThrow(
    'a container name must be specified for pod web, choose one of: [a b]',
  )
  expect(() => targetOf(callOf({ query: new URLSearchParams('container=c') }), reader)).toThrow(
    'container c is not valid for pod web',
  )
  expect(() => targetOf(callOf({ name: 'none' }), reader)).toThrow(StatusError)
})

test('names of proxies are taken apart as upstream does', () => {
  expect(splitSchemeNamePort('web')).toEqual({ scheme: '', name: 'web', port: '' })
  expect(splitSchemeNamePort('web:http')).toEqual({ scheme: '', name: 'web', port: 'http' })
  expect(splitSchemeNamePort('https:web:443')).toEqual({ scheme: 'https', name: 'web', port: '443' })
  expect(splitSchemeNamePort('ftp:web:21')).toBeUndefined()
})

test('a proxied pod answers through its host port, and its links lead back through the proxy', async () => {
  const backend = createServer((request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<a href="/next">${request.method} ${request.url} ${String(request.headers['x-forwarded-uri'])}</a>`)
  })
  const port = await listen(backend)
  const connector = createConnector({
    reader: readerOf({ pods: [podOf({ '8080/TCP': port })] }),
    kubeletClient: { certificate: '', key: '', ca: '' },
  })
  const front = createServer((request, response) => {
    void connector.respond(
      callOf({ subresource: 'proxy', name: 'web:http', path: '/page', query: new URLSearchParams('a=1') }),
      request,
      response,
    )
  })
  try {
    const answer = await fetch(`http://127.0.0.1:${await listen(front)}/`, { method: 'POST', body: 'text' })
    const prefix = '/api/v1/namespaces/default/pods/web:http/proxy'
    expect(await answer.text()).toBe(`<a href="${prefix}/next">POST /page?a=1 ${prefix}/page?a=1</a>`)
  } finally {
    connector.close()
    front.close()
    backend.close()
  }
})

test('redirects stay below the proxy, links to elsewhere are left alone', () => {
  const own = { prefix: '/p/proxy', host: '127.0.0.1:80' }
  expect(rewriteLocation('/login', own)).toBe('/p/proxy/login')
  expect(rewriteLocation('http://127.0.0.1:80/login?a=1', own)).toBe('/p/proxy/login?a=1')
  expect(rewriteLocation('https://example.com/', own)).toBe('https://example.com/')
  expect(rewriteHtml(`<img src='/a.png'><a href="//cdn/x"><a href="b">`, '/p')).toBe(
    `<img src='/p/a.png'><a href="//cdn/x"><a href="b">`,
  )
})
