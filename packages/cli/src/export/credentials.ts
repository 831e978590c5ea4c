// Credentials of a project's data sources for an export: what the project's own Secrets say, else new ones for what is
// run from it.

import type { Credentials, DataSource } from '@binnacle/model'
import { CliError } from '../cli-error.ts'
import { placeIn } from '../deploy/documents.ts'
import { newCredentials, readCredentials } from '../deploy/plain.ts'
import { type Project, isDataSource } from '../deploy/project.ts'

/** Whether a data source has a user name and password. */
export function needsCredentials({ spec }: DataSource): boolean {
  return spec.external === undefined || spec.external.credentialsSecret !== undefined
}

/** @throws CliError where an external one names a Secret that is not in the project */
export function exportCredentials(
  project: Project,
  known: ReadonlyMap<string, Credentials> = new Map(),
): Map<string, Credentials> {
  const found = new Map(known)
  for (const source of project.objects) {
    const { object } = source
    const name = object.metadata.name ?? ''
    if (!isDataSource(object) || !needsCredentials(object) || found.has(name)) continue
    const secretName = object.spec.external?.credentialsSecret
    if (secretName === undefined) {
      found.set(name, newCredentials(object.spec.username))
      continue
    }
    const secret = project.objects.find(
      (one) => one.object.kind === 'Secret' && one.object.metadata.name === secretName,
    )
    const credentials = readCredentials(secret?.object)
    if (credentials === undefined)
      throw new CliError(
        `${placeIn(source, 'spec.external.credentialsSecret')}: DataSource ${name}: spec.external.credentialsSecret: the Secret ${secretName} is not in the project: add it for the export, or export a Helm chart, which asks for it`,
      )
    found.set(name, credentials)
  }
  return found
}
