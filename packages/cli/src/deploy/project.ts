// A project as it is deployed: its application, its objects with the labels that say so, and its environments.

import { type KubeObject, type Unstructured, applyMergePatch } from '@binnacle/api'
import {
  type DataSource,
  type Environment,
  type EnvironmentSpec,
  type Microservice,
  apiVersion,
  partOfLabel,
} from '@binnacle/model'
import { CliError } from '../cli-error.ts'
import { type SourceObject, projectName, readProject } from './documents.ts'

export interface Project {
  /** Name of the Application. */
  application: string
  /** All that is deployed, the Application first; no Environments. */
  objects: readonly SourceObject[]
  environments: readonly SourceObject[]
}

export async function loadProject(path: string): Promise<Project> {
  return projectOf(await readProject(path), await projectName(path))
}

/** @throws CliError where two Applications are named, or none and the folder's name is no name either */
export function projectOf(sources: readonly SourceObject[], folder: string): Project {
  const applications = sources.filter(({ object }) => isOurs(object, 'Application'))
  const [first, second] = applications
  if (second !== undefined)
    throw new CliError(
      `${second.file}:${second.lineOf('kind')}: kind: there is an Application in ${first?.file} already: a project has one`,
    )
  const application = first?.object.metadata.name ?? folder
  if (application === '')
    throw new CliError('the project has no name: add an Application object, or give the folder a name of letters')
  const environments = sources.filter(({ object }) => isOurs(object, 'Environment'))
  const others = sources.filter((one) => one !== first && !environments.includes(one))
  for (const { object, file, lineOf } of others)
    if (isOurs(object, 'Release'))
      throw new CliError(`${file}:${lineOf('kind')}: kind: a Release is made by a deploy: remove it from the files`)
  const root: SourceObject = first ?? {
    object: { apiVersion, kind: 'Application', metadata: { name: application }, spec: {} },
    file: folder,
    directory: '.',
    lineOf: () => 1,
    isImplied: true,
  }
  return {
    application,
    objects: [root, ...others].map((one) => ({ ...one, object: labelled(one.object, application) })),
    environments,
  }
}

/** The Application of a project that has no document for it. */
export function isImplied(source: SourceObject): boolean {
  return source.isImplied === true
}

/** One of our kinds. */
export function isOurs(object: { apiVersion?: unknown; kind?: unknown }, kind?: string): boolean {
  return object.apiVersion === apiVersion && (kind === undefined || object.kind === kind)
}

export function isMicroservice(object: KubeObject): object is Microservice {
  return isOurs(object, 'Microservice')
}

export function isDataSource(object: KubeObject): object is DataSource {
  return isOurs(object, 'DataSource')
}

export function isEnvironment(object: KubeObject): object is Environment {
  return isOurs(object, 'Environment')
}

function labelled(object: Unstructured, application: string): Unstructured {
  const { labels } = object.metadata
  return { ...object, metadata: { ...object.metadata, labels: { [partOfLabel]: application, ...labels } } }
}

/**
 * The project as it is in an environment: what differs there merged (RFC 7386) into the specs.
 * @throws CliError where an override names what the project does not have
 */
export function inEnvironment(
  project: Project,
  name: string,
  { application, overrides = [] }: EnvironmentSpec,
): Project {
  if (application !== project.application)
    throw new CliError(
      `environment ${name} is of the application ${application}, and this project is ${project.application}: choose another with --env`,
    )
  const objects = [...project.objects]
  overrides.forEach((override, index) => {
    const at = objects.findIndex(
      ({ object }) => object.kind === override.kind && object.metadata.name === override.name,
    )
    const found = objects[at]
    if (found === undefined)
      throw new CliError(
        `environment ${name}: spec.overrides[${index}]: the project has no ${override.kind} ${override.name}: correct its name or remove the override`,
      )
    objects[at] = { ...found, object: applyMergePatch(found.object, { spec: override.spec }) }
  })
  return { ...project, objects }
}
