import 'reflect-metadata'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import * as x509 from '@peculiar/x509'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startEngine } from '../engine-fixture.ts'

interface Review {
  request: { uid: string; operation: string; object: { metadata: { name: string }; data?: Record<string, string> } }
}

const registration = { group: 'admissionregistration.k8s.io', version: 'v1' } as const
const configMaps = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' } as const

let answer: (review: Review) => object = () => ({ allowed: true })
let caBundle = ''
let port = 0
const closing: (() => void)[] = []

beforeAll(async () => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=hook',
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  })
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const key = `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`
  const server = createServer({ cert: certificate.toString('pem'), key }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as Review
      const { uid } = review.request
      const body = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, ...answer(review) } }
      response.end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  port = (server.address() as AddressInfo).port
  caBundle = Buffer.from(certificate.toString('pem')).toString('base64')
})

afterAll(() => closing.forEach((close) => close()))

const configuration = (kind: 'Mutating' | 'Validating', hook: object = {}): object => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: `${kind}WebhookConfiguration`,
  metadata: { name: 'hooks' },
  webhooks: [
    {
      name: 'hook.example.com',
      clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      ...hook,
    },
  ],
})
const configMap = (name: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })

test('a mutating webhook patches the object', async () => {
  const { send } = await startEngine()
  const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/data', value: { added: 'yes' } }])).toString('base64')
  answer = () => ({ allowed: true, patchType: 'JSONPatch', patch, warnings: ['mind the gap'] })
  await send({
    verb: 'create',
    ...registration,
    resource: 'mutatingwebhookconfigurations',
    body: configuration('Mutating'),
  })
  const created = await send({ verb: 'create', ...configMaps, body: configMap('a') })
  expect(created).toMatchObject({ data: { added: 'yes' } })
})

test('a validating webhook denies, and what is not matched is not asked', async () => {
  const { send } = await startEngine()
  answer = () => ({ allowed: false, status: { message: 'not today', code: 403 } })
  const hook = { matchConditions: [{ name: 'all-but-b', expression: 'object.metadata.name != "b"' }] }
  await send({
    verb: 'create',
    ...registration,
    resource: 'validatingwebhookconfigurations',
    body: configuration('Validating', hook),
  })
  await expect(send({ verb: 'create', ...configMaps, body: configMap('a') })).rejects.toThrow(
    'admission webhook "hook.example.com" denied the request: not today',
  )
  await expect(send({ verb: 'create', ...configMaps, body: configMap('b') })).resolves.toBeDefined()
})

test('a webhook that does not answer counts as failurePolicy says', async () => {
  const { send } = await startEngine()
  const clientConfig = { service: { namespace: 'default', name: 'none' } }
  const create = { verb: 'create', ...registration, resource: 'validatingwebhookconfigurations' } as const
  await send({ ...create, body: configuration('Validating', { clientConfig }) })
  await expect(send({ verb: 'create', ...configMaps, body: configMap('a') })).rejects.toThrow(
    'Internal error occurred: failed calling webhook "hook.example.com": failed to call webhook: service "none" not found',
  )
  await send({ verb: 'delete', ...registration, resource: 'validatingwebhookconfigurations', name: 'hooks' })
  await send({ ...create, body: configuration('Validating', { clientConfig, failurePolicy: 'Ignore' }) })
  await expect(send({ verb: 'create', ...configMaps, body: configMap('a') })).resolves.toBeDefined()
})

test('a configuration that could never work is refused', async () => {
  const { send } = await startEngine()
  const hook = { clientConfig: { url: 'http://host/' }, sideEffects: 'Some', timeoutSeconds: 60 }
  const create = send({
    verb: 'create',
    ...registration,
    resource: 'validatingwebhookconfigurations',
    body: configuration('Validating', hook),
  })
  await expect(create).rejects.toThrow("'https' is the only allowed URL scheme")
})
