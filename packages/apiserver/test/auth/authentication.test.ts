import { createFakeClock } from '@binnacle/testing'
import { expect, it } from 'vitest'
import { type ServerFixture, startServer } from '../server-fixture.ts'

const selfReview = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
const accounts = '/api/v1/namespaces/default/serviceaccounts'
const who = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }

interface UserAnswer {
  status?: { userInfo?: { username: string; groups: string[]; uid?: string } }
}

async function tokenOf(api: ServerFixture, spec: object = {}): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }
  const { json } = await api.send('POST', `${accounts}/robot/token`, { body })
  return (json['status'] as { token: string }).token
}

async function makeAccount(api: ServerFixture): Promise<void> {
  await api.send('POST', accounts, { body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } } })
}

it('takes user and groups from the client certificate', async () => {
  await using api = await startServer()
  const { json } = await api.send('POST', selfReview, { body: who })
  expect((json as UserAnswer).status?.userInfo).toEqual({
    username: 'admin',
    groups: ['system:masters', 'system:authenticated'],
  })
})

it('knows service accounts by the tokens that it gave', async () => {
  await using api = await startServer()
  await makeAccount(api)
  const { json } = await api.send('POST', selfReview, { body: who, as: { token: await tokenOf(api) } })
  expect((json as UserAnswer).status?.userInfo).toMatchObject({
    username: 'system:serviceaccount:default:robot',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
  })
})

it('refuses tokens that are wrong, of other audiences, or of an account that is gone', async () => {
  await using api = await startServer()
  await makeAccount(api)
  const token = await tokenOf(api)
  const other = await tokenOf(api, { audiences: ['vault'] })
  const code = async (bearer: string): Promise<number> =>
    (await api.send('POST', selfReview, { body: who, as: { token: bearer } })).code
  expect([await code('nonsense'), await code(`${token}x`), await code(other), await code(token)]).toEqual([
    401, 401, 401, 201,
  ])
  await api.send('DELETE', `${accounts}/robot`)
  expect(await code(token)).toBe(401)
})

it('lets tokens end', async () => {
  const clock = createFakeClock(Date.now())
  await using api = await startServer({ clock })
  await makeAccount(api)
  const token = await tokenOf(api, { expirationSeconds: 600 })
  expect((await api.send('POST', selfReview, { body: who, as: { token } })).code).toBe(201)
  clock.advance(601_000)
  expect((await api.send('POST', selfReview, { body: who, as: { token } })).code).toBe(401)
})

it('says whom a token stands for', async () => {
  await using api = await startServer()
  await makeAccount(api)
  const review = async (token: string): Promise<unknown> => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }
    return (await api.send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { body })).json['status']
  }
  expect(await review(await tokenOf(api))).toMatchObject({
    authenticated: true,
    user: { username: 'system:serviceaccount:default:robot' },
  })
  expect(await review('nonsense')).toEqual({ user: {}, error: 'invalid bearer token' })
})

it('publishes the key that its tokens are signed with', async () => {
  await using api = await startServer()
  const { text } = await api.send('GET', '/openid/v1/jwks')
  expect((JSON.parse(text) as { keys: unknown }).keys).toMatchObject([
    { kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' },
  ])
})

it('shows nobody more than version, health and discovery', async () => {
  await using api = await startServer()
  const code = async (path: string): Promise<number> => (await api.send('GET', path, { as: 'nobody' })).code
  expect([await code('/version'), await code('/readyz'), await code('/livez')]).toEqual([200, 200, 200])
  expect([await code('/api/v1/pods'), await code('/metrics'), await code('/apis')]).toEqual([403, 403, 403])
})

it('refuses pages whose name was made to point here', async () => {
  await using api = await startServer()
  const code = async (headers: Record<string, string>): Promise<number> =>
    (await api.send('GET', '/version', { headers })).code
  expect(await code({ host: 'evil.example.com' })).toBe(403)
  expect(await code({ origin: 'https://evil.example.com' })).toBe(403)
  expect(await code({ origin: 'http://localhost:7070' })).toBe(200)
})
