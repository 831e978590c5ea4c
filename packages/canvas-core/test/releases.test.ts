import type { Unstructured } from '@binnacle/api'
import type { Release } from '@binnacle/model'
import { describe, expect, it } from 'vitest'
import { type Command, apply } from '../src/commands.ts'
import { objectsOf } from '../src/document.ts'
import { recordedDiff, recordedObjects, resourcesOf, rollbackCommands } from '../src/releases.ts'
import { dataSource, documentOf, microservice, msKey, namespace, plain } from './support.ts'

function release(...resources: Unstructured[]): Release {
  return {
    apiVersion: 'binnacle.dev/v1alpha1',
    kind: 'Release',
    metadata: { name: 'shop-1', namespace },
    spec: { application: 'shop', revision: 1, resources },
  }
}

/** As the command line records: without the namespace of the release. */
function withoutNamespace({ metadata: { namespace: _namespace, ...metadata }, ...rest }: Unstructured): Unstructured {
  return { ...rest, metadata }
}

const partOf = { 'app.kubernetes.io/part-of': 'shop' }

describe('a rollback', () => {
  it('leads back to a release that the command line recorded without namespaces', () => {
    const document = documentOf(microservice('web', { image: 'web:2' }), microservice('extra'))
    const old = release(withoutNamespace(microservice('web', { image: 'web:1' })))
    const commands = rollbackCommands(document, old)
    expect(commands.map(({ type }) => type)).toEqual(['replaceResource', 'removeResource'])
    const back = commands.reduce((now, command) => apply(now, command).document, document)
    expect([...objectsOf(back).keys()]).toEqual([msKey('web')])
    expect(objectsOf(back).get(msKey('web'))?.['spec']).toEqual({ image: 'web:1' })
  })

  it('has nothing to do where only defaults differ', () => {
    const served = { image: 'web:1', serviceType: 'ClusterIP' as const, access: 'Any' as const }
    const document = documentOf(microservice('web', served))
    expect(rollbackCommands(document, release(microservice('web', { image: 'web:1' })))).toEqual([])
  })

  it('makes again what is gone, and leaves alone what is not its application’s', () => {
    const document = documentOf(dataSource('elsewhere'), plain('v1', 'ConfigMap', 'settings'))
    const commands: readonly Command[] = rollbackCommands(document, release(microservice('web')))
    expect(commands).toMatchObject([{ type: 'addResource', object: { metadata: { name: 'web', namespace } } }])
  })
})

describe('what a release records', () => {
  it('is what the application has of its own, without secrets and what is made for it', () => {
    const labelled = (object: Unstructured, more: object = {}): Unstructured => ({
      ...object,
      metadata: { ...object.metadata, labels: partOf, ...more },
    })
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'u', controller: true }
    const objects = [
      microservice('web'),
      labelled(plain('v1', 'ConfigMap', 'settings', { data: { a: '1' } })),
      labelled(plain('v1', 'Secret', 'key', { data: { a: 'MQ==' } })),
      labelled(plain('v1', 'Pod', 'web-1')),
      labelled(plain('v1', 'Service', 'web'), { ownerReferences: [owner] }),
      plain('v1', 'ConfigMap', 'of-nobody'),
    ]
    expect(recordedObjects(objects, 'shop').map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'ConfigMap settings',
      'Microservice web',
    ])
  })
})

describe('the difference of two releases', () => {
  it('is told by field, and by object where one is new or gone', () => {
    const document = documentOf()
    const before = resourcesOf(release(microservice('web', { image: 'web:1' }), microservice('old')))
    const after = resourcesOf(release(microservice('web', { image: 'web:2' }), withoutNamespace(microservice('new'))))
    expect(recordedDiff(document, before, after)).toMatchObject([
      { key: msKey('new'), type: 'create' },
      { key: msKey('old'), type: 'delete' },
      { key: msKey('web'), type: 'update', lines: [{ path: 'spec.image', before: 'web:1', after: 'web:2' }] },
    ])
    expect(recordedDiff(document, before, before)).toEqual([])
  })
})
