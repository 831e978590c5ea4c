// A project as plain Kubernetes objects, which need nothing of ours: what our controllers would make of it, and what is
// plain already as it is.

import type { ConfigMap, KubeObject, Secret, Service, Unstructured } from '@binnacle/api'
import {
  type Credentials,
  type DataSource,
  type Microservice,
  RenderError,
  type RenderContext,
  bindingSecretName,
  render,
} from '@binnacle/model'
import { configurationRevision, loginRevision } from '@binnacle/platform'
import { CliError } from '../cli-error.ts'
import type { SourceObject } from '../deploy/documents.ts'
import { type Project, isDataSource, isMicroservice, isOurs } from '../deploy/project.ts'

export interface RenderOptions {
  namespace: string
  /** Of data sources that are run, or that name a Secret of theirs. Those without any get no binding Secret. */
  credentials?: ReadonlyMap<string, Credentials>
}

/**
 * The plain objects, each with the source that it comes from. Our own kinds are not among them.
 * @throws CliError with file, line and field for all that cannot be rendered
 */
export function renderProject(project: Project, options: RenderOptions): SourceObject[] {
  const plain = project.objects.filter(({ object }) => !isOurs(object))
  const bare = contextOf(project, options)
  const context = { ...bare, revisions: revisionsOf(project, bare) }
  const errors: string[] = []
  const rendered = project.objects.flatMap((source) => {
    const { object } = source
    if (!isMicroservice(object) && !isDataSource(object)) return []
    try {
      return render(object, { ...context, ...revisionsFor(object, context) }).map((made) => ({
        ...source,
        object: withoutNamespace(made, options.namespace),
      }))
    } catch (error) {
      if (!(error instanceof RenderError)) throw error
      const next = error.reason === 'ImageUnknown' ? ': build it with --push REGISTRY, or set spec.image' : ''
      errors.push(
        `${source.file}:${source.lineOf(error.field)}: ${object.kind} ${object.metadata.name}: ${error.field}: ${error.message}${next}`,
      )
      return []
    }
  })
  if (errors.length > 0) throw new CliError(errors.join('\n'))
  return [...plain, ...rendered]
}

function contextOf({ objects }: Project, { namespace, credentials }: RenderOptions): RenderContext {
  const all = objects.map(({ object }): KubeObject => object)
  const named = <T extends KubeObject>(found: readonly T[]): Map<string, T> =>
    new Map(found.map((object) => [object.metadata.name ?? '', object]))
  return {
    namespace,
    microservices: named<Microservice>(all.filter(isMicroservice)),
    dataSources: named<DataSource>(all.filter(isDataSource)),
    services: new Map(all.filter(isService).map(({ metadata, spec }) => [metadata.name ?? '', portsOf(spec)])),
    ...(credentials === undefined ? {} : { credentials }),
  }
}

function isService(object: KubeObject): object is Service {
  return object.apiVersion === 'v1' && object.kind === 'Service'
}

function portsOf(spec: Service['spec']): { name?: string; port: number }[] {
  return (spec?.ports ?? []).map(({ name, port }) => (name === undefined ? { port } : { name, port }))
}

/**
 * Pods roll when a ConfigMap or Secret that they read changes, as our controllers have it: those of the project, and the
 * binding Secrets of its data sources.
 */
function revisionsOf({ objects }: Project, context: RenderContext): NonNullable<RenderContext['revisions']> {
  const revisions = new Map<string, string>()
  const add = (object: KubeObject): void => {
    if (isConfiguration(object)) revisions.set(`${object.kind}/${object.metadata.name}`, configurationRevision(object))
  }
  for (const { object } of objects) {
    if (isOurs(object)) continue
    add(object)
  }
  for (const source of context.dataSources?.values() ?? []) for (const object of render(source, context)) add(object)
  return revisions
}

/** A data source's own pods read its login only. */
function revisionsFor(object: Microservice | DataSource, context: RenderContext): Pick<RenderContext, 'revisions'> {
  if (object.kind === 'Microservice') return {}
  const name = object.metadata.name ?? ''
  const login = context.credentials?.get(name)
  return {
    revisions: new Map(
      login === undefined ? [] : [[`Secret/${bindingSecretName(name)}`, loginRevision(object, login)]],
    ),
  }
}

function isConfiguration(object: KubeObject): object is ConfigMap | Secret {
  return object.apiVersion === 'v1' && (object.kind === 'ConfigMap' || object.kind === 'Secret')
}

/** Whoever applies plain objects says where to. */
function withoutNamespace(object: KubeObject, namespace: string): Unstructured {
  const { namespace: own, ...metadata } = object.metadata
  return { ...object, metadata: own === namespace ? metadata : { ...metadata, namespace: own } }
}
