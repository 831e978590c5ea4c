import { describe, expect, it } from 'vitest'
import { type Command, apply } from '../src/commands.ts'
import { deployEffects } from '../src/deploy-effects.ts'
import { dataSource, documentOf, dsKey, microservice, msKey, plain } from './support.ts'

const http = { name: 'http', port: 80 }
const shop = () =>
  documentOf(
    microservice('web', { image: 'a:1', ports: [http], uses: [{ name: 'api' }], replicas: 2 }),
    microservice('api', {
      image: 'a:1',
      ports: [http],
      bindings: [{ name: 'cache' }],
      envFrom: [{ configMapRef: { name: 'settings' } }],
    }),
    dataSource('cache'),
    plain('v1', 'ConfigMap', 'settings', { data: { a: '1' } }),
  )

function effects(...commands: Command[]): string[] {
  const document = commands.reduce((next, command) => apply(next, command).document, shop())
  return deployEffects(document).map(
    ({ effect, name, problem }) => `${effect} ${name}${problem ? `: ${problem.message}` : ''}`,
  )
}

const set = (key: string, path: string, value: unknown): Command => ({ type: 'setField', key, path, value })

describe('what a deploy does', () => {
  it('tells rolling, scaling and what restarts nothing apart', () => {
    expect(effects(set(msKey('web'), 'spec.image', 'a:2'))).toEqual(['rolls web'])
    expect(effects(set(msKey('web'), 'spec.replicas', 3))).toEqual(['scales web'])
    expect(effects(set(msKey('web'), 'spec.serviceType', 'LoadBalancer'))).toEqual(['updates web'])
    expect(effects(set(dsKey('cache'), 'spec.args', ['--save', '60']))).toEqual(['restarts cache'])
    expect(effects(set(msKey('web'), 'spec.storage', [{ name: 'd', path: '/d', size: '1Gi' }]))).toEqual([
      'restarts web',
    ])
    expect(effects(set(msKey('web'), 'spec.rollout.type', 'Recreate'), set(msKey('web'), 'spec.image', 'a:2'))).toEqual(
      ['restarts web'],
    )
  })

  it('names what is not edited itself and rolls all the same', () => {
    expect(effects(set(msKey('api'), 'spec.ports[http].port', 81))).toEqual(['rolls api', 'rolls web'])
    expect(effects(set('ConfigMap/shop/settings', 'data.a', '2'))).toEqual(['rolls api', 'updates settings'])
  })

  it('names what is made and deleted, and what cannot be said', () => {
    expect(effects({ type: 'addResource', object: microservice('new') })).toEqual(['creates new'])
    expect(effects({ type: 'removeResource', key: dsKey('cache') })).toEqual(['deletes cache', 'rolls api'])
    expect(effects({ type: 'removeResource', key: dsKey('cache'), keepWires: true })).toEqual(['deletes cache'])
    expect(effects(set(msKey('web'), 'spec.uses[gone]', { name: 'gone' }))).toEqual([
      'nothing web: there is no service gone: add it, or remove the wire',
    ])
  })
})
