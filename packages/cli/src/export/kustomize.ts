// A project as Kustomize: a base, and an overlay for each Environment with its namespace and what differs there. Values
// of Secrets are files of their own that no version control takes in.

import type { KubeObject, Secret, Unstructured } from '@binnacle/api'
import type { Credentials } from '@binnacle/model'
import { type Project, inEnvironment, isEnvironment } from '../deploy/project.ts'
import { type Files, fileName, yamlOf } from './files.ts'
import { jsonPatch } from './json-patch.ts'
import { renderProject } from './render-project.ts'

const header = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' }
/** Rendered under a name that no file has, and left out of all files: whoever builds says the namespace. */
const namespace = 'default'

export function kustomizeFiles(project: Project, credentials: ReadonlyMap<string, Credentials>): Files {
  const base = objectsOf(project, credentials)
  const files: Files = new Map()
  const plain = base.filter((object) => !isSecret(object))
  for (const object of plain) files.set(`base/${fileName(object)}`, yamlOf(object))
  const generators = base.filter(isSecret).map((secret) => secretGenerator(secret, files))
  files.set(
    'base/kustomization.yaml',
    yamlOf({
      ...header,
      resources: plain.map(fileName),
      ...(generators.length === 0 ? {} : { secretGenerator: generators }),
    }),
  )
  if (generators.length > 0) files.set('base/.gitignore', 'secrets/\n')
  for (const environment of project.environments.map(({ object }): KubeObject => object).filter(isEnvironment)) {
    const name = environment.metadata.name ?? ''
    const there = objectsOf(inEnvironment(project, name, environment.spec), credentials)
    overlay(files, {
      name,
      namespace: environment.spec.namespace,
      base: plain,
      there: there.filter((one) => !isSecret(one)),
    })
  }
  return files
}

function objectsOf(project: Project, credentials: ReadonlyMap<string, Credentials>): Unstructured[] {
  return renderProject(project, { namespace, credentials }).map(({ object }) => object)
}

function isSecret(object: KubeObject): object is Secret & Unstructured {
  return object.apiVersion === 'v1' && object.kind === 'Secret'
}

/** Puts the values into files, and says where they are. */
function secretGenerator({ metadata, type, data = {}, stringData = {} }: Secret, files: Files): object {
  const name = metadata.name ?? ''
  const values = {
    ...Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()])),
    ...stringData,
  }
  for (const [key, value] of Object.entries(values)) files.set(`base/secrets/${name}/${key}`, value)
  return {
    name,
    ...(type === undefined ? {} : { type }),
    files: Object.keys(values).map((key) => `secrets/${name}/${key}`),
    // Others name it as it is.
    options: {
      disableNameSuffixHash: true,
      ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
    },
  }
}

interface Overlay {
  name: string
  namespace: string
  base: readonly Unstructured[]
  there: readonly Unstructured[]
}

function overlay(files: Files, { name, namespace: target, base, there }: Overlay): void {
  const folder = `overlays/${name}`
  const added = there.filter((object) => find(base, object) === undefined)
  for (const object of added) files.set(`${folder}/${fileName(object)}`, yamlOf(object))
  const patches = base.flatMap((object): object[] => {
    const now = find(there, object)
    const { apiVersion, kind, metadata } = object
    const at = { kind, name: metadata.name }
    if (now === undefined)
      return [{ target: at, patch: yamlOf({ $patch: 'delete', apiVersion, kind, metadata: { name: metadata.name } }) }]
    const operations = jsonPatch(object, now)
    return operations.length === 0 ? [] : [{ target: at, patch: yamlOf(operations) }]
  })
  const resources = ['../../base', ...added.map(fileName)]
  files.set(
    `${folder}/kustomization.yaml`,
    yamlOf({ ...header, namespace: target, resources, ...(patches.length === 0 ? {} : { patches }) }),
  )
}

function find(objects: readonly Unstructured[], { kind, metadata }: Unstructured): Unstructured | undefined {
  return objects.find((one) => one.kind === kind && one.metadata.name === metadata.name)
}
