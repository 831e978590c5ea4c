import { describe, expect, it } from 'vitest'
import { type Release, overriddenAnnotation } from '@binnacle/model'
import { parseObjects } from '../../src/deploy/documents.ts'
import { inEnvironment, projectOf } from '../../src/deploy/project.ts'
import { promotable, reverseOverrides } from '../../src/deploy/release-project.ts'
import { releasedResources } from '../../src/deploy/releases.ts'

const text = `
apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata: {name: web}
spec: {image: 'shop/web:1.0.0', replicas: 2, env: [{name: A, value: a}]}
---
apiVersion: v1
kind: Secret
metadata: {name: key}
stringData: {token: hush}
`
const shop = projectOf(parseObjects(text, 'app.yaml'), 'shop')
const overrides = [{ kind: 'Microservice', name: 'web', spec: { replicas: 1, env: null, access: 'Wired' } }]

describe('a project', () => {
  it('has an Application, by the name of its folder where none is written', () => {
    expect(shop.application).toBe('shop')
    expect(shop.objects.map(({ object }) => object.kind)).toEqual(['Application', 'Microservice', 'Secret'])
  })

  it('says of each object that it is a part of it', () => {
    for (const { object } of shop.objects)
      expect(object.metadata.labels).toEqual({ 'app.kubernetes.io/part-of': 'shop' })
  })

  it('has one Application and makes its releases itself', () => {
    const named = (kind: string, name: string): string =>
      `apiVersion: binnacle.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: {}\n`
    const two = parseObjects(`${named('Application', 'a')}---\n${named('Application', 'b')}`, 'app.yaml')
    expect(() => projectOf(two, 'x')).toThrow(/app\.yaml:7: kind: there is an Application in app\.yaml already/)
    const release = parseObjects(named('Release', 'a-1'), 'app.yaml')
    expect(() => projectOf(release, 'x')).toThrow(/app\.yaml:2: kind: a Release is made by a deploy/)
  })
})

describe('an environment', () => {
  it('changes the specs that it names', () => {
    const there = inEnvironment(shop, 'dev', { application: 'shop', namespace: 'dev', overrides })
    expect(there.objects[1]?.object['spec']).toEqual({ image: 'shop/web:1.0.0', replicas: 1, access: 'Wired' })
  })

  it('is refused where it names what the project does not have', () => {
    const bad = [{ kind: 'Microservice', name: 'wed', spec: {} }]
    expect(() => inEnvironment(shop, 'dev', { application: 'shop', namespace: 'dev', overrides: bad })).toThrow(
      'environment dev: spec.overrides[0]: the project has no Microservice wed',
    )
    expect(() => inEnvironment(shop, 'dev', { application: 'other', namespace: 'dev' })).toThrow(
      /is of the application other/,
    )
  })

  it('leaves a release that can be promoted without what was particular to it', () => {
    const there = inEnvironment(shop, 'dev', { application: 'shop', namespace: 'dev', overrides })
    const release: Release = {
      apiVersion: 'binnacle.dev/v1alpha1',
      kind: 'Release',
      metadata: { annotations: { [overriddenAnnotation]: JSON.stringify(reverseOverrides(shop, overrides)) } },
      spec: {
        application: 'shop',
        revision: 3,
        resources: releasedResources(
          there.objects.map(({ object }) => object),
          'dev',
        ),
      },
      status: { images: [{ resource: 'Microservice/web', image: 'shop/web:1.0.0', digest: 'sha256:abc' }] },
    }
    expect(promotable(release).objects.map(({ object }) => [object.kind, object['spec']])).toEqual([
      ['Application', {}],
      ['Microservice', { image: 'shop/web:1.0.0@sha256:abc', replicas: 2, env: [{ name: 'A', value: 'a' }] }],
    ])
  })
})

it('a release never records values of Secrets', () => {
  const recorded = releasedResources(
    shop.objects.map(({ object }) => object),
    'default',
  )
  expect(JSON.stringify(recorded)).not.toContain('hush')
})
