// Puts the API server together: store, rows, authorization, system objects, HTTP. The composition root calls this, and
// tests do.

import { join } from 'node:path'
import { type Clock, type ResourceRequest, type Transport, type UserInfo, systemClock } from '@binnacle/api'
import type { Store } from '@binnacle/store'
import { defaultPlugins } from './admission/index.ts'
import { Authorizer } from './auth/authorizer.ts'
import { rbacEscalation } from './auth/escalation.ts'
import { startRoleAggregation } from './auth/role-aggregation.ts'
import { RuleIndex } from './auth/rule-index.ts'
import { ServiceAccountTokens } from './auth/tokens.ts'
import { StoreBackend } from './backend.ts'
import { apiServices, startApiServices } from './bootstrap/api-services.ts'
import { ensureSystemObjects } from './bootstrap/system-objects.ts'
import { builtinConversions } from './conversion.ts'
import { installCustomResources } from './custom/index.ts'
import { dispatch } from './dispatch.ts'
import type { DispatchContext } from './dispatch-context.ts'
import type { HealthCheck } from './http/health.ts'
import { type InFlightLimits, upstreamLimits } from './http/in-flight.ts'
import { Metrics } from './http/metrics.ts'
import { createPaths } from './http/paths.ts'
import { HttpServer, type RequestLogEntry } from './http/server.ts'
import { createLocalTransport, resultOf } from './local-transport.ts'
import { type ClientRequest, type KeyPair, type Pki, openPki } from './pki.ts'
import { Registry } from './registry.ts'
import { strategies } from './strategies/index.ts'
import { createConnector } from './streaming/index.ts'
import { firstAddress } from './service-range.ts'

export interface ApiServerOptions {
  store: Store
  clock?: Clock
  /** Where keys are kept; without it they last as long as the process. */
  dataDirectory?: string
  /** 0: any free port. */
  port?: number
  /** Loopback unless asked otherwise. */
  host?: string
  /** Names and addresses besides loopback under which the server is reached. */
  names?: readonly string[]
  /** CIDR of Service addresses. */
  serviceClusterIPRange?: string
  limits?: InFlightLimits
  log?: (entry: RequestLogEntry) => void
  onError?: (error: unknown) => void
}

export interface ApiServer {
  readonly url: string
  readonly port: number
  /** PEM. */
  readonly caCertificate: string
  readonly serviceClusterIPRange: string
  /** In-process client, acting as `user`; its groups are those of a service account where the name is one. */
  transport(user: string | UserInfo): Transport
  issueClientCertificate(user: string, groups?: readonly string[]): Promise<KeyPair>
  issueServingCertificate(commonName: string, names: readonly string[]): Promise<KeyPair>
  /** A client certificate (PEM) for what a PKCS #10 request asks for. Throws where its signature is wrong. */
  signClientRequest(request: ClientRequest): Promise<string>
  /** A kubeconfig (YAML) with a client certificate of system:masters. */
  adminKubeconfig(): Promise<string>
  close(): Promise<void>
}

const defaultRange = '127.96.0.0/16'
const issuer = 'https://kubernetes.default.svc.cluster.local'
const loopbackNames = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  '127.0.0.1',
  '::1',
]

export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, clock = systemClock, host = '127.0.0.1', serviceClusterIPRange = defaultRange } = options
  const onError = options.onError ?? (() => undefined)
  const serviceIP = firstAddress(serviceClusterIPRange)
  const names = [...loopbackNames, serviceIP, ...(options.names ?? [])]
  const pki = await openPki({
    names,
    now: clock.now(),
    ...(options.dataDirectory === undefined ? {} : { directory: join(options.dataDirectory, 'pki') }),
  })

  const registry = new Registry(builtinConversions)
  const backend = new StoreBackend({ store, clock, registry, serviceClusterIPRange })
  const tokens = new ServiceAccountTokens({ privateKey: pki.serviceAccountKey, issuer, clock, reader: backend })
  const authorizer = new Authorizer(new RuleIndex(store), tokens)
  const context: DispatchContext = {
    engine: {
      backend,
      plugins: [...defaultPlugins(), rbacEscalation(authorizer)],
      strategies: { ...strategies, 'apiservices.apiregistration.k8s.io': apiServices },
    },
    registry,
    authorizer,
  }
  backend.connect(
    async <T>(request: ResourceRequest, user: UserInfo) =>
      resultOf(await dispatch(context, request, { user, userAgent: user.username })) as T,
    tokens,
  )
  installCustomResources(backend, registry)

  const metrics = new Metrics(() => storedObjects(store, registry))
  const kubeletClient = await pki.issueClient('kube-apiserver-kubelet-client', ['system:masters'])
  const connector = createConnector({ reader: backend, kubeletClient: { ...kubeletClient, ca: pki.ca.certificate } })
  const readiness = { systemObjects: false, isClosing: false }
  const http = new HttpServer({
    context,
    tls: { key: pki.serving.key, cert: pki.serving.certificate, ca: pki.ca.certificate },
    connector,
    paths: createPaths({ registry, metrics, tokens, checks: healthChecks(store, readiness) }),
    metrics,
    limits: options.limits ?? upstreamLimits,
    hosts: new Set(names),
    log: options.log ?? (() => undefined),
    onError,
  })
  const port = await http.listen(options.port ?? 0, host)
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}`
  // Together, so that they share a commit.
  const [stopApiServices] = await Promise.all([
    startApiServices({ store, registry, clock, onError }),
    ensureSystemObjects({
      store,
      registry,
      clock,
      serviceIP,
      serviceClusterIPRange,
      endpoint: { address: host, port },
      clientCa: pki.ca.certificate,
    }),
  ])
  const stopAggregation = await startRoleAggregation(store, onError)
  readiness.systemObjects = true

  return {
    url,
    port,
    caCertificate: pki.ca.certificate,
    serviceClusterIPRange,
    transport: (user) => createLocalTransport(context, typeof user === 'string' ? namedUser(user) : user),
    issueClientCertificate: (user, groups) => pki.issueClient(user, groups),
    issueServingCertificate: (commonName, servingNames) => pki.issueServing(commonName, servingNames),
    signClientRequest: (request) => pki.signClientRequest(request),
    adminKubeconfig: () => kubeconfig(pki, url),
    async close() {
      readiness.isClosing = true
      stopAggregation()
      stopApiServices()
      connector.close()
      metrics.close()
      await http.close()
    },
  }
}

/** The groups that authentication would give a user of this name. */
function namedUser(username: string): UserInfo {
  const [, namespace] = /^system:serviceaccount:([^:]+):/.exec(username) ?? []
  if (namespace !== undefined) {
    return {
      username,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    }
  }
  const isNode = username.startsWith('system:node:')
  return { username, groups: isNode ? ['system:nodes', 'system:authenticated'] : ['system:authenticated'] }
}

function* storedObjects(store: Store, registry: Registry): Iterable<readonly [string, number]> {
  for (const { info, isStorageVersion } of registry.all()) {
    if (isStorageVersion && info.verbs.includes('list')) yield [info.storageKey, store.count(`${info.storageKey}/`)]
  }
}

function healthChecks(
  store: Store,
  readiness: { systemObjects: boolean; isClosing: boolean },
): Record<string, HealthCheck[]> {
  const fine = (name: string): HealthCheck => ({ name, problem: () => undefined })
  const storage: HealthCheck = {
    name: 'etcd',
    problem: () => (store.revision >= 0 ? undefined : 'the store does not answer'),
  }
  const started: HealthCheck = {
    name: 'poststarthook/rbac/bootstrap-roles',
    problem: () => (readiness.systemObjects ? undefined : 'not finished'),
  }
  const live = [fine('ping'), fine('log'), storage, started]
  return {
    livez: live,
    healthz: live,
    readyz: [
      ...live,
      { name: 'shutdown', problem: () => (readiness.isClosing ? 'process is shutting down' : undefined) },
    ],
  }
}

async function kubeconfig(pki: Pki, url: string): Promise<string> {
  const admin = await pki.issueClient('kubernetes-admin', ['system:masters'])
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    '- name: binnacle',
    '  cluster:',
    `    server: ${url}`,
    `    certificate-authority-data: ${base64(pki.ca.certificate)}`,
    'users:',
    '- name: binnacle-admin',
    '  user:',
    `    client-certificate-data: ${base64(admin.certificate)}`,
    `    client-key-data: ${base64(admin.key)}`,
    'contexts:',
    '- name: binnacle',
    '  context:',
    '    cluster: binnacle',
    '    user: binnacle-admin',
    'current-context: binnacle',
    '',
  ].join('\n')
}
