// A real API server over a memory store, reached in process or over HTTP.

import type { Transport } from '@binnacle/api'
import { type ApiServer, createApiServer } from '@binnacle/apiserver'
import { createMemoryStore } from '@binnacle/store'
import { createHttpTransport } from '../../src/http-transport.ts'
import { parseKubeconfig } from '../../src/kubeconfig.ts'

export interface ServerFixture extends AsyncDisposable {
  server: ApiServer
  /** As system:masters. */
  transports: Record<TransportKind, Transport>
  warnings: string[]
}

export type TransportKind = 'in process' | 'over HTTP'

export const transportKinds: readonly TransportKind[] = ['in process', 'over HTTP']

export async function startServer(): Promise<ServerFixture> {
  const store = createMemoryStore()
  const server = await createApiServer({ store })
  const { cluster, user } = await parseKubeconfig(await server.adminKubeconfig()).context()
  const warnings: string[] = []
  const http = createHttpTransport({ cluster, user, onWarning: (text) => warnings.push(text) })
  return {
    server,
    transports: {
      'in process': server.transport({
        username: 'kubernetes-admin',
        groups: ['system:masters', 'system:authenticated'],
      }),
      'over HTTP': http,
    },
    warnings,
    async [Symbol.asyncDispose]() {
      http.close()
      await server.close()
      await store.close()
    },
  }
}
