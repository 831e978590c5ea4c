import { readFile, stat, writeFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createFakeClock } from '@binnacle/testing'
import { expect, test } from 'vitest'
import { createLoginLink, startCanvasServer } from '../../src/server/index.ts'
import { login, startCanvas, startCluster } from '../support/canvas-fixture.ts'

/** Nothing listens on it. */
const nowhere = { cluster: { server: 'https://127.0.0.1:1' }, user: {} }

function pathOf(link: string): string {
  const { pathname, search } = new URL(link)
  return pathname + search
}

test('a link logs in once, leads to where it was made for without the token, and sets a cookie for this server alone', async () => {
  await using canvas = await startCanvas(nowhere)
  const link = pathOf(canvas.canvas.loginUrl('/?app=shop'))
  const first = await canvas.ask(link, { loggedIn: false })
  expect(first.code).toBe(303)
  expect(first.headers.location).toBe('/?app=shop')
  expect(first.headers['set-cookie']?.[0]).toMatch(
    /^binnacle-canvas-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/,
  )
  const second = await canvas.ask(link, { loggedIn: false })
  expect(second.code).toBe(401)
  expect(second.text).toContain('binnacle open')
  expect(second.headers['set-cookie']).toBeUndefined()
  // From the history of a browser that is logged in.
  expect((await canvas.ask(link)).code).toBe(303)
})

test('a link does not lead to another host', async () => {
  await using canvas = await startCanvas(nowhere)
  const { search } = new URL(canvas.canvas.loginUrl())
  expect((await canvas.ask(`//evil.example/${search}`)).headers.location ?? '').not.toMatch(/^\/\//)
})

test('a link that another site opened goes on by itself, since a strict cookie does not go along its redirect', async () => {
  await using canvas = await startCanvas(nowhere)
  const answer = await canvas.ask(pathOf(canvas.canvas.loginUrl()), {
    loggedIn: false,
    headers: { 'sec-fetch-site': 'cross-site' },
  })
  expect(answer.code).toBe(200)
  expect(answer.headers['set-cookie']).toHaveLength(1)
  expect(answer.text).toContain('http-equiv="refresh" content="0;url=/"')
})

test('a link ends after ten minutes, and whoever has the key can make one', async () => {
  const clock = createFakeClock()
  const linkKey = new Uint8Array(32).fill(7)
  await using canvas = await startCanvas({ ...nowhere, clock, linkKey })
  const late = pathOf(canvas.canvas.loginUrl())
  clock.advance(10 * 60_000)
  expect((await canvas.ask(late, { loggedIn: false })).code).toBe(401)
  const made = (key: Uint8Array): string => pathOf(createLoginLink({ origin: canvas.canvas.url, key, clock }))
  expect((await canvas.ask(made(new Uint8Array(32)), { loggedIn: false })).code).toBe(401)
  expect((await canvas.ask(made(linkKey), { loggedIn: false })).code).toBe(303)
})

test('without the cookie there is a page that says how to get in, and a Status for data', async () => {
  await using cluster = await startCluster()
  await using canvas = await startCanvas(cluster)
  const page = await canvas.ask('/', { loggedIn: false })
  expect(page.code).toBe(401)
  expect(page.headers['content-type']).toContain('text/html')
  expect(page.text).toContain('binnacle open')
  for (const path of ['/k8s/version', '/traffic', '/context', '/watch']) {
    const data = await canvas.ask(path, { loggedIn: false })
    expect(data.code).toBe(401)
    expect(JSON.parse(data.text)).toMatchObject({ kind: 'Status', reason: 'Unauthorized' })
  }
  const forged = `${canvas.cookie.split('=')[0]}=${'A'.repeat(43)}`
  expect((await canvas.ask('/context', { headers: { cookie: forged } })).code).toBe(401)
})

test('another host name, another origin and another page of this machine are refused', async () => {
  await using canvas = await startCanvas(nowhere)
  const { port } = new URL(canvas.canvas.url)
  const codeWith = async (headers: Record<string, string>): Promise<number> =>
    (await canvas.ask('/context', { headers })).code
  expect(await codeWith({ host: `evil.example:${port}` })).toBe(403)
  expect(await codeWith({ host: '127.0.0.1:1' })).toBe(403)
  expect(await codeWith({ host: '127.0.0.1' })).toBe(403)
  expect(await codeWith({ origin: 'http://127.0.0.1:3000' })).toBe(403)
  expect(await codeWith({ origin: 'null' })).toBe(403)
  expect(await codeWith({ 'sec-fetch-site': 'same-site' })).toBe(403)
  expect(await codeWith({ host: `localhost:${port}`, origin: `http://localhost:${port}` })).toBe(200)
  expect(await codeWith({ host: `[::1]:${port}` })).toBe(200)
})

test('it listens on loopback only', async () => {
  await expect(
    startCanvasServer({
      ...nowhere,
      context: { name: 'x', namespace: 'x' },
      host: '0.0.0.0',
      port: 0,
      assets: '/nowhere',
      onError: () => undefined,
      clock: createFakeClock(),
    }),
  ).rejects.toThrow('loopback only')
})

test('a session outlives the server in a file that holds no secret and is for its owner only', async () => {
  await using first = await startCanvas(nowhere)
  const sessions = join(first.directory, 'sessions.json')
  let cookie: string
  let port: number
  {
    await using before = await startCanvas({ ...nowhere, sessions })
    cookie = before.cookie
    port = Number(new URL(before.canvas.url).port)
  }
  expect(await readFile(sessions, 'utf8')).not.toContain(cookie.split('=')[1])
  expect((await stat(sessions)).mode & 0o777).toBe(0o600)
  await using after = await startCanvas({ ...nowhere, sessions, port })
  expect((await after.ask('/context', { headers: { cookie } })).code).toBe(200)
})

test('a damaged file of sessions is told of and costs the logins only', async () => {
  await using first = await startCanvas(nowhere)
  const sessions = join(first.directory, 'sessions.json')
  await writeFile(sessions, '{"not":"a list"}')
  await using canvas = await startCanvas({ ...nowhere, sessions })
  expect(canvas.errors).toHaveLength(1)
  expect((await canvas.ask('/context', { headers: { cookie: await login(canvas) } })).code).toBe(200)
})

test('files go out compressed, named ones for ever, and paths without a dot are the page', async () => {
  await using canvas = await startCanvas(nowhere)
  const { directory } = canvas
  await mkdir(join(directory, 'assets'))
  await writeFile(join(directory, 'index.html'), '<!doctype html>page')
  await writeFile(join(directory, 'assets/main-ABC.js'), 'code')
  await writeFile(join(directory, 'assets/main-ABC.js.br'), 'brotli')
  await writeFile(join(directory, 'assets/main-ABC.js.gz'), 'gzip')
  const page = await canvas.ask('/apps/shop/api')
  expect(page).toMatchObject({ code: 200, text: '<!doctype html>page' })
  expect(page.headers['cache-control']).toBe('no-cache')
  expect(page.headers['content-security-policy']).toContain("script-src 'self'; worker-src 'self'")
  expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'")
  expect(page.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
  expect((await canvas.ask('/', { headers: { 'if-none-match': page.headers.etag ?? '' } })).code).toBe(304)
  const asset = (encoding: string): ReturnType<typeof canvas.ask> =>
    canvas.ask('/assets/main-ABC.js', { headers: { 'accept-encoding': encoding } })
  expect((await asset('gzip, br')).text).toBe('brotli')
  expect((await asset('gzip, br;q=0')).text).toBe('gzip')
  const plain = await asset('identity')
  expect(plain.text).toBe('code')
  expect(plain.headers['cache-control']).toContain('immutable')
  expect(plain.headers['content-type']).toContain('text/javascript')
  expect((await canvas.ask('/assets/none.js')).code).toBe(404)
  expect((await canvas.ask('/%2e%2e/%2e%2e/etc/passwd.txt')).code).toBe(404)
  expect((await canvas.ask('/', { method: 'POST' })).code).toBe(405)
})

test('a page that is not built says what to do', async () => {
  await using canvas = await startCanvas(nowhere)
  expect(await canvas.ask('/')).toMatchObject({ code: 503, text: expect.stringContaining('npm run build') as string })
})

test('traffic is what the engine gives, and said to be elsewhere where it gives nothing', async () => {
  await using without = await startCanvas(nowhere)
  const absent = await without.ask('/traffic')
  expect(absent.code).toBe(404)
  expect(JSON.parse(absent.text)).toMatchObject({ message: "this cluster's figures come from its own metrics" })
  await using canvas = await startCanvas({ ...nowhere, traffic: () => Promise.resolve({ wires: [1] }) })
  expect(JSON.parse((await canvas.ask('/traffic')).text)).toEqual({ wires: [1] })
  expect(JSON.parse((await canvas.ask('/context')).text)).toEqual({
    name: 'test',
    namespace: 'default',
    server: 'https://127.0.0.1:1',
    hasTraffic: true,
  })
})
