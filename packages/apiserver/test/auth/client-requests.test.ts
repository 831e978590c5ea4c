import 'reflect-metadata'
import { X509Certificate, webcrypto } from 'node:crypto'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import { createFakeClock } from '@binnacle/testing'
import { expect, it } from 'vitest'
import { startServer } from '../server-fixture.ts'

const elliptic = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
}

async function requestOf(algorithm: typeof elliptic | typeof rsa): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ O: ['dev'] }, { O: ['ops'] }, { CN: ['jane'] }],
    keys,
    signingAlgorithm: algorithm,
  })
  return request.toString('pem')
}

it.each([
  ['RSA', rsa],
  ['elliptic', elliptic],
] as const)('signs a request with an %s key: its subject, the lifetime asked for', async (_name, algorithm) => {
  const clock = createFakeClock()
  await using api = await startServer({ clock })
  const pem = await api.server.signClientRequest({
    request: await requestOf(algorithm),
    keyEncipherment: true,
    now: clock.now(),
    lifetimeSeconds: 3600,
  })
  const certificate = new X509Certificate(pem)
  expect(certificate.subject).toBe('O=dev\nO=ops\nCN=jane')
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
  expect(certificate.ca).toBe(false)
  expect(certificate.verify(new X509Certificate(api.server.caCertificate).publicKey)).toBe(true)
  expect(Date.parse(certificate.validTo) - clock.now()).toBe(3_600_000)
})

it('refuses a request that was changed after its key signed it', async () => {
  await using api = await startServer()
  const der = Buffer.from((await requestOf(elliptic)).replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  der.write('root', der.indexOf('jane'))
  const request = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  await expect(api.server.signClientRequest({ request, keyEncipherment: false, now: 0 })).rejects.toThrow(
    'the signature of the request is not that of its key',
  )
})
