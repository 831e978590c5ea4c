// A deploy to a cluster without our controllers: the objects that they would make, rendered here. Credentials of data
// sources are made once and found again in the binding Secrets.

import { randomBytes } from 'node:crypto'
import { type Secret, isNotFound } from '@binnacle/api'
import { type Client, secrets } from '@binnacle/client'
import { type Credentials, type DataSource, bindingSecretName } from '@binnacle/model'
import { CliError } from '../cli-error.ts'
import { renderProject } from '../export/render-project.ts'
import { type Project, isDataSource, isImplied } from './project.ts'

interface PlainTarget {
  client: Client
  namespace: string
}

/** @throws CliError with file, line and field for what cannot be rendered */
export async function plainProject(project: Project, target: PlainTarget): Promise<Project> {
  const credentials = new Map<string, Credentials>()
  for (const { object } of project.objects) {
    if (!isDataSource(object)) continue
    const found = await credentialsFor(object, target)
    if (found !== undefined) credentials.set(object.metadata.name ?? '', found)
  }
  const objects = renderProject(project, { namespace: target.namespace, credentials })
  return { ...project, objects: objects.filter((source) => !isImplied(source)), environments: [] }
}

/** Those it has, or new ones; none for what needs none. */
async function credentialsFor(
  { metadata, spec }: DataSource,
  { client, namespace }: PlainTarget,
): Promise<Credentials | undefined> {
  const read = (name: string): Promise<Secret | undefined> =>
    client.get<Secret>(secrets, { namespace, name }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
  if (spec.external !== undefined) {
    const name = spec.external.credentialsSecret
    if (name === undefined) return undefined
    const given = readCredentials(await read(name))
    if (given !== undefined) return given
    throw new CliError(
      `DataSource ${metadata.name}: spec.external.credentialsSecret: there is no Secret ${name} with username and password in ${namespace}: make it with \`kubectl create secret generic ${name} -n ${namespace} --from-literal=username=… --from-literal=password=…\``,
    )
  }
  return readCredentials(await read(bindingSecretName(metadata.name ?? ''))) ?? newCredentials(spec.username)
}

/** 144 random bits, in letters that need no quoting anywhere. */
export function newCredentials(username = 'app'): Credentials {
  return { username, password: randomBytes(18).toString('base64url') }
}

/** User name and password of a Secret as it is read or written; undefined where it has none. */
export function readCredentials(secret: Secret | undefined): Credentials | undefined {
  const text = (key: string): string | undefined => {
    const value = secret?.data?.[key]
    return secret?.stringData?.[key] ?? (value === undefined ? undefined : Buffer.from(value, 'base64').toString())
  }
  const password = text('password') ?? text('secretKey')
  return password === undefined ? undefined : { username: text('username') ?? text('accessKey') ?? '', password }
}
