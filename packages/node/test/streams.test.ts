import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type NodeFixture, podOf, startFixture } from './fixture.ts'
import type { Pod } from '@binnacle/api'

async function running(): Promise<NodeFixture> {
  const fixture = await startFixture()
  await fixture.image('idle:v1', `console.log('up'); setInterval(() => {}, 1000)`)
  fixture.api.put('pods', podOf('idle', { containers: [{ name: 'main', image: 'idle:v1' }] }))
  await fixture.api.until(() => fixture.api.get<Pod>('pods', 'default/idle')?.status?.phase === 'Running')
  return fixture
}

function open(fixture: NodeFixture, path: string, protocol: string): WebSocket {
  const { certificate, key } = fixture.certificates
  return new WebSocket(`wss://127.0.0.1:${fixture.node.port}${path}`, protocol, {
    cert: certificate,
    key,
    ca: certificate,
  })
}

/** All that came on each channel until the server closed. */
function channelsOf(socket: WebSocket): Promise<Record<number, string>> {
  const channels: Record<number, string> = {}
  socket.on('message', (data) => {
    const message = data as Buffer
    const channel = message[0] ?? 0
    channels[channel] = (channels[channel] ?? '') + message.subarray(1).toString()
  })
  return new Promise((resolve, reject) => {
    socket.on('close', () => resolve(channels))
    socket.on('error', reject)
  })
}

test('exec over v5.channel.k8s.io gives both outputs and the exit code', async () => {
  await using fixture = await running()
  const query = ['sh', '-c', 'cat; echo out; echo err >&2; exit 7']
    .map((word) => `command=${encodeURIComponent(word)}`)
    .join('&')
  const socket = open(fixture, `/exec/default/idle/main?${query}&input=1&output=1&error=1`, 'v5.channel.k8s.io')
  const done = channelsOf(socket)
  socket.on('open', () => {
    socket.send(Buffer.concat([Buffer.from([0]), Buffer.from('typed ')]))
    socket.send(Buffer.from([255, 0]))
  })
  const channels = await done
  expect(channels[1]).toBe('typed out\n')
  expect(channels[2]).toBe('err\n')
  expect(JSON.parse(channels[3] ?? '')).toMatchObject({
    reason: 'NonZeroExitCode',
    details: { causes: [{ message: '7' }] },
  })
})

test('exec with a terminal runs under one', async () => {
  await using fixture = await running()
  const socket = open(fixture, '/exec/default/idle/main?command=tty&output=1&tty=1', 'v5.channel.k8s.io')
  const channels = await channelsOf(socket)
  expect(channels[1]).toMatch(/^\/dev\/pts\/\d+\r\n$/)
  expect(JSON.parse(channels[3] ?? '')).toMatchObject({ status: 'Success' })
})

test('a follower sees lines as they are written and ends with the container', async () => {
  await using fixture = await running()
  while ((await fixture.get('/containerLogs/default/idle/main')).text === '') await setImmediate()
  const following = fixture.get('/containerLogs/default/idle/main?follow=true')
  fixture.api.deletePod('default/idle', 0)
  expect((await following).text).toBe('up\n')
})

test('logs are those of the pod that has the name now, and pods that are gone are not listed', async () => {
  await using fixture = await running()
  const { api } = fixture
  api.deletePod('default/idle', 0)
  await api.until(() => api.get<Pod>('pods', 'default/idle') === undefined)
  await fixture.image('idle:v2', `console.log('up again'); setInterval(() => {}, 1000)`)
  const again = podOf('idle', { containers: [{ name: 'main', image: 'idle:v2' }] })
  api.put('pods', { ...again, metadata: { ...again.metadata, uid: 'another' } })
  await api.until(() => api.get<Pod>('pods', 'default/idle')?.status?.phase === 'Running')
  let text = ''
  while (text === '') ({ text } = await fixture.get('/containerLogs/default/idle/main'))
  expect(text).toBe('up again\n')
  const listed = async (): Promise<unknown[]> => {
    const { items } = JSON.parse((await fixture.get('/pods')).text) as { items: Pod[] }
    return items.map(({ metadata }) => metadata.uid)
  }
  while ((await listed()).length > 1) await setImmediate()
  expect(await listed()).toEqual(['another'])
})

test('a client without a certificate is refused', async () => {
  await using fixture = await running()
  await expect(fetch(`https://127.0.0.1:${fixture.node.port}/pods`)).rejects.toThrow()
})
