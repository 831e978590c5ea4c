// A Compose file as Microservices and DataSources (compose-spec). Services whose image is a database that we know become
// DataSources; `depends_on` and variables that name them become wires.

import type { Unstructured } from '@binnacle/api'
import {
  type Binding,
  type DataSourceSpec,
  type DataSourceType,
  type MicroserviceSpec,
  type Use,
  apiVersion,
} from '@binnacle/model'
import { isRecord } from '../schemas.ts'
import { namedServices } from '../wires/service-names.ts'
import {
  type Fields,
  type Report,
  composeHealth,
  composePorts,
  composeResources,
  environmentOf,
  scalarText,
  words,
} from './compose-fields.ts'
import { composeScratch, composeSecurity, isTmpfs, securityFields } from './compose-security.ts'
import type { ImportPlace, Imported, Unmapped } from './import-resources.ts'
import { defined } from './defined.ts'
import { belonging } from './manifests.ts'

/** Images of the databases that we run, by the last part of their names. */
const dataSourceTypes: ReadonlyMap<string, DataSourceType> = new Map([
  ['postgres', 'postgresql'],
  ['postgresql', 'postgresql'],
  ['postgis', 'postgresql'],
  ['mysql', 'mysql'],
  ['mariadb', 'mysql'],
  ['mongo', 'mongodb'],
  ['mongodb', 'mongodb'],
  ['redis', 'redis'],
  ['valkey', 'redis'],
  ['nats', 'nats'],
  ['minio', 's3'],
])

/** Images that we run ourselves under this name; any other is kept as the image of the data source. */
const usualImages: ReadonlySet<string> = new Set(['postgres', 'mysql', 'mongo', 'redis', 'nats'])

export function importCompose(file: Fields, place: ImportPlace): Imported {
  const unmapped: Unmapped[] = []
  const importer = new ComposeImport(file, place, unmapped)
  const objects = importer.objects()
  for (const name of Object.keys(file))
    if (!['services', 'version', 'name', 'volumes', 'configs', 'secrets'].includes(name) && !name.startsWith('x-'))
      unmapped.push({ path: name, why: reasons[name] ?? 'it has no counterpart here' })
  return { objects, unmapped }
}

const reasons: Readonly<Record<string, string>> = {
  networks: 'all services of a namespace reach each other; set access: Wired to let only wired ones in',
  include: 'import the files that it names one by one',
  container_name: 'pods are named by their service',
  restart: 'what ends is always started again',
  stdin_open: 'services have no terminal',
  tty: 'services have no terminal',
  privileged: 'a Microservice has no privileges: use a plain Deployment',
  network_mode: 'pods have a network of their own',
  networks_service: 'all services of a namespace reach each other',
  extra_hosts: 'make a Service or a DataSource with an external address',
  links: 'services are reached by their names',
  profiles: 'each service is imported: remove those that are not wanted',
  platform: 'the image of the machine is taken',
  develop: 'use a build source',
  logging: 'the output of each replica is kept',
  hostname: 'pods are named by their service',
  working_dir: 'a Microservice has no working directory: set it in the image',
}

/** Fields that are mapped, or that mean nothing more here. */
const mapped: ReadonlySet<string> = new Set([
  'image',
  'build',
  'ports',
  'expose',
  'environment',
  'env_file',
  'depends_on',
  'volumes',
  'healthcheck',
  'deploy',
  'command',
  'entrypoint',
  'secrets',
  'configs',
  'scale',
  'stop_grace_period',
  'restart',
  'container_name',
  'networks',
  'links',
  'pull_policy',
  'init',
  ...securityFields,
])

class ComposeImport {
  readonly #file: Fields
  readonly #place: ImportPlace
  readonly #unmapped: Unmapped[]
  readonly #names = new Map<string, string>()
  readonly #types = new Map<string, DataSourceType>()

  constructor(file: Fields, place: ImportPlace, unmapped: Unmapped[]) {
    this.#file = file
    this.#place = place
    this.#unmapped = unmapped
    for (const [name, service] of this.#services) {
      this.#names.set(name, labelOf(name))
      const type = dataSourceTypes.get(imageName(service['image']))
      if (type !== undefined && service['build'] === undefined) this.#types.set(name, type)
    }
  }

  get #services(): [string, Fields][] {
    const { services } = this.#file
    return Object.entries(isRecord(services) ? services : {}).filter((entry): entry is [string, Fields] =>
      isRecord(entry[1]),
    )
  }

  objects(): Unstructured[] {
    return [
      ...this.#services.map(([name, service]) => {
        const path = `services.${name}`
        const label = this.#names.get(name) ?? name
        if (label !== name)
          this.#report(path, `it is called ${label} here: names have small letters, digits and dashes`)
        for (const field of Object.keys(service))
          if (!mapped.has(field) && !field.startsWith('x-'))
            this.#report(`${path}.${field}`, reasons[field] ?? 'it has no counterpart here')
        const type = this.#types.get(name)
        return type === undefined
          ? this.#microservice(label, service, path)
          : this.#dataSource(label, service, { path, type })
      }),
      ...this.#sharedObjects('configs', 'ConfigMap'),
      ...this.#sharedObjects('secrets', 'Secret'),
    ].map((object) => belonging(object, this.#place))
  }

  readonly #report: Report = (path, why) => {
    this.#unmapped.push({ path, why })
  }

  #dataSource(name: string, service: Fields, { path, type }: { path: string; type: DataSourceType }): Unstructured {
    const environment = environmentOf(service, `${path}.environment`, () => undefined)
    const image = typeof service['image'] === 'string' ? service['image'] : ''
    const tag = /:([A-Za-z0-9_][\w.-]*)$/.exec(image)?.[1]
    const isUsual = usualImages.has(image.replace(/:.*$/, ''))
    const database = ['POSTGRES_DB', 'MYSQL_DATABASE', 'MARIADB_DATABASE', 'MONGO_INITDB_DATABASE']
      .map((one) => environment.get(one))
      .find(Boolean)
    const username = ['POSTGRES_USER', 'MYSQL_USER', 'MARIADB_USER', 'MONGO_INITDB_ROOT_USERNAME']
      .map((one) => environment.get(one))
      .find(Boolean)
    for (const variable of environment.keys())
      if (!/_(?:DB|DATABASE|USER|USERNAME)$/.test(variable))
        this.#report(
          `${path}.environment.${variable}`,
          /PASS|SECRET|KEY/.test(variable) ? 'credentials are generated here' : 'a DataSource has no variables',
        )
    for (const field of [
      'ports',
      'healthcheck',
      'command',
      'entrypoint',
      'deploy',
      'env_file',
      'secrets',
      'configs',
      'depends_on',
      ...securityFields,
    ])
      if (service[field] !== undefined)
        this.#report(
          `${path}.${field}`,
          field === 'healthcheck' || field === 'ports' ? 'a DataSource brings its own' : 'a DataSource has none',
        )
    const hasVolume = Array.isArray(service['volumes']) && service['volumes'].length > 0
    if (hasVolume) this.#report(`${path}.volumes`, 'its data are kept on a new disk of 1Gi: copy them over')
    const spec: DataSourceSpec = defined({
      type,
      ...(isUsual ? { version: tag === 'latest' ? undefined : tag } : { image }),
      database,
      username: username === 'root' ? undefined : username,
      storage: hasVolume ? { size: '1Gi' } : undefined,
    })
    return { apiVersion, kind: 'DataSource', metadata: { name }, spec }
  }

  #microservice(name: string, service: Fields, path: string): Unstructured {
    const environment = environmentOf(service, `${path}.environment`, this.#report)
    for (const file of [service['env_file']].flat())
      if (file !== undefined)
        this.#report(
          `${path}.env_file`,
          `the variables of ${scalarText(isRecord(file) ? file['path'] : file)} are not here: make a ConfigMap of them and add it to envFrom`,
        )
    const { uses, bindings } = this.#wires(service, environment)
    const { build, image } = this.#source(name, service, path)
    const { replicas, resources } = composeResources(service, path, this.#report)
    const ports = composePorts(service, `${path}.ports`, this.#report)
    const files = this.#files(service, path)
    const storage = this.#storage(service, `${path}.volumes`)
    const scratch = composeScratch(service, path, this.#report)
    const health = composeHealth(service['healthcheck'], `${path}.healthcheck`, this.#report)
    const spec: MicroserviceSpec = defined({
      image,
      build,
      command: words(service['entrypoint']),
      args: words(service['command']),
      ports: ports.length === 0 ? undefined : ports,
      serviceType:
        Array.isArray(service['ports']) && service['ports'].length > 0 ? ('LoadBalancer' as const) : undefined,
      env:
        environment.size === 0 ? undefined : [...environment].map(([variable, value]) => ({ name: variable, value })),
      files: files.length === 0 ? undefined : files,
      uses: uses.length === 0 ? undefined : uses,
      bindings: bindings.length === 0 ? undefined : bindings,
      replicas,
      health: health === undefined ? undefined : { readiness: health },
      resources,
      storage: storage.length === 0 ? undefined : storage,
      scratch: scratch.length === 0 ? undefined : scratch,
      securityContext: composeSecurity(service, path, this.#report),
    })
    return { apiVersion, kind: 'Microservice', metadata: { name }, spec }
  }

  #source(name: string, { build, image }: Fields, path: string): Pick<MicroserviceSpec, 'build' | 'image'> {
    if (typeof build === 'string') return { build: { context: build } }
    if (isRecord(build)) {
      for (const field of Object.keys(build))
        if (field !== 'context')
          this.#report(`${path}.build.${field}`, 'a build source has a context only: say it in its Dockerfile')
      return { build: { context: typeof build['context'] === 'string' ? build['context'] : '.' } }
    }
    if (typeof image !== 'string') {
      this.#report(path, 'it has neither image nor build')
      return {}
    }
    if (!/[:@][^/]+$/.test(image) || image.endsWith(':latest'))
      this.#report(`${path}.image`, `${image} has no explicit tag: choose one before ${name} is deployed`)
    return { image }
  }

  /** What it depends on, and what its variables name. */
  #wires(service: Fields, environment: ReadonlyMap<string, string>): { uses: Use[]; bindings: Binding[] } {
    const depends = service['depends_on']
    const named = new Set<string>(
      Array.isArray(depends) ? depends.map(String) : Object.keys(isRecord(depends) ? depends : {}),
    )
    for (const [variable, value] of environment)
      for (const target of namedServices({ variable, value, namespace: '' }))
        if ('name' in target) named.add(target.name)
    const known = [...named].flatMap((name) => {
      const label = this.#names.get(name)
      return label === undefined ? [] : [{ name, label }]
    })
    const bindings = known.filter(({ name }) => this.#types.has(name)).map(({ label }) => ({ name: label }))
    const reachable = new Map(
      this.#services.map(([name, one]) => [name, composePorts(one, '', () => undefined).length > 0]),
    )
    const uses = known
      .filter(({ name }) => !this.#types.has(name) && reachable.get(name) === true)
      .map(({ label }) => ({ name: label }))
    for (const { name } of known)
      if (!this.#types.has(name) && reachable.get(name) !== true)
        this.#report(`services.${name}`, 'what depends on it is not wired to it: it has no port')
    return { uses, bindings }
  }

  #storage(service: Fields, path: string): NonNullable<MicroserviceSpec['storage']> {
    const volumes = Array.isArray(service['volumes']) ? (service['volumes'] as unknown[]) : []
    return volumes.flatMap((volume, index) => {
      if (isTmpfs(volume)) return []
      const [source, target] =
        typeof volume === 'string'
          ? volume.split(':')
          : isRecord(volume)
            ? [volume['source'], volume['target']].map((one) => (one === undefined ? undefined : scalarText(one)))
            : []
      const at = `${path}[${index}]`
      if (source === undefined || target === undefined) {
        this.#report(at, 'a volume without a name is not kept')
        return []
      }
      if (/^[./~]/.test(source)) {
        this.#report(at, `${source} is a folder of that machine: put the files into the image, or into spec.files`)
        return []
      }
      this.#report(at, `it becomes a new disk of 1Gi for each replica: copy the data of ${source} over`)
      return [{ name: labelOf(source), path: target, size: '1Gi' }]
    })
  }

  #files(service: Fields, path: string): NonNullable<MicroserviceSpec['files']> {
    const of = (field: 'configs' | 'secrets'): NonNullable<MicroserviceSpec['files']> => {
      const list = Array.isArray(service[field]) ? (service[field] as unknown[]) : []
      return list.flatMap((item, index) => {
        const source = typeof item === 'string' ? item : isRecord(item) ? scalarText(item['source']) : undefined
        if (source === undefined) {
          this.#report(`${path}.${field}[${index}]`, 'it names no source')
          return []
        }
        const target = isRecord(item) && typeof item['target'] === 'string' ? item['target'] : source
        const usual = field === 'secrets' ? `/run/secrets/${target}` : `/${target}`
        const selector = { name: labelOf(source), key: source }
        return [
          {
            path: target.startsWith('/') ? target : usual,
            ...(field === 'configs' ? { configMap: selector } : { secret: selector }),
          },
        ]
      })
    }
    return [...of('configs'), ...of('secrets')]
  }

  /** Top-level configs and secrets: with content they become objects, others have to be made. */
  #sharedObjects(field: 'configs' | 'secrets', kind: 'ConfigMap' | 'Secret'): Unstructured[] {
    const all = this.#file[field]
    return Object.entries(isRecord(all) ? all : {}).flatMap(([name, source]) => {
      const content = isRecord(source) ? source['content'] : undefined
      if (typeof content !== 'string') {
        this.#report(
          `${field}.${name}`,
          `its content is not in the file: make the ${kind} ${labelOf(name)} with the key ${name}`,
        )
        return []
      }
      const data = kind === 'Secret' ? { stringData: { [name]: content } } : { data: { [name]: content } }
      return [{ apiVersion: 'v1', kind, metadata: { name: labelOf(name) }, ...data }]
    })
  }
}

function imageName(image: unknown): string {
  if (typeof image !== 'string') return ''
  return (
    (image.split('@')[0] ?? '')
      .replace(/:[^/:]*$/, '')
      .split('/')
      .at(-1) ?? ''
  )
}

/** A name as DNS has them. */
function labelOf(name: string): string {
  const label = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '')
  return label === '' ? 'service' : label
}
