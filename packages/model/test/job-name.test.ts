import { expect, it } from 'vitest'
import { type Microservice, render } from '../src/index.ts'

const service = (job: NonNullable<Microservice['spec']['jobs']>[number]): Microservice => ({
  apiVersion: 'binnacle.dev/v1alpha1',
  kind: 'Microservice',
  metadata: { name: 'api' },
  spec: { image: 'shop/api:1.0.0', jobs: [job] },
})

const jobName = (resource: Microservice): string | undefined =>
  render(resource, { namespace: 'shop' }).find(({ kind }) => kind === 'Job')?.metadata.name

it('a job is the same job in whatever order a server gives its fields', () => {
  const env = [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'toll', key: 'key' } } }]
  const reordered = [{ valueFrom: { secretKeyRef: { key: 'key', name: 'toll' } }, name: 'KEY' }]
  expect(jobName(service({ name: 'migrate', env }))).toBe(jobName(service({ env: reordered, name: 'migrate' })))
  expect(jobName(service({ name: 'migrate' }))).not.toBe(jobName(service({ name: 'migrate', env })))
})
