import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { buildImage } from '../src/build/build.ts'
import { createImageSource } from '../src/image-source.ts'
import { pushImage } from '../src/push.ts'
import { type Registry, startRegistry } from '../src/registry.ts'
import { scratch } from './fixtures.ts'

const credentials = { username: 'binnacle', password: 'secret' }
const authorization = `Basic ${Buffer.from('binnacle:secret').toString('base64')}`

const running: Registry[] = []
afterEach(async () => {
  for (const registry of running.splice(0)) await registry.close()
})

async function start(store: Awaited<ReturnType<Awaited<ReturnType<typeof scratch>>['store']>>): Promise<Registry> {
  const registry = await startRegistry({ store, port: 0, ...credentials })
  running.push(registry)
  return registry
}

describe('the registry', () => {
  it('takes a push and the image is there for the node', async () => {
    await using temporary = await scratch()
    const [from, to] = [await temporary.store(), await temporary.store()]
    const { digest } = await buildImage({
      store: from,
      directory: await temporary.write({ 'server.js': '//' }),
      repository: 'web',
      tag: '1',
    })
    const registry = await start(to)
    const target = { host: registry.address, repository: 'shop/web', tag: '1.0.0', credentials }
    expect(await pushImage(from, { repository: 'web', reference: '1' }, target)).toBe(digest)
    // A second push finds everything there.
    await pushImage(from, { repository: 'web', reference: '1' }, target)
    const image = await createImageSource(to, new Set([registry.address])).resolve(`${registry.address}/shop/web:1.0.0`)
    expect(image?.digest).toBe(digest)
    const tags = await fetch(`http://${registry.address}/v2/shop/web/tags/list`, { headers: { authorization } })
    expect(await tags.json()).toEqual({ name: 'shop/web', tags: ['1.0.0'] })
  })

  it('takes a blob in chunks and gives a part of it back', async () => {
    await using temporary = await scratch()
    const { address } = await start(await temporary.store())
    const content = 'hello, registry'
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(new URL(path, `http://${address}`), {
        ...init,
        headers: { authorization, ...(init.headers as Record<string, string>) },
      })
    const started = await ask('/v2/a/blobs/uploads/', { method: 'POST' })
    const location = started.headers.get('location') ?? ''
    expect(
      (await ask(location, { method: 'PATCH', body: content.slice(0, 5), headers: { 'content-range': '0-4' } })).status,
    ).toBe(202)
    expect((await ask(location, { method: 'PATCH', body: 'x', headers: { 'content-range': '9-9' } })).status).toBe(416)
    expect(
      (
        await ask(location, {
          method: 'PATCH',
          body: content.slice(5),
          headers: { 'content-range': `5-${content.length - 1}` },
        })
      ).status,
    ).toBe(202)
    expect((await ask(`${location}?digest=${digest}`, { method: 'PUT' })).status).toBe(201)
    const part = await ask(`/v2/a/blobs/${digest}`, { headers: { range: 'bytes=7-' } })
    expect([part.status, await part.text()]).toEqual([206, 'registry'])
  })

  it('keeps nothing of a blob that is not what its digest says', async () => {
    await using temporary = await scratch()
    const store = await temporary.store()
    const { address } = await start(store)
    const digest = `sha256:${'0'.repeat(64)}`
    const answer = await fetch(`http://${address}/v2/a/blobs/uploads/?digest=${digest}`, {
      method: 'POST',
      body: 'x',
      headers: { authorization },
    })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ errors: [{ code: 'DIGEST_INVALID' }] })
    expect(await store.blobSize(digest)).toBeUndefined()
  })

  it.each([
    ['no password', {}, 401],
    ['a wrong password', { authorization: 'Basic eDp5' }, 401],
    ['a web page', { authorization, origin: 'https://evil.example' }, 403],
  ])('refuses %s', async (_who, headers, status) => {
    await using temporary = await scratch()
    const { address } = await start(await temporary.store())
    expect((await fetch(`http://${address}/v2/`, { headers: headers as Record<string, string> })).status).toBe(status)
  })

  it('refuses a manifest whose blobs were not pushed', async () => {
    await using temporary = await scratch()
    const { address } = await start(await temporary.store())
    const missing = { mediaType: 'x', digest: `sha256:${'1'.repeat(64)}`, size: 1 }
    const body = JSON.stringify({ schemaVersion: 2, config: missing, layers: [] })
    const answer = await fetch(`http://${address}/v2/a/manifests/1`, {
      method: 'PUT',
      body,
      headers: { authorization },
    })
    expect(await answer.json()).toMatchObject({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN' }] })
  })
})
