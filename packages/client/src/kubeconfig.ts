// Reads kubeconfig files into what a transport needs: a cluster and a user, with the contents of all files they name.
// Upstream: client-go tools/clientcmd (merge rules, file fields relative to the kubeconfig, data fields win over files).

import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'

export interface Cluster {
  /** https://host:port, perhaps with a path below which the API lies. */
  server: string
  /** PEM; the system's authorities without it. */
  caCertificate?: string
  tlsServerName?: string
  insecureSkipTlsVerify?: boolean
}

/** How a program is asked for credentials (client.authentication.k8s.io). */
export interface ExecConfig {
  apiVersion: string
  command: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  provideClusterInfo: boolean
  installHint?: string
}

export interface Impersonation {
  user: string
  uid?: string
  groups: readonly string[]
  extra: Readonly<Record<string, readonly string[]>>
}

/** Fields that are there are used together, except that a token file wins over a token. */
export interface User {
  /** PEM. */
  clientCertificate?: string
  clientKey?: string
  token?: string
  /** Read anew now and then, since bound tokens are replaced. */
  tokenFile?: string
  basic?: { username: string; password: string }
  exec?: ExecConfig
  impersonate?: Impersonation
}

/** One context, with everything it refers to. */
export interface KubeContext {
  name: string
  namespace: string
  cluster: Cluster
  user: User
}

export interface Kubeconfig {
  readonly currentContext: string
  readonly contextNames: readonly string[]
  /** The named context, or the current one. Rejects where a part is missing or not supported. */
  context(name?: string): Promise<KubeContext>
}

export class KubeconfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'KubeconfigError'
  }
}

type Fields = Record<string, unknown>

interface Entry {
  fields: Fields
  /** What file fields are relative to. */
  directory: string
}

type Section = 'clusters' | 'users' | 'contexts'

/** Where kubectl looks: KUBECONFIG, which may list several files, or ~/.kube/config. */
export function kubeconfigPaths(env: NodeJS.ProcessEnv = process.env): string[] {
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  return listed.length > 0 ? listed : [join(homedir(), '.kube', 'config')]
}

/** Of several files the first that says something wins. A file that is not there is passed over unless it is the only one. */
export async function loadKubeconfig(paths: string | readonly string[] = kubeconfigPaths()): Promise<Kubeconfig> {
  const files = typeof paths === 'string' ? [paths] : paths
  const documents: { text: string; path: string }[] = []
  for (const path of files) {
    try {
      documents.push({ text: await readFile(path, 'utf8'), path })
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      if (!isMissing || files.length === 1)
        throw new KubeconfigError(`cannot read kubeconfig ${path}`, { cause: error })
    }
  }
  return merge(documents)
}

/** `directory` is what relative file names in it refer to. */
export function parseKubeconfig(text: string, directory: string = process.cwd()): Kubeconfig {
  return merge([{ text, path: join(directory, 'kubeconfig') }])
}

function merge(documents: readonly { text: string; path: string }[]): Kubeconfig {
  const sections: Record<Section, Map<string, Entry>> = { clusters: new Map(), users: new Map(), contexts: new Map() }
  let currentContext = ''
  for (const { text, path } of documents) {
    const document = parseDocument(text, path)
    currentContext ||= textField(document, 'current-context') ?? ''
    for (const section of ['clusters', 'users', 'contexts'] as const) {
      for (const { name, fields } of entriesOf(document, section)) {
        if (!sections[section].has(name)) sections[section].set(name, { fields, directory: dirname(resolve(path)) })
      }
    }
  }
  const find = (section: Section, name: string, why: string): Entry => {
    const entry = sections[section].get(name)
    if (entry === undefined) throw new KubeconfigError(`kubeconfig has no ${section.slice(0, -1)} "${name}"${why}`)
    return entry
  }
  return {
    currentContext,
    contextNames: [...sections.contexts.keys()],
    async context(name = currentContext) {
      if (name === '') throw new KubeconfigError('kubeconfig has no current-context')
      const { fields } = find('contexts', name, '')
      const why = `, which context "${name}" refers to`
      const userName = textField(fields, 'user') ?? ''
      return {
        name,
        namespace: textField(fields, 'namespace') ?? 'default',
        cluster: await clusterOf(find('clusters', textField(fields, 'cluster') ?? '', why)),
        user: userName === '' ? {} : await userOf(find('users', userName, why), userName),
      }
    },
  }
}

function parseDocument(text: string, path: string): Fields {
  let document: unknown
  try {
    document = parse(text)
  } catch (error) {
    throw new KubeconfigError(`kubeconfig ${path} is not YAML`, { cause: error })
  }
  // An empty file is an empty configuration.
  if (document === null || document === undefined) return {}
  if (!isFields(document)) throw new KubeconfigError(`kubeconfig ${path} is not an object`)
  return document
}

function* entriesOf(document: Fields, section: Section): Iterable<{ name: string; fields: Fields }> {
  const list = document[section]
  if (!Array.isArray(list)) return
  const key = section.slice(0, -1)
  for (const entry of list as unknown[]) {
    if (!isFields(entry)) continue
    const fields = entry[key]
    yield { name: textField(entry, 'name') ?? '', fields: isFields(fields) ? fields : {} }
  }
}

async function clusterOf(entry: Entry): Promise<Cluster> {
  const { fields } = entry
  const server = textField(fields, 'server')
  if (server === undefined) throw new KubeconfigError('the cluster of the kubeconfig has no server')
  refuse(fields, 'proxy-url', 'proxies are not supported')
  const isInsecure = fields['insecure-skip-tls-verify'] === true
  const caCertificate = await dataOrFile(entry, 'certificate-authority')
  if (isInsecure && caCertificate !== undefined)
    throw new KubeconfigError('specifying a root certificates file with the insecure flag is not allowed')
  return {
    server,
    ...(caCertificate === undefined ? {} : { caCertificate }),
    ...withText('tlsServerName', textField(fields, 'tls-server-name')),
    ...(isInsecure ? { insecureSkipTlsVerify: true } : {}),
  }
}

async function userOf(entry: Entry, name: string): Promise<User> {
  const { fields, directory } = entry
  refuse(fields, 'auth-provider', `user "${name}" should use an exec plugin instead`)
  const tokenFile = textField(fields, 'tokenFile')
  const username = textField(fields, 'username')
  const exec = fields['exec']
  return {
    ...withText('clientCertificate', await dataOrFile(entry, 'client-certificate')),
    ...withText('clientKey', await dataOrFile(entry, 'client-key')),
    ...withText('token', textField(fields, 'token')),
    ...withText('tokenFile', tokenFile === undefined ? undefined : resolve(directory, tokenFile)),
    ...(username === undefined ? {} : { basic: { username, password: textField(fields, 'password') ?? '' } }),
    ...(isFields(exec) ? { exec: execOf(exec, directory) } : {}),
    ...impersonationOf(fields),
  }
}

function execOf(fields: Fields, directory: string): ExecConfig {
  const command = textField(fields, 'command')
  if (command === undefined) throw new KubeconfigError('exec of the kubeconfig has no command')
  if (fields['interactiveMode'] === 'Always')
    throw new KubeconfigError(`exec plugin ${command} wants interactiveMode Always, which is not supported`)
  const args = Array.isArray(fields['args']) ? (fields['args'] as unknown[]).map(String) : []
  const env: Record<string, string> = {}
  if (Array.isArray(fields['env']))
    for (const variable of fields['env'] as unknown[])
      if (isFields(variable)) env[textField(variable, 'name') ?? ''] = textField(variable, 'value') ?? ''
  return {
    apiVersion: textField(fields, 'apiVersion') ?? 'client.authentication.k8s.io/v1',
    // A bare name is looked up in PATH, a relative path is meant from the kubeconfig.
    command: /[/\\]/.test(command) ? resolve(directory, command) : command,
    args,
    env,
    provideClusterInfo: fields['provideClusterInfo'] === true,
    ...withText('installHint', textField(fields, 'installHint')),
  }
}

function impersonationOf(fields: Fields): { impersonate?: Impersonation } {
  const user = textField(fields, 'as')
  if (user === undefined) return {}
  const strings = (value: unknown): string[] => (Array.isArray(value) ? (value as unknown[]).map(String) : [])
  const extra = isFields(fields['as-user-extra']) ? fields['as-user-extra'] : {}
  return {
    impersonate: {
      user,
      ...withText('uid', textField(fields, 'as-uid')),
      groups: strings(fields['as-groups']),
      extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, strings(values)])),
    },
  }
}

/** `<name>-data` in base64, else the contents of the file that `<name>` says. */
async function dataOrFile({ fields, directory }: Entry, name: string): Promise<string | undefined> {
  const data = textField(fields, `${name}-data`)
  if (data !== undefined) return Buffer.from(data, 'base64').toString()
  const file = textField(fields, name)
  if (file === undefined) return undefined
  const path = resolve(directory, file)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new KubeconfigError(`cannot read ${name} ${path} of the kubeconfig`, { cause: error })
  }
}

function refuse(fields: Fields, name: string, why: string): void {
  if (fields[name] !== undefined && fields[name] !== '')
    throw new KubeconfigError(`kubeconfig: ${name} is not supported: ${why}`)
}

/** undefined for what is absent or empty, as Go's zero value means absent. */
function textField(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function withText<K extends string>(name: K, value: string | undefined): { [key in K]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { [key in K]: string })
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
