// Kubeconfig files as clientcmd reads them.

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFakeClock } from '@binnacle/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCredentialSource } from '../src/credentials.ts'
import { kubeconfigPaths, loadKubeconfig, parseKubeconfig } from '../src/kubeconfig.ts'

let directory = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'binnacle-kubeconfig-'))
})

afterEach(() => rm(directory, { recursive: true }))

async function write(name: string, text: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, text)
  return path
}

function config({ cluster = '{ server: https://one:6443 }', user = '{}', context = '' }): string {
  return `
apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: ${cluster} }]
users: [{ name: u, user: ${user} }]
contexts: [{ name: x, context: { cluster: c, user: u ${context} } }]
current-context: x
`
}

describe('a kubeconfig', () => {
  test('gives its current context, in the namespace default', async () => {
    const kubeconfig = parseKubeconfig(config({ user: '{ token: secret }' }))
    expect(kubeconfig.contextNames).toEqual(['x'])
    expect(await kubeconfig.context()).toEqual({
      name: 'x',
      namespace: 'default',
      cluster: { server: 'https://one:6443' },
      user: { token: 'secret' },
    })
  })

  test('prefers data fields to files, and looks for files beside itself', async () => {
    await write('ca.pem', 'ca of the file')
    await write('client.pem', 'certificate of the file')
    const data = Buffer.from('key of the data').toString('base64')
    const path = await write(
      'config',
      config({
        cluster: '{ server: https://one:6443, certificate-authority: ca.pem }',
        user: `{ client-certificate: client.pem, client-key: gone.pem, client-key-data: ${data}, tokenFile: token }`,
      }),
    )
    const { cluster, user } = await (await loadKubeconfig(path)).context()
    expect(cluster.caCertificate).toBe('ca of the file')
    expect(user).toEqual({
      clientCertificate: 'certificate of the file',
      clientKey: 'key of the data',
      tokenFile: join(directory, 'token'),
    })
  })

  test('of several files takes from the first that says something, and passes over one that is not there', async () => {
    const first = await write('first', 'contexts: [{ name: y, context: { cluster: c, user: u, namespace: n } }]')
    const second = await write('second', config({}))
    const kubeconfig = await loadKubeconfig([join(directory, 'gone'), first, second])
    expect(kubeconfig.currentContext).toBe('x')
    expect((await kubeconfig.context('y')).namespace).toBe('n')
    expect((await kubeconfig.context('y')).cluster.server).toBe('https://one:6443')
  })

  test('says what is missing or not supported', async () => {
    await expect(parseKubeconfig(config({})).context('z')).rejects.toThrow('kubeconfig has no context "z"')
    await expect(parseKubeconfig('').context()).rejects.toThrow('kubeconfig has no current-context')
    await expect(parseKubeconfig(config({ user: '{ auth-provider: { name: gcp } }' })).context()).rejects.toThrow(
      'auth-provider is not supported',
    )
    await expect(
      parseKubeconfig(config({ cluster: '{ server: https://one, proxy-url: http://proxy }' })).context(),
    ).rejects.toThrow('proxy-url is not supported')
    await expect(
      parseKubeconfig(
        config({
          cluster: '{ server: https://one, insecure-skip-tls-verify: true, certificate-authority-data: YQ== }',
        }),
      ).context(),
    ).rejects.toThrow('specifying a root certificates file with the insecure flag is not allowed')
    await expect(loadKubeconfig(join(directory, 'gone'))).rejects.toThrow('cannot read kubeconfig')
  })

  test('is looked for where kubectl looks', () => {
    expect(kubeconfigPaths({ KUBECONFIG: '/a:/b' })).toEqual(['/a', '/b'])
    expect(kubeconfigPaths({})[0]).toMatch(/\.kube\/config$/)
  })
})

describe('an exec plugin', () => {
  async function plugin(answer: string): Promise<string> {
    const path = await write('plugin', `#!/bin/sh\necho run >> ${directory}/runs\ncat <<END\n${answer}\nEND\n`)
    await chmod(path, 0o700)
    return `{ exec: { apiVersion: client.authentication.k8s.io/v1, command: ./plugin, interactiveMode: Never,
      env: [{ name: TOKEN, value: t }] } }`
  }

  test('is asked once until what it gave ends', async () => {
    const user = await plugin(
      '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"token-1","expirationTimestamp":"2026-01-01T01:00:00Z"}}',
    )
    const path = await write('config', config({ user }))
    const context = await (await loadKubeconfig(path)).context()
    const clock = createFakeClock()
    const source = createCredentialSource(context.user, { cluster: context.cluster, clock })
    expect(await source.credential()).toEqual({ authorization: 'Bearer token-1' })
    const again = await source.credential()
    expect(await source.credential()).toBe(again)
    clock.advance(3_600_000)
    expect(await source.credential()).not.toBe(again)
  })

  test('that answers in another version or not at all is refused', async () => {
    const user = await plugin('{"apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"t"}}')
    const path = await write('config', config({ user }))
    const { user: exec, cluster } = await (await loadKubeconfig(path)).context()
    const clock = createFakeClock()
    await expect(createCredentialSource(exec, { cluster, clock }).credential()).rejects.toThrow(
      'got client.authentication.k8s.io/v1beta1',
    )
    await rm(join(directory, 'plugin'))
    await expect(createCredentialSource(exec, { cluster, clock }).credential()).rejects.toThrow('failed')
  })
})
