import { kinds } from '@binnacle/model'
import { describe, expect, it } from 'vitest'
import { apply } from '../src/commands.ts'
import { markComplete } from '../src/document.ts'
import { renameProblem } from '../src/rename-problem.ts'
import { blockingProblems, validate } from '../src/validate.ts'
import { isTransitionRule, rules } from '../src/validate/rules.ts'
import { dataSource, documentOf, dsKey, microservice, msKey, plain } from './support.ts'

const http = { name: 'http', port: 80 }
const complete = ['Microservice.binnacle.dev', 'DataSource.binnacle.dev', 'Service', 'ConfigMap', 'Secret']

function problemsOf(spec: object, ...others: Parameters<typeof documentOf>): string[] {
  const document = markComplete(documentOf(microservice('api', spec), ...others), complete)
  return (validate(document).get(msKey('api')) ?? []).map(({ path, message }) => `${path}: ${message}`)
}

describe('validate', () => {
  it('finds nothing in an object that is right', () => {
    expect(problemsOf({ image: 'a:1', ports: [http], replicas: 2 })).toEqual([])
  })

  it('says what a schema refuses, and what it would take', () => {
    expect(problemsOf({ image: 'a', replicas: -1, serviceType: 'Any', ports: [{ name: 'Http', port: '80' }] })).toEqual(
      [
        'spec.image: Invalid value: "a": an explicit tag or digest is needed, such as shop/api:1.4.2: what runs must be known',
        'spec.replicas: -1 is too small: at least 0',
        'spec.serviceType: Unsupported value: "Any": supported values: "ClusterIP", "NodePort", "LoadBalancer"',
        'spec.ports[0].name: "Http" is not small letters, digits and hyphens, such as my-name',
        'spec.ports[0].port: a whole number is needed',
      ],
    )
  })

  it('says what is missing, repeated, or excludes another', () => {
    expect(problemsOf({ image: 'a:1', storage: [{ name: 'd', path: '/d' }] })).toEqual([
      'spec.storage[0].size: is empty: fill it in',
    ])
    expect(problemsOf({ image: '', storage: [{ name: 'd', path: 'data', size: 'much' }] })).toEqual([
      'spec.image: is empty: fill it in',
      'spec.storage[0].path: "data" is not the whole path of a folder, such as /data',
      'spec.storage[0].size: "much" is not a size, such as 1Gi',
    ])
    expect(problemsOf({ image: 'a:1', env: [{ name: 'A' }, { name: 'A' }] })).toEqual([
      'spec.env[1]: Duplicate value: {"name":"A"}',
    ])
    expect(problemsOf({ image: 'a:1', replicas: 1, autoscaling: { maxReplicas: 3 } })).toEqual([
      'spec.replicas: Forbidden: replicas are set by autoscaling: remove one of the two',
    ])
    expect(problemsOf({ image: 'a:1', ports: [http, { name: 'web', port: 80 }] })).toEqual([
      'spec.ports[1].port: two ports must not have the same number and protocol: choose another number',
    ])
    expect(problemsOf({ image: '' })).toEqual(['spec.image: is empty: fill it in'])
    expect(problemsOf({ image: 'a:1', imag: 'b' })).toEqual([
      'spec.imag: Forbidden: unknown field: it would not be kept',
    ])
  })

  it('has a function for each rule of our schemas', () => {
    const found = new Set<string>()
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      if ('rule' in value && typeof value.rule === 'string') found.add(value.rule)
      Object.values(value).forEach(walk)
    }
    walk(kinds)
    expect([...found].filter((rule) => !isTransitionRule(rule) && !rules.has(rule))).toEqual([])
    expect([...rules.keys()].filter((rule) => !found.has(rule))).toEqual([])
  })

  it('says where wires and references lead nowhere', () => {
    const portless = microservice('worker')
    const env = [
      { name: 'A', valueFrom: { secretKeyRef: { name: 'login', key: 'user' } } },
      { name: 'B', valueFrom: { configMapKeyRef: { name: 'settings', key: 'b' } } },
    ]
    expect(
      problemsOf(
        {
          image: 'a:1',
          uses: [{ name: 'gone' }, { name: 'worker' }],
          bindings: [{ name: 'cache', env: { X: 'user' } }, { name: 'db' }],
          env,
        },
        portless,
        dataSource('cache'),
        plain('v1', 'ConfigMap', 'settings', { data: { a: '1' } }),
      ),
    ).toEqual([
      'spec.uses[0]: there is no service gone: add it, or remove the wire',
      'spec.uses[1]: service worker has no port: add one to it, or remove the wire',
      'spec.bindings[0].env[X]: data source cache (redis) has no key user: choose one of uri, host, port, password',
      'spec.bindings[1]: there is no data source db: add it, or remove the binding',
      'spec.env[A]: there is no Secret login: make it, or remove what reads it',
      'spec.env[B]: ConfigMap settings has no key b: choose one of a',
    ])
  })

  it('says nothing of objects that it may not see', () => {
    const document = documentOf(microservice('api', { image: 'a:1', uses: [{ name: 'gone' }] }))
    expect(validate(document).size).toBe(0)
  })

  it('says which variables, ports and names meet', () => {
    const spec = {
      image: 'a:1',
      ports: [http],
      uses: [{ name: 'web' }],
      bindings: [{ name: 'cache', prefix: 'WEB' }],
      env: [{ name: 'WEB_URL', value: 'x' }],
      sidecars: [{ name: 'proxy', image: 'p:1', ports: [{ name: 'http', port: 80 }] }],
      health: { readiness: { httpGet: { port: 'web' } } },
    }
    expect(
      problemsOf(spec, microservice('web', { image: 'a:1', ports: [http] }), dataSource('cache'), dataSource('api')),
    ).toEqual([
      'metadata.name: there is a DataSource api: both would become the Service api; choose another name',
      'spec.bindings[0].prefix: the wires to web and cache both bring the variable WEB_HOST: give one another prefix',
      'spec.bindings[0].prefix: the wires to web and cache both bring the variable WEB_PORT: give one another prefix',
      'spec.env[0].name: WEB_URL takes the place of the variable that the wire to web brings: choose another name to keep both',
      'spec.sidecars[0].ports[0]: port 80/TCP is taken by the service itself: choose another one',
      'spec.health.readiness.httpGet.port: the service has no port named web: add it to ports, or use a number',
    ])
  })

  it('warns of services that call each other in a circle', () => {
    const ring = ['a', 'b', 'c'].map((name, index, all) =>
      microservice(name, { image: 'x:1', ports: [http], uses: [{ name: all[(index + 1) % 3] ?? '' }] }),
    )
    const problems = validate(documentOf(...ring, microservice('d', { image: 'x:1', uses: [{ name: 'a' }] })))
    expect([...problems.keys()]).toEqual(['a', 'b', 'c'].map(msKey))
    expect(problems.get(msKey('b'))).toMatchObject([{ severity: 'warning', path: 'spec.uses[0]' }])
  })

  it('says what cannot change once it is deployed', () => {
    const { document } = apply(documentOf(dataSource('cache')), {
      type: 'setField',
      key: dsKey('cache'),
      path: 'spec.type',
      value: 'nats',
    })
    expect(blockingProblems(document, validate(document))).toMatchObject([
      { path: 'spec.type', message: expect.stringContaining('cannot change') as string },
    ])
  })

  it('keeps what others need from being deleted', () => {
    const bound = microservice('api', { image: 'a:1', bindings: [{ name: 'cache' }] })
    const removed = (keepWires: boolean): string[] => {
      const before = markComplete(documentOf(bound, dataSource('cache')), complete)
      const { document } = apply(before, { type: 'removeResource', key: dsKey('cache'), keepWires })
      return blockingProblems(document, validate(document)).map(({ key, message }) => `${key}: ${message}`)
    }
    expect(removed(false)).toEqual([])
    expect(removed(true)).toEqual([
      `${dsKey('cache')}: api is still bound to it: remove the wire from api, or discard the deletion`,
    ])
  })
})

describe('renameProblem', () => {
  const document = documentOf(microservice('api', { image: 'a:1' }), microservice('web', {}), dataSource('cache'))

  it('says what is wrong with a name before it is given', () => {
    expect(renameProblem(document, msKey('api'), 'Bad_Name')).toContain('must consist of lower case alphanumeric')
    expect(renameProblem(document, msKey('api'), 'web')).toBe('there is a Microservice web already')
    expect(renameProblem(document, msKey('api'), 'cache')).toContain('choose another name')
    expect(renameProblem(document, msKey('api'), 'orders')).toBeUndefined()
  })
})
