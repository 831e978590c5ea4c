// A DataSource as plain objects: the Service Binding Secret, and what runs it where it runs here.

import type { Container, KubeObject, Secret, Service, StatefulSet } from '@binnacle/api'
import { componentLabel, configHashAnnotation, partOfLabel, restartedAtAnnotation } from '../group.ts'
import type { DataSource } from '../kinds/data-source.ts'
import type { Credentials, RenderContext, ServiceAddress } from './context.ts'
import { type DataSourceEngine, type Program, bindingSecretName, engineOf } from './engines.ts'
import { defined, objectLabels, ownedName, selectorLabels } from './names.ts'
import { RenderError } from './render-error.ts'
import { addressOf } from './wires.ts'

/** @throws RenderError where the context does not say what the data source needs */
export function renderDataSource(source: DataSource, context: RenderContext): KubeObject[] {
  const engine = engineOf(source.spec.type)
  if (source.spec.external !== undefined || engine === undefined)
    return [externalServiceOf(source, context), bindingSecretOf(source, context)].filter(
      (object) => object !== undefined,
    )
  return [
    serviceOf(source, engine, context),
    headlessServiceOf(source, engine, context),
    bindingSecretOf(source, context),
    statefulSetOf(source, engine, context),
  ].filter((object) => object !== undefined)
}

/** The Services alone: what others need of a data source before it can be rendered whole. */
export function dataSourceServices(source: DataSource, context: RenderContext): KubeObject[] {
  const engine = engineOf(source.spec.type)
  return source.spec.external !== undefined || engine === undefined ? [] : [serviceOf(source, engine, context)]
}

/** Host and port that clients of the data source use; undefined while the address of its Service is not known. */
export function dataSourceAddress(source: DataSource, context: RenderContext): ServiceAddress | undefined {
  const { external, type } = source.spec
  const usual = engineOf(type)?.port ?? (external?.tls === false ? 80 : 443)
  if (external !== undefined) return { host: external.host, port: external.port ?? usual }
  return addressOf({ namespace: context.namespace, name: nameOf(source), port: usual }, context)
}

/** What the binding Secret says (servicebinding.io): plain keys, and one `uri` with all of it. */
export function bindingData(
  source: DataSource,
  { host, port }: ServiceAddress,
  credentials: Credentials | undefined,
): Record<string, string> {
  const { type, external } = source.spec
  const engine = engineOf(type)
  const keys = engine?.keys ?? ['username', 'password']
  const database = keys.includes('database') ? dataSourceDatabase(source) : undefined
  const username = keys.includes('username') ? credentials?.username : undefined
  const password = credentials?.password
  const user = encodeURIComponent(username ?? '')
  const login = password === undefined || type === 's3' ? '' : `${user}:${encodeURIComponent(password)}@`
  const tls = external?.tls === true
  const scheme = type === 'http' ? (external?.tls === false ? 'http' : 'https') : schemeOf(engine, tls)
  const path = type === 'http' ? (external?.path ?? '') : type === 's3' || database === undefined ? '' : `/${database}`
  const query = type === 'mongodb' && password !== undefined ? '?authSource=admin' : ''
  return defined({
    type,
    provider: external === undefined ? 'binnacle' : 'external',
    host,
    port: String(port),
    username,
    password,
    database,
    uri: `${scheme}://${login}${host}:${port}${path}${query}`,
  }) as Record<string, string>
}

function schemeOf(engine: DataSourceEngine | undefined, tls: boolean): string {
  const scheme = engine?.scheme ?? 'https'
  if (!tls) return scheme
  return scheme === 'redis' ? 'rediss' : scheme === 'http' ? 'https' : scheme
}

function nameOf({ metadata }: DataSource): string {
  return metadata.name ?? ''
}

/** Letters that the name of a bucket has at least. */
const shortestBucket = 3

/** Name of the database or bucket in the binding. */
export function dataSourceDatabase(source: DataSource): string {
  const { database, type } = source.spec
  const name = nameOf(source)
  if (database !== undefined) return database
  // Buckets are hosts, databases are identifiers.
  if (type === 's3') return name.length < shortestBucket ? `${name}-bucket` : name
  return name.replaceAll('-', '_')
}

function meta(source: DataSource, { namespace }: RenderContext, name = nameOf(source)): KubeObject['metadata'] {
  const labels = {
    ...objectLabels(nameOf(source), source.metadata.labels?.[partOfLabel]),
    [componentLabel]: source.spec.type,
  }
  return { name, namespace, labels }
}

/** A data source elsewhere has a name in the cluster also: an ExternalName. */
function externalServiceOf(source: DataSource, context: RenderContext): Service | undefined {
  const host = source.spec.external?.host
  // ExternalName is a DNS name; an address has none.
  if (host === undefined || /^[\d.]+$|:/.test(host)) return undefined
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(source, context),
    spec: { type: 'ExternalName', externalName: host },
  }
}

function bindingSecretOf(source: DataSource, context: RenderContext): Secret | undefined {
  const credentials = context.credentials?.get(nameOf(source))
  const { external } = source.spec
  const needsLogin = external === undefined || external.credentialsSecret !== undefined
  if (needsLogin && credentials === undefined) return undefined
  const address = dataSourceAddress(source, context)
  if (address === undefined) return undefined
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: meta(source, context, bindingSecretName(nameOf(source))),
    type: `servicebinding.io/${source.spec.type}`,
    // Not stringData: the server keeps `data` only, and what is applied must be what is kept.
    data: Object.fromEntries(
      Object.entries(bindingData(source, address, credentials)).map(([key, value]) => [key, base64(value)]),
    ),
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}

function serviceOf(source: DataSource, engine: DataSourceEngine, context: RenderContext): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(source, context),
    spec: {
      type: 'ClusterIP',
      selector: selectorLabels(nameOf(source)),
      ports: [{ name: source.spec.type, port: engine.port, targetPort: source.spec.type, protocol: 'TCP' }],
    },
  }
}

function headlessServiceOf(source: DataSource, engine: DataSourceEngine, context: RenderContext): Service {
  const { spec } = serviceOf(source, engine, context)
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(source, context, ownedName(nameOf(source), 'pods')),
    spec: { clusterIP: 'None', selector: selectorLabels(nameOf(source)), ports: spec?.ports ?? [] },
  }
}

function statefulSetOf(source: DataSource, engine: DataSourceEngine, context: RenderContext): StatefulSet {
  const { spec } = source
  const labels = { ...objectLabels(nameOf(source), source.metadata.labels?.[partOfLabel]), [componentLabel]: spec.type }
  const restartedAt = source.metadata.annotations?.[restartedAtAnnotation]
  const revision = context.revisions?.get(`Secret/${bindingSecretName(nameOf(source))}`)
  const annotations = defined({ [configHashAnnotation]: revision, [restartedAtAnnotation]: restartedAt })
  const container =
    context.programImage === undefined ? imageContainer(source, engine) : programContainer(source, engine, context)
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: meta(source, context),
    spec: defined({
      replicas: 1,
      serviceName: ownedName(nameOf(source), 'pods'),
      selector: { matchLabels: selectorLabels(nameOf(source)) },
      template: {
        metadata: {
          labels,
          ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
        },
        spec: {
          containers: [container],
          ...(spec.storage === undefined ? { volumes: [{ name: 'data', emptyDir: {} }] } : {}),
        },
      },
      ...(spec.storage === undefined
        ? {}
        : {
            volumeClaimTemplates: [
              {
                apiVersion: 'v1',
                kind: 'PersistentVolumeClaim',
                metadata: { name: 'data' },
                spec: defined({
                  accessModes: ['ReadWriteOnce'],
                  storageClassName: spec.storage.storageClassName,
                  resources: { requests: { storage: spec.storage.size } },
                }),
              },
            ],
          }),
    }),
  }
}

function fromBinding(source: DataSource, variables: Readonly<Record<string, string>>): NonNullable<Container['env']> {
  return Object.entries(variables).map(([name, key]) => ({
    name,
    valueFrom: { secretKeyRef: { name: bindingSecretName(nameOf(source)), key } },
  }))
}

function imageContainer(source: DataSource, engine: DataSourceEngine): Container {
  const { spec } = source
  const args = [...(engine.args ?? []), ...(spec.args ?? [])]
  return defined({
    name: spec.type,
    image: spec.image ?? engine.image(spec.version ?? engine.version),
    ...(args.length > 0 ? { args } : {}),
    env: fromBinding(source, engine.env),
    ports: [{ name: spec.type, containerPort: engine.port }],
    volumeMounts: [{ name: 'data', mountPath: engine.data }],
    readinessProbe: {
      ...(engine.ready === undefined ? { tcpSocket: { port: spec.type } } : { exec: { command: [...engine.ready] } }),
      periodSeconds: 2,
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: spec.resources,
  })
}

/** Where programs find their data: a folder that no machine has, so that nothing of its own is covered. */
const programData = '/data'

/** The program of this machine, in an image that holds nothing: the process runtime runs it as it is. */
function programContainer(
  source: DataSource,
  engine: DataSourceEngine,
  { programImage, programs }: RenderContext,
): Container {
  const { spec } = source
  const program = engine.programs.find(({ name, needs = [] }) => [name, ...needs].every((one) => programs?.has(one)))
  if (program === undefined)
    throw new RenderError(
      'spec.type',
      'ProgramNotFound',
      `${engine.title} is not installed on this machine: install ${engine.programs.map(sourceOf).join(', or ')}, or set spec.external`,
    )
  const { name, needs = [], script } = program
  const paths = needs.map((one) => ({ name: one.toUpperCase(), value: `${programs?.get(one)}/${one}` }))
  const variables = Object.fromEntries([...engine.keys].map((key) => [key.toUpperCase(), key] as const))
  return defined({
    name: spec.type,
    image: programImage ?? '',
    command: ['/bin/sh', '-c', script],
    args: [name, ...(spec.args ?? [])],
    env: [
      { name: 'BIN', value: programs?.get(name) ?? '' },
      ...paths,
      { name: 'DATA', value: programData },
      ...fromBinding(source, variables),
    ],
    ports: [{ name: spec.type, containerPort: engine.port }],
    volumeMounts: [{ name: 'data', mountPath: programData }],
    readinessProbe: { tcpSocket: { port: spec.type }, periodSeconds: 1 },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: spec.resources,
  })
}

/** `mongod and mongosh (macOS: brew install …; elsewhere: …)`. */
function sourceOf({ name, needs = [], source: { debian, homebrew, elsewhere } }: Program): string {
  const ways = [
    debian === undefined ? [] : [`Debian, Ubuntu: apt install ${debian}`],
    homebrew === undefined ? [] : [`macOS: brew install ${homebrew}`],
    elsewhere === undefined ? [] : [homebrew === undefined ? elsewhere : `elsewhere: ${elsewhere}`],
  ].flat()
  return `${[name, ...needs].join(' and ')} (${ways.join('; ')})`
}
