// The request path over a memory store, without HTTP and with everybody allowed.

import { type KubeObject, type ResourceRequest, type UserInfo, systemClock } from '@binnacle/api'
import { createMemoryStore } from '@binnacle/store'
import { defaultPlugins } from '../src/admission/index.ts'
import type { Authorizer } from '../src/auth/authorizer.ts'
import { StoreBackend } from '../src/backend.ts'
import { installCustomResources } from '../src/custom/index.ts'
import { dispatch } from '../src/dispatch.ts'
import { Registry } from '../src/registry.ts'
import { strategies } from '../src/strategies/index.ts'

const admin: UserInfo = { username: 'admin', groups: ['system:masters'] }

export interface EngineFixture {
  send: <T = KubeObject>(request: ResourceRequest) => Promise<T>
  backend: StoreBackend
  registry: Registry
}

export async function startEngine(): Promise<EngineFixture> {
  const registry = new Registry()
  const backend = new StoreBackend({
    store: createMemoryStore(),
    clock: systemClock,
    registry,
    serviceClusterIPRange: '127.96.0.0/16',
  })
  const engine = { backend, strategies, plugins: defaultPlugins() }
  const authorizer = { require: () => undefined } as unknown as Authorizer
  const send = async <T>(request: ResourceRequest, user = admin): Promise<T> => {
    const outcome = await dispatch({ engine, registry, authorizer }, request, { user, userAgent: 'test/1' })
    return (outcome.type === 'object' ? outcome.item.object : outcome) as T
  }
  backend.connect(send, undefined as never)
  installCustomResources(backend, registry)
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } }
  await send({ verb: 'create', group: '', version: 'v1', resource: 'namespaces', body: namespace })
  return { send, backend, registry }
}
