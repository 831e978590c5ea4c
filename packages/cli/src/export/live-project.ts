// An application of a cluster as a project: its resources as they are now, without what the server and the controllers
// add.

import { type KubeObject, type Secret, type Unstructured, isNotFound } from '@binnacle/api'
import { type Client, type ResourceRef, secrets } from '@binnacle/client'
import { type Credentials, bindingSecretName, kinds, partOfLabel } from '@binnacle/model'
import { CliError } from '../cli-error.ts'
import type { SourceObject } from '../deploy/documents.ts'
import { readCredentials } from '../deploy/plain.ts'
import { type Project, isDataSource, isOurs, projectOf } from '../deploy/project.ts'
import { listReleases } from '../deploy/releases.ts'
import { fieldManager } from '../deploy/transaction.ts'

interface LivePlace {
  client: Client
  namespace: string
}

/** @throws CliError where there is no such application */
export async function liveProject(application: string, { client, namespace }: LivePlace): Promise<Project> {
  const found: SourceObject[] = []
  for (const { kind, resource } of kinds.filter(({ kind }) => kind !== 'Release')) {
    const ref: ResourceRef = { group: 'binnacle.dev', version: 'v1alpha1', resource, namespaced: true }
    const { items } = await client.list<Unstructured>(ref, { namespace }).catch((error: unknown) => {
      if (isNotFound(error)) return { items: [] as Unstructured[] }
      throw error
    })
    for (const object of items)
      if (belongs({ ...object, kind }, application))
        found.push(sourceOf({ apiVersion: 'binnacle.dev/v1alpha1', ...object, kind }))
  }
  if (found.length === 0)
    throw new CliError(
      `there is no file, folder or application ${application} (namespace ${namespace}): name a path, or another namespace with -n`,
    )
  // Plain objects of the project are in its newest release, which holds no Secrets.
  const newest = (await listReleases({ client, namespace, application })).at(-1)
  const plain = (newest?.spec.resources ?? []).filter((object) => !isOurs(object)).map(sourceOf)
  return projectOf([...found, ...plain, ...(await deployedSecrets(application, { client, namespace }))], application)
}

/** Secrets that a deploy of the application applied; those that controllers made are made again. */
async function deployedSecrets(application: string, { client, namespace }: LivePlace): Promise<SourceObject[]> {
  const { items } = await client.list<Secret>(secrets, { namespace, labelSelector: `${partOfLabel}=${application}` })
  return items
    .filter(({ metadata }) => metadata.managedFields?.some(({ manager }) => manager === fieldManager) === true)
    .map((secret) => sourceOf({ apiVersion: 'v1', ...secret, kind: 'Secret' }))
}

function belongs(object: KubeObject & { spec?: unknown }, application: string): boolean {
  if (object.kind === 'Application') return object.metadata.name === application
  if (object.kind === 'Environment')
    return (object as { spec?: { application?: string } }).spec?.application === application
  return object.metadata.labels?.[partOfLabel] === application
}

function sourceOf({ metadata, status: _status, ...fields }: Unstructured): SourceObject {
  const { name, labels, annotations } = metadata
  const object = {
    ...fields,
    metadata: {
      name,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
  }
  return { object, file: `${fields.kind} ${name}`, directory: '.', lineOf: () => 0 }
}

/** Credentials that the data sources have. */
export async function liveCredentials(
  project: Project,
  { client, namespace }: LivePlace,
): Promise<Map<string, Credentials>> {
  const found = new Map<string, Credentials>()
  for (const { object } of project.objects) {
    if (!isDataSource(object)) continue
    const name = object.metadata.name ?? ''
    const key = { namespace, name: bindingSecretName(name) }
    const secret = await client.get<Secret>(secrets, key).catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
    const credentials = readCredentials(secret)
    if (credentials !== undefined) found.set(name, credentials)
  }
  return found
}
