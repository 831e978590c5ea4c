// Problems of one of our objects that only the others tell: what its wires and references lead to, variables that meet,
// names that are taken. Where a controller would say the same later, its words are used.

import { isDns1123Label, nameIsDnsSubdomain, type Unstructured } from '@binnacle/api'
import {
  type DataSourceSpec,
  type MicroserviceSpec,
  bindingKeysOf,
  group,
  managedBy,
  managedByLabel,
  variablePrefix,
} from '@binnacle/model'
import type { CanvasDocument } from '../document.ts'
import { getField, itemPath } from '../field-path.ts'
import { type ObjectKey, groupOf, kindKey } from '../object-key.ts'
import type { Problem } from '../problem.ts'
import { isRecord } from '../schemas.ts'
import { dataSourceKind, microserviceKind } from '../wires/own-wires.ts'
import { referencesOf } from '../wires/wires.ts'

export interface ProblemContext {
  readonly document: Pick<CanvasDocument, 'namespace' | 'complete' | 'schemas'> & { readonly live: Lookup }
  /** As they will be once all is deployed. */
  readonly objects: Lookup
}

/** Where neighbours are found. */
export interface Lookup {
  get(key: ObjectKey): Unstructured | undefined
  has(key: ObjectKey): boolean
}

type Found = Omit<Problem, 'key'>

const error = (path: string, reason: string, message: string): Found => ({ path, severity: 'error', reason, message })
const warning = (path: string, reason: string, message: string): Found => ({
  path,
  severity: 'warning',
  reason,
  message,
})

function listAt(object: Unstructured, path: string): readonly Readonly<Record<string, unknown>>[] {
  const list = getField(object, path)
  return Array.isArray(list) ? list.filter(isRecord) : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Problems of a name; the kinds that become Services have names that a Service may have. */
export function nameProblems(object: Unstructured, { document, objects }: ProblemContext): Found[] {
  const { name = '', namespace = '' } = object.metadata
  const isOurs = groupOf(object.apiVersion) === group
  const found = (isOurs ? isDns1123Label(name) : nameIsDnsSubdomain(name)).map((why) =>
    error('metadata.name', 'FieldValueInvalid', `Invalid value: ${JSON.stringify(name)}: ${why}`),
  )
  if (object.kind !== 'Microservice' && object.kind !== 'DataSource') return found
  const other = object.kind === 'Microservice' ? 'DataSource' : 'Microservice'
  if (objects.has(`${kindKey(other, group)}/${namespace}/${name}`))
    found.push(
      error(
        'metadata.name',
        'NameTaken',
        `there is a ${other} ${name}: both would become the Service ${name}; choose another name`,
      ),
    )
  for (const kind of ['Service', 'Deployment.apps', 'StatefulSet.apps']) {
    const taken = document.live.get(`${kind}/${namespace}/${name}`)
    if (taken === undefined || taken.metadata.labels?.[managedByLabel] === managedBy) continue
    if (!objects.has(`${kind}/${namespace}/${name}`)) continue
    found.push(
      error(
        'metadata.name',
        'NameTaken',
        `${taken.kind} ${name} exists and was not made by Binnacle: delete it, or choose another name`,
      ),
    )
  }
  return found
}

export function microserviceProblems(object: Unstructured, context: ProblemContext): Found[] {
  return [
    ...useProblems(object, context),
    ...bindingProblems(object, context),
    ...variableProblems(object, context),
    ...portProblems(object),
    ...keyProblems(object, context),
  ]
}

function useProblems(object: Unstructured, { document, objects }: ProblemContext): Found[] {
  const { namespace: own = '' } = object.metadata
  return listAt(object, 'spec.uses').flatMap((use, index) => {
    const path = `spec.uses[${index}]`
    const name = text(use['name']) ?? ''
    const namespace = text(use['namespace']) ?? own
    if (name === '') return []
    const service = objects.get(`${microserviceKind}/${namespace}/${name}`)
    const target = service ?? objects.get(`Service/${namespace}/${name}`)
    const isKnown =
      namespace === document.namespace && document.complete.has('Service') && document.complete.has(microserviceKind)
    if (target === undefined)
      return isKnown ? [error(path, 'UseUnresolved', `there is no service ${name}: add it, or remove the wire`)] : []
    const ports = listAt(target, 'spec.ports')
    if (ports.length === 0)
      return [error(path, 'PortUnknown', `service ${name} has no port: add one to it, or remove the wire`)]
    const port = text(use['port'])
    return port === undefined || ports.some((one) => one['name'] === port)
      ? []
      : [error(`${path}.port`, 'PortUnknown', `service ${name} has no port ${port}`)]
  })
}

function bindingProblems(object: Unstructured, { document, objects }: ProblemContext): Found[] {
  return listAt(object, 'spec.bindings').flatMap((binding, index) => {
    const path = `spec.bindings[${index}]`
    const name = text(binding['name']) ?? ''
    if (name === '') return []
    const source = objects.get(`${dataSourceKind}/${object.metadata.namespace ?? ''}/${name}`)
    if (source === undefined)
      return document.complete.has(dataSourceKind)
        ? [error(path, 'BindingUnresolved', `there is no data source ${name}: add it, or remove the binding`)]
        : []
    const spec = source['spec'] as DataSourceSpec
    const keys = bindingKeysOf(spec)
    const further = isRecord(binding['env']) ? Object.entries(binding['env']) : []
    return further
      .filter(([, key]) => typeof key === 'string' && !keys.includes(key))
      .map(([variable, key]) =>
        error(
          itemPath(`${path}.env`, variable),
          'BindingUnresolved',
          `data source ${name} (${spec.type}) has no key ${String(key)}: choose one of ${keys.join(', ')}`,
        ),
      )
  })
}

/** The names of the variables that each wire brings. */
function wireVariables(
  object: Unstructured,
  { objects }: ProblemContext,
): { name: string; path: string; end: string }[] {
  const { uses, bindings } = object['spec'] as MicroserviceSpec
  const prefixOf = ({ name, prefix }: { name: string; prefix?: string }): string => prefix ?? variablePrefix(name)
  return [
    ...records(uses).flatMap((use, index) =>
      ['URL', 'HOST', 'PORT'].map((suffix) => ({
        name: `${prefixOf(use)}_${suffix}`,
        path: `spec.uses[${index}]`,
        end: use.name,
      })),
    ),
    ...records(bindings).flatMap((binding, index) => {
      const source = objects.get(`${dataSourceKind}/${object.metadata.namespace ?? ''}/${binding.name}`)
      const keys = source === undefined ? [] : bindingKeysOf(source['spec'] as DataSourceSpec)
      const path = `spec.bindings[${index}]`
      return [
        ...keys.map((key) => ({ name: `${prefixOf(binding)}_${variablePrefix(key)}`, path, end: binding.name })),
        ...Object.keys(isRecord(binding.env) ? binding.env : {}).map((name) => ({ name, path, end: binding.name })),
      ]
    }),
  ]
}

function records<T extends { name: string }>(list: readonly T[] | undefined): readonly T[] {
  return Array.isArray(list) ? list.filter((item) => isRecord(item) && typeof item.name === 'string') : []
}

function variableProblems(object: Unstructured, context: ProblemContext): Found[] {
  const brought = new Map<string, { path: string; end: string }>()
  const found: Found[] = []
  for (const { name, path, end } of wireVariables(object, context)) {
    const before = brought.get(name)
    if (before !== undefined && before.path !== path)
      found.push(
        error(
          `${path}.prefix`,
          'DuplicateVariable',
          `the wires to ${before.end} and ${end} both bring the variable ${name}: give one another prefix`,
        ),
      )
    brought.set(name, { path, end })
  }
  listAt(object, 'spec.env').forEach(({ name }, index) => {
    const wire = brought.get(String(name))
    if (wire !== undefined)
      found.push(
        warning(
          `spec.env[${index}].name`,
          'DuplicateVariable',
          `${String(name)} takes the place of the variable that the wire to ${wire.end} brings: choose another name to keep both`,
        ),
      )
  })
  return found
}

/** All containers of a replica share its ports. */
function portProblems(object: Unstructured): Found[] {
  const taken = new Map<string, string>()
  const found: Found[] = []
  const add = (ports: readonly Readonly<Record<string, unknown>>[], base: string, who: string): void => {
    ports.forEach(({ port, targetPort, protocol }, index) => {
      const number = targetPort ?? port
      if (typeof number !== 'number') return
      const place = `${number}/${typeof protocol === 'string' ? protocol : 'TCP'}`
      const before = taken.get(place)
      if (before !== undefined && before !== who)
        found.push(error(`${base}[${index}]`, 'PortTaken', `port ${place} is taken by ${before}: choose another one`))
      taken.set(place, who)
    })
  }
  add(listAt(object, 'spec.ports'), 'spec.ports', 'the service itself')
  listAt(object, 'spec.sidecars').forEach((sidecar, index) => {
    const ports = sidecar['ports']
    add(
      Array.isArray(ports) ? ports.filter(isRecord) : [],
      `spec.sidecars[${index}].ports`,
      `the sidecar ${String(sidecar['name'])}`,
    )
  })
  const names = new Set(listAt(object, 'spec.ports').map(({ name }) => name))
  for (const probe of ['liveness', 'readiness', 'startup'])
    for (const way of ['httpGet', 'tcpSocket']) {
      const path = `spec.health.${probe}.${way}.port`
      const port = getField(object, path)
      if (typeof port === 'string' && !names.has(port))
        found.push(
          error(path, 'PortUnknown', `the service has no port named ${port}: add it to ports, or use a number`),
        )
    }
  return found
}

/** ConfigMaps and Secrets that are read: that they are there, and have the key. */
function keyProblems(object: Unstructured, { document, objects }: ProblemContext): Found[] {
  return referencesOf(object).flatMap(({ kind, path, target, namePath }) => {
    if (kind.id !== 'configuration' || !('name' in target) || namePath === undefined) return []
    const [type = ''] = target.kinds
    const base = namePath.replace(/\.name$/, '')
    const schema = document.schemas.get(microserviceKind)
    if (getField(object, `${base}.optional`, schema) === true) return []
    const found = objects.get(`${type}/${target.namespace}/${target.name}`)
    if (found === undefined)
      return document.complete.has(type)
        ? [error(path, `${type}Missing`, `there is no ${type} ${target.name}: make it, or remove what reads it`)]
        : []
    const key = text(getField(object, `${base}.key`, schema))
    const data = { ...record(found['data']), ...record(found['binaryData']), ...record(found['stringData']) }
    // Without data only the object is known, not what is in it.
    if (key === undefined || Object.keys(data).length === 0 || Object.hasOwn(data, key)) return []
    const keys = Object.keys(data).toSorted().join(', ')
    return [error(path, 'KeyMissing', `${type} ${target.name} has no key ${key}: choose one of ${keys}`)]
  })
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}
