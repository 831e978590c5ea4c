import { describe, expect, it } from 'vitest'
import { apply } from '../src/commands.ts'
import { objectOf } from '../src/document.ts'
import { legalTargets, whyNot, wireWarning, wiresOf } from '../src/wires/wires.ts'
import { dataSource, documentOf, dsKey, microservice, msKey, plain } from './support.ts'

const http = [{ name: 'http', port: 80 }]
const workload = (kind: string, name: string, podSpec: object) =>
  plain('apps/v1', kind, name, {
    spec: { selector: {}, template: { metadata: { labels: { app: name } }, spec: podSpec } },
  })
const ends = (...objects: Parameters<typeof documentOf>) =>
  wiresOf(documentOf(...objects)).map(({ kind, from, to }) => `${kind}: ${from.split('/')[2]} → ${to.split('/')[2]}`)

describe('wires', () => {
  it('are read from variables that name services', () => {
    const env = [
      { name: 'API_URL', value: 'http://api:80/v1' },
      { name: 'CACHE', value: 'redis://:pw@cache.shop.svc.cluster.local:6379/0' },
      { name: 'DB_HOST', value: 'db' },
      { name: 'OTHER', value: 'http://$(QUEUE_SERVICE_HOST):$(QUEUE_SERVICE_PORT)' },
      { name: 'MODE', value: 'api' },
      { name: 'OUTSIDE', value: 'https://api.example.com' },
    ]
    const services = ['api', 'cache', 'db', 'queue'].map((name) => plain('v1', 'Service', name, { spec: {} }))
    expect(ends(workload('Deployment', 'web', { containers: [{ name: 'web', env }] }), ...services)).toEqual([
      'environment: web → api',
      'environment: web → cache',
      'environment: web → db',
      'environment: web → queue',
    ])
  })

  it('are read from selectors, backends, references, claims and scale targets', () => {
    const pod = {
      containers: [
        {
          name: 'api',
          envFrom: [{ secretRef: { name: 'login' } }],
          env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }],
        },
      ],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'disk' } }],
    }
    expect(
      ends(
        workload('StatefulSet', 'api', pod),
        plain('v1', 'Service', 'front', { spec: { selector: { app: 'api' } } }),
        plain('networking.k8s.io/v1', 'Ingress', 'edge', {
          spec: {
            rules: [{ host: 'shop.test', http: { paths: [{ path: '/', backend: { service: { name: 'front' } } }] } }],
          },
        }),
        plain('gateway.networking.k8s.io/v1', 'HTTPRoute', 'route', {
          spec: { rules: [{ backendRefs: [{ name: 'front' }] }] },
        }),
        plain('autoscaling/v2', 'HorizontalPodAutoscaler', 'scaler', {
          spec: { scaleTargetRef: { kind: 'StatefulSet', name: 'api' } },
        }),
        plain('v1', 'ConfigMap', 'settings'),
        plain('v1', 'Secret', 'login'),
        plain('v1', 'PersistentVolumeClaim', 'disk'),
      ),
    ).toEqual([
      'pod-configuration: api → settings',
      'pod-configuration: api → login',
      'claim: api → disk',
      'selector: front → api',
      'ingress: edge → front',
      'route: route → front',
      'scale: scaler → api',
    ])
  })

  it('that cannot be drawn say why', () => {
    const document = documentOf(
      microservice('web', { image: 'a:1', ports: http, uses: [{ name: 'api' }] }),
      microservice('api', { image: 'a:1', ports: http }),
      microservice('worker', { image: 'a:1' }),
      dataSource('cache'),
      plain('v1', 'Service', 'old', { spec: {} }),
    )
    const [web, api, cache] = [msKey('web'), msKey('api'), dsKey('cache')]
    expect(whyNot(document, web, web)).toContain('two ends')
    expect(whyNot(document, web, api)).toBe('web uses api already')
    expect(whyNot(document, web, msKey('worker'))).toContain('no port')
    expect(whyNot(document, cache, api)).toBe('draw it the other way: api is what needs cache')
    expect(whyNot(document, 'Service/shop/old', 'Service/shop/old')).toContain('two ends')
    expect(whyNot(document, cache, 'Service/shop/old')).toBe('a DataSource can be wired to a Secret, not to a Service')
    expect(legalTargets(document, api)).toEqual([web, cache, 'Service/shop/old'])
    expect(wireWarning(document, api, web)).toContain('api → web → api call each other in a circle')
  })

  it('keep the names of variables when they are led elsewhere, and when their end is renamed', () => {
    const document = documentOf(
      microservice('api', { image: 'a:1', bindings: [{ name: 'cache', env: { REDIS: 'uri' } }] }),
      dataSource('cache'),
      dataSource('other'),
    )
    const [wire] = wiresOf(document)
    if (wire === undefined) throw new Error('no wire')
    const led = apply(document, { type: 'reconnect', wire, to: dsKey('other') }).document
    expect(objectOf(led, msKey('api'))).toMatchObject({
      spec: { bindings: [{ name: 'other', prefix: 'CACHE', env: { REDIS: 'uri' } }] },
    })
    const renamed = apply(document, { type: 'renameResource', key: dsKey('cache'), name: 'sessions' }).document
    expect(objectOf(renamed, dsKey('cache'))).toBeUndefined()
    expect(objectOf(renamed, dsKey('sessions'))).toMatchObject({ spec: { type: 'redis' } })
    expect(objectOf(renamed, msKey('api'))).toMatchObject({
      spec: { bindings: [{ name: 'sessions', prefix: 'CACHE' }] },
    })
  })

  it('take along what is said of them when they begin elsewhere, in one step', () => {
    const document = documentOf(
      microservice('web', { image: 'a:1', uses: [{ name: 'api', port: 'http', prefix: 'BACKEND' }] }),
      microservice('shop', { image: 'a:1', bindings: [{ name: 'cache' }] }),
      microservice('api', { image: 'a:1', ports: http, bindings: [{ name: 'cache', env: { REDIS: 'uri' } }] }),
      dataSource('cache'),
    )
    const wires = new Map(wiresOf(document).map((wire) => [`${wire.from} ${wire.kind}`, wire]))
    const [uses, binding] = [wires.get(`${msKey('web')} uses`), wires.get(`${msKey('api')} bindings`)]
    if (uses === undefined || binding === undefined) throw new Error('no wire')
    const { document: led, inverse } = apply(document, { type: 'reconnect', wire: uses, from: msKey('shop') })
    expect(objectOf(led, msKey('shop'))).toMatchObject({
      spec: { uses: [{ name: 'api', port: 'http', prefix: 'BACKEND' }] },
    })
    expect(objectOf(led, msKey('web'))?.['spec']).toEqual({ image: 'a:1' })
    expect(apply(led, inverse).document.staged.size).toBe(0)
    const moved = apply(document, { type: 'reconnect', wire: binding, from: msKey('web') }).document
    expect(objectOf(moved, msKey('web'))).toMatchObject({
      spec: { bindings: [{ name: 'cache', env: { REDIS: 'uri' } }] },
    })
    // What cannot be is refused, and nothing has changed.
    const twice = { type: 'reconnect', wire: binding, from: msKey('shop') } as const
    expect(() => apply(document, twice)).toThrow('shop is bound to cache already')
    expect(() => apply(document, { ...twice, from: dsKey('cache') })).toThrow('two ends')
  })
})
