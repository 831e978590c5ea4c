// A project as a Helm chart. The objects are rendered as they always are, with marks where a value of the chart goes; the
// marks become template expressions in the written YAML, so that chart and plain YAML cannot differ in anything else.

import type { KubeObject, Secret, Unstructured } from '@binnacle/api'
import {
  type Credentials,
  type DataSource,
  type Microservice,
  bindingKeysOf,
  bindingSecretName,
  configHashAnnotation,
  managedBy,
  managedByLabel,
} from '@binnacle/model'
import { type Project, isDataSource, isMicroservice } from '../deploy/project.ts'
import { needsCredentials } from './credentials.ts'
import { type Files, fileName, yamlOf } from './files.ts'
import { createMarks, type Marks } from './helm-marks.ts'
import { renderProject } from './render-project.ts'

/** Rendered for this namespace and written without it: Helm says where to. */
const namespace = 'default'

type Values = Record<string, unknown>

export function helmFiles(project: Project, { version }: { version: string }): Files {
  const chart = project.application
  const marks = createMarks()
  const values: Values = {}
  const marked = {
    ...project,
    objects: project.objects.map((source) => ({ ...source, object: markSource(source.object, { marks, values }) })),
  }
  const credentials = new Map<string, Credentials>(
    project.objects.flatMap(({ object }): [string, Credentials][] =>
      isDataSource(object) && needsCredentials(object)
        ? [[object.metadata.name ?? '', credentialMarks(object, { marks, values })]]
        : [],
    ),
  )
  const files: Files = new Map()
  const real = renderProject(project, { namespace, credentials })
  renderProject(marked, { namespace, credentials }).forEach(({ object }, index) => {
    const unmarked = real[index]?.object ?? object
    // A job's name says which image it runs: the one that the values begin with.
    const renamed = { ...object, metadata: { ...object.metadata, name: unmarked.metadata.name } }
    const named = withRevision(hooked(renamed), { unmarked, marks, values })
    files.set(`templates/${fileName(named)}`, marks.write(markObject(named, { marks, values })))
  })
  files.set(
    'Chart.yaml',
    yamlOf({
      apiVersion: 'v2',
      name: chart,
      description: descriptionOf(project),
      type: 'application',
      version,
      appVersion: version,
    }),
  )
  files.set('values.yaml', `${intro}${yamlOf(values)}`)
  files.set('templates/NOTES.txt', notes(chart))
  files.set('.helmignore', '.git/\n*.tgz\n')
  return files
}

/** A Job cannot be changed: with each installation and upgrade it is made anew, as a hook. */
function hooked(object: Unstructured): Unstructured {
  if (object.kind !== 'Job') return object
  const hook = { 'helm.sh/hook': 'post-install,post-upgrade', 'helm.sh/hook-delete-policy': 'before-hook-creation' }
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...hook } } }
}

interface Workload extends Unstructured {
  spec?: { template?: { metadata?: { annotations?: Record<string, string> }; spec?: unknown } }
}

/** What a workload reads at its start is said when the chart is installed, and so is its version. */
function withRevision(object: Workload, { unmarked, marks, values }: Chart & { unmarked: Workload }): Unstructured {
  const { spec } = object
  const { template } = spec ?? {}
  const revision = unmarked.spec?.template?.metadata?.annotations?.[configHashAnnotation]
  if (template === undefined || revision === undefined) return object
  const read = [...secretsIn(template.spec)].flatMap((name) => valuesOfSecret(name, values))
  const annotations = {
    ...template.metadata?.annotations,
    [configHashAnnotation]: read.length === 0 ? revision : marks.digest(revision, read),
  }
  return { ...object, spec: { ...spec, template: { ...template, metadata: { ...template.metadata, annotations } } } }
}

/** Names of the Secrets that a pod reads. */
function secretsIn(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (typeof value !== 'object' || value === null) return found
  for (const [key, item] of Object.entries(value)) {
    const { name, secretName } = (item ?? {}) as { name?: unknown; secretName?: unknown }
    if ((key === 'secretKeyRef' || key === 'secretRef') && typeof name === 'string') found.add(name)
    if (key === 'secret' && typeof secretName === 'string') found.add(secretName)
    secretsIn(item, found)
  }
  return found
}

/** Paths of the values that go into a Secret. */
function valuesOfSecret(name: string, values: Values): string[][] {
  const { secrets = {}, dataSources = {} } = values as Record<string, Record<string, Values>>
  if (secrets[name] !== undefined) return [['secrets', name]]
  const [source, own] = Object.entries(dataSources).find(([one]) => bindingSecretName(one) === name) ?? []
  if (source === undefined || own === undefined) return []
  return ['host', 'username', 'password'].filter((key) => key in own).map((key) => ['dataSources', source, key])
}

const intro = `# What may differ from one installation to the next. Passwords are empty here: give them at installation, such as
#   helm install NAME . --set dataSources.db.password="$(openssl rand -hex 16)"
`

function notes(chart: string): string {
  return `${chart} is installed in the namespace {{ .Release.Namespace }}.

  kubectl get pods,services --namespace {{ .Release.Namespace }} --selector app.kubernetes.io/part-of=${chart}
`
}

function descriptionOf({ application, objects }: Project): string {
  const spec = objects[0]?.object['spec'] as { description?: string; displayName?: string } | undefined
  return spec?.description ?? spec?.displayName ?? application
}

interface Chart {
  marks: Marks
  values: Values
}

/** Values that the resources themselves say, taken out of them. */
function markSource(object: Unstructured, chart: Chart): Unstructured {
  if (isMicroservice(object)) return markMicroservice(object, chart)
  if (isDataSource(object)) return markDataSource(object, chart)
  return object
}

function markMicroservice(service: Microservice, { marks, values }: Chart): Microservice & Unstructured {
  const name = service.metadata.name ?? ''
  const { spec } = service
  const own = section(values, 'services', name)
  const path = ['services', name]
  const marked = { ...spec }
  if (spec.image !== undefined) {
    own['image'] = imageParts(spec.image)
    marked.image = marks.image([...path, 'image'])
  }
  if (spec.autoscaling === undefined) {
    own['replicas'] = spec.replicas ?? 1
    // A number cannot be marked: markObject puts the expression in its place.
    marked.replicas = marks.number([...path, 'replicas'])
  } else {
    const { minReplicas = 1, maxReplicas } = spec.autoscaling
    own['autoscaling'] = { minReplicas, maxReplicas }
    marked.autoscaling = {
      ...spec.autoscaling,
      minReplicas: marks.number([...path, 'autoscaling', 'minReplicas']),
      maxReplicas: marks.number([...path, 'autoscaling', 'maxReplicas']),
    }
  }
  own['resources'] = spec.resources ?? {}
  marked.resources = marks.block('resources', [...path, 'resources'])
  if ((spec.ports ?? []).length > 0) {
    own['serviceType'] = spec.serviceType ?? 'ClusterIP'
    // The closed set of types is the schema's; here stands what Helm will put there.
    Object.assign(marked, { serviceType: marks.text([...path, 'serviceType']) })
  }
  return { ...service, spec: marked }
}

function markDataSource(source: DataSource, { marks, values }: Chart): DataSource & Unstructured {
  const name = source.metadata.name ?? ''
  const { spec } = source
  const own = section(values, 'dataSources', name)
  const path = ['dataSources', name]
  const marked = { ...spec }
  if (spec.external !== undefined) {
    // An address has no DNS name, and so becomes other objects than a name does: it stays.
    if (/[a-z]/i.test(spec.external.host)) {
      own['host'] = spec.external.host
      marked.external = { ...spec.external, host: marks.text([...path, 'host']) }
    }
  } else {
    own['resources'] = spec.resources ?? {}
    marked.resources = marks.block('resources', [...path, 'resources'])
    if (spec.storage !== undefined) {
      own['storage'] = { size: spec.storage.size }
      marked.storage = { ...spec.storage, size: marks.text([...path, 'storage', 'size']) }
    }
  }
  return { ...source, spec: marked }
}

function credentialMarks({ metadata, spec }: DataSource, { marks, values }: Chart): Credentials {
  const name = metadata.name ?? ''
  const own = section(values, 'dataSources', name)
  if (bindingKeysOf(spec).includes('username')) own['username'] = spec.username ?? 'app'
  own['password'] = ''
  return {
    username: marks.text(['dataSources', name, 'username']),
    password: marks.required(['dataSources', name, 'password']),
  }
}

/** What plain objects say: values of Secrets, and the hosts of an Ingress or a route. */
function markObject(object: KubeObject, chart: Chart): KubeObject {
  if (isSecret(object))
    return object.metadata.labels?.[managedByLabel] === managedBy ? readable(object) : markSecret(object, chart)
  if (object.kind === 'Ingress' || object.kind === 'HTTPRoute') return markHosts(object, chart)
  return object
}

function isSecret(object: KubeObject): object is Secret {
  return object.apiVersion === 'v1' && object.kind === 'Secret'
}

/** A Secret that was rendered holds marks, which are no marks in base64. */
function readable({ data = {}, ...rest }: Secret): Secret {
  const texts = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()])
  return { ...rest, stringData: { ...rest.stringData, ...Object.fromEntries(texts) } }
}

function markSecret(secret: Secret, { marks, values }: Chart): Secret {
  const name = secret.metadata.name ?? ''
  const { data = {}, stringData = {}, ...rest } = secret
  const own = section(values, 'secrets', name)
  const keys = [...new Set([...Object.keys(data), ...Object.keys(stringData)])]
  for (const key of keys) own[key] = ''
  return {
    ...rest,
    stringData: Object.fromEntries(keys.map((key) => [key, marks.required(['secrets', name, key])])),
  }
}

function markHosts(object: KubeObject, { marks, values }: Chart): KubeObject {
  const hosts = section(values, 'hosts', object.metadata.name ?? '')
  const mark = (host: string): string => {
    const known = Object.entries(hosts).find(([, value]) => value === host)?.[0]
    const key = known ?? (Object.keys(hosts).length === 0 ? 'host' : `host${Object.keys(hosts).length + 1}`)
    hosts[key] = host
    return marks.text(['hosts', object.metadata.name ?? '', key])
  }
  const visit = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return key === 'host' || key === 'hosts' || key === 'hostnames' ? mark(value) : value
    if (Array.isArray(value)) return value.map((item: unknown) => visit(item, key))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, visit(item, name)]))
  }
  return { ...object, spec: visit((object as Unstructured)['spec'], 'spec') } as KubeObject
}

/** The values of one thing, made when they are first needed. */
function section(values: Values, kind: string, name: string): Values {
  const all = (values[kind] ??= {}) as Record<string, Values>
  return (all[name] ??= {})
}

function imageParts(image: string): Values {
  const [name = '', digest] = image.split('@')
  const colon = name.lastIndexOf(':')
  const hasTag = colon > name.lastIndexOf('/')
  return {
    repository: hasTag ? name.slice(0, colon) : name,
    tag: hasTag ? name.slice(colon + 1) : '',
    digest: digest ?? '',
  }
}
