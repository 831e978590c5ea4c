// The data sources that can be run here: image, port, credentials and what a client needs to know. One row a type.

import type { DataSourceSpec, DataSourceType } from '../kinds/data-source.ts'
import { programScripts } from './program-scripts.ts'

/** How a data source is run from a program that this machine has. */
export interface Program {
  /** Found on the PATH, or in one of the folders, in which `*` stands for a version. */
  name: string
  folders: readonly string[]
  /** Programs that its script calls beside it, found likewise. */
  needs?: readonly string[]
  /** Package or page that brings it; `elsewhere` where Debian has none. */
  source: { debian?: string; homebrew?: string; elsewhere?: string }
  /**
   * Shell script that runs it in the foreground. Variables: PORT to listen on, DATA for the data, DATABASE, USERNAME and
   * PASSWORD, BIN for the folder of the program, and the path of each program that it needs, under its name in capitals;
   * its arguments go to the program. It listens on loopback only, and takes the password from the binding at each start.
   * Passwords never stand on a command line.
   */
  script: string
}

export interface DataSourceEngine {
  title: string
  /** Version whose image is used where the resource names none. */
  version: string
  image: (version: string) => string
  port: number
  scheme: string
  /** Where the image keeps its data. */
  data: string
  /** Environment of the image, each from a key of the binding Secret. */
  env: Readonly<Record<string, string>>
  args?: readonly string[]
  /** Whether it is up, as a probe in the container: a command, or a connection to the port. */
  ready?: readonly string[]
  /** Keys of the binding beside type, provider, host, port and uri. */
  keys: readonly string[]
  /** The first that this machine has is run. */
  programs: readonly Program[]
}

const loginKeys = ['username', 'password', 'database'] as const

export const engines: Readonly<Record<Exclude<DataSourceType, 'http'>, DataSourceEngine>> = {
  postgresql: {
    title: 'PostgreSQL',
    version: '17',
    image: (version) => `postgres:${version}`,
    port: 5432,
    scheme: 'postgresql',
    data: '/var/lib/postgresql/data',
    env: { POSTGRES_USER: 'username', POSTGRES_PASSWORD: 'password', POSTGRES_DB: 'database' },
    ready: ['sh', '-c', 'pg_isready -U "$POSTGRES_USER" -d "$POSTGRES_DB" -h 127.0.0.1'],
    keys: loginKeys,
    programs: [
      {
        name: 'postgres',
        // Debian keeps them out of the PATH, by version.
        folders: ['/usr/lib/postgresql/*/bin', '/opt/homebrew/opt/postgresql@*/bin', '/usr/pgsql-*/bin'],
        source: { debian: 'postgresql', homebrew: 'postgresql@17' },
        script: programScripts.postgresql,
      },
    ],
  },
  mysql: {
    title: 'MySQL',
    version: '8.4',
    image: (version) => `mysql:${version}`,
    port: 3306,
    scheme: 'mysql',
    data: '/var/lib/mysql',
    env: {
      MYSQL_USER: 'username',
      MYSQL_PASSWORD: 'password',
      MYSQL_ROOT_PASSWORD: 'password',
      MYSQL_DATABASE: 'database',
    },
    keys: loginKeys,
    programs: [
      {
        name: 'mariadbd',
        folders: ['/usr/sbin', '/usr/libexec'],
        source: { debian: 'mariadb-server', homebrew: 'mariadb' },
        script: programScripts.mysql,
      },
    ],
  },
  mongodb: {
    title: 'MongoDB',
    version: '8.0',
    image: (version) => `mongo:${version}`,
    port: 27_017,
    scheme: 'mongodb',
    data: '/data/db',
    env: {
      MONGO_INITDB_ROOT_USERNAME: 'username',
      MONGO_INITDB_ROOT_PASSWORD: 'password',
      MONGO_INITDB_DATABASE: 'database',
    },
    keys: loginKeys,
    programs: [
      {
        name: 'mongod',
        folders: ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/opt/homebrew/opt/mongodb-community@*/bin'],
        needs: ['mongosh'],
        source: { homebrew: 'mongodb/brew/mongodb-community', elsewhere: 'mongodb.com/try/download' },
        script: programScripts.mongod,
      },
      {
        name: 'ferretdb',
        folders: ['/usr/bin', '/usr/local/bin'],
        source: { elsewhere: 'version 1.24, github.com/FerretDB/FerretDB/releases' },
        script: programScripts.ferretdb,
      },
    ],
  },
  redis: {
    title: 'Redis',
    version: '8.2',
    image: (version) => `redis:${version}`,
    port: 6379,
    scheme: 'redis',
    data: '/data',
    env: { REDIS_PASSWORD: 'password' },
    args: ['redis-server', '--requirepass', '$(REDIS_PASSWORD)', '--appendonly', 'yes'],
    keys: ['password'],
    programs: [
      {
        name: 'redis-server',
        folders: ['/usr/bin', '/opt/homebrew/bin'],
        source: { debian: 'redis-server', homebrew: 'redis' },
        script: programScripts.redis,
      },
    ],
  },
  nats: {
    title: 'NATS',
    version: '2.12',
    image: (version) => `nats:${version}`,
    port: 4222,
    scheme: 'nats',
    data: '/data',
    env: { NATS_USER: 'username', NATS_PASSWORD: 'password' },
    args: ['--jetstream', '--store_dir', '/data', '--user', '$(NATS_USER)', '--pass', '$(NATS_PASSWORD)'],
    keys: ['username', 'password'],
    programs: [
      {
        name: 'nats-server',
        folders: ['/usr/sbin', '/opt/homebrew/bin'],
        source: { debian: 'nats-server', homebrew: 'nats-server' },
        script: programScripts.nats,
      },
    ],
  },
  s3: {
    title: 'S3-compatible storage',
    version: 'RELEASE.2025-09-07T16-13-09Z',
    image: (version) => `minio/minio:${version}`,
    port: 9000,
    scheme: 'http',
    data: '/data',
    env: { MINIO_ROOT_USER: 'username', MINIO_ROOT_PASSWORD: 'password' },
    args: ['server', '/data'],
    keys: loginKeys,
    programs: [
      {
        name: 'minio',
        folders: ['/usr/local/bin', '/opt/homebrew/bin'],
        source: { homebrew: 'minio', elsewhere: 'min.io' },
        script: programScripts.minio,
      },
      {
        name: 'versitygw',
        folders: ['/usr/bin', '/usr/local/bin'],
        source: { elsewhere: 'github.com/versity/versitygw/releases' },
        script: programScripts.versitygw,
      },
    ],
  },
}

export function engineOf(type: DataSourceType): DataSourceEngine | undefined {
  return type === 'http' ? undefined : engines[type]
}

/** Name of the Service Binding Secret of a data source. */
export function bindingSecretName(dataSource: string): string {
  return `${dataSource}-binding`
}

/** Keys of the binding Secret that services get as variables. */
export function bindingKeysOf(spec: DataSourceSpec): string[] {
  const login =
    spec.external !== undefined && spec.external.credentialsSecret === undefined
      ? []
      : spec.type === 'http'
        ? ['username', 'password']
        : (engineOf(spec.type)?.keys ?? []).filter((key) => key !== 'database')
  const database = engineOf(spec.type)?.keys.includes('database') === true ? ['database'] : []
  return ['uri', 'host', 'port', ...login, ...database]
}
