// Wires of our kinds: services that a Microservice uses, data sources that it is bound to, configuration that it reads.

import type { Unstructured } from '@binnacle/api'
import { type Binding, type Microservice, type Use, group, variablePrefix } from '@binnacle/model'
import { type FieldPath, getField, itemPath, parsePath, removeField } from '../field-path.ts'
import { kindKey, kindKeyOf } from '../object-key.ts'
import { isRecord } from '../schemas.ts'
import type { Reference, WireKind } from './wire-kind.ts'

export const microserviceKind: string = kindKey('Microservice', group)
export const dataSourceKind: string = kindKey('DataSource', group)

function specOf(object: Unstructured): Microservice['spec'] {
  const spec: unknown = object['spec']
  return isRecord(spec) ? spec : {}
}

function namespaceOf({ metadata }: Unstructured): string {
  return metadata.namespace ?? ''
}

function nameOf({ metadata }: Unstructured): string {
  return metadata.name ?? ''
}

function withSpec(object: Unstructured, spec: object): Unstructured {
  return { ...object, spec: { ...specOf(object), ...spec } }
}

/** The items of a list that a person may be in the middle of writing: whatever has another form is passed over. */
function items<T extends object>(list: readonly T[] | undefined): readonly T[] {
  return Array.isArray(list) ? (list as readonly T[]).filter(isRecord) : []
}

function replaceItem<T extends { name: string }>(list: readonly T[], path: FieldPath, item: T): T[] {
  const name = parsePath(path).at(-1)
  return list.map((one) => (one.name === name ? item : one))
}

export const usesWire: WireKind = {
  id: 'uses',
  verb: 'uses',
  from: [microserviceKind],
  to: [microserviceKind, 'Service'],
  read: (object) =>
    items(specOf(object).uses).map((use) => {
      const path = itemPath('spec.uses', use.name)
      return {
        path,
        target: {
          kinds: [microserviceKind, 'Service'],
          namespace: use.namespace ?? namespaceOf(object),
          name: use.name,
        },
        ...(use.port === undefined ? {} : { label: use.port }),
        namePath: `${path}.name`,
      }
    }),
  connect: (object, target) => {
    const use: Use = { name: nameOf(target) }
    if (namespaceOf(target) !== namespaceOf(object)) use.namespace = namespaceOf(target)
    return withSpec(object, { uses: [...items(specOf(object).uses), use] })
  },
  disconnect: (object, path) => removeField(object, path, undefined, { prune: true }),
  reconnect: (object, path, target) => {
    const use = getField(object, path) as Use | undefined
    if (use === undefined) return object
    const { namespace: _, port: _port, ...kept } = use
    const next: Use = { ...kept, name: nameOf(target), prefix: use.prefix ?? variablePrefix(use.name) }
    if (namespaceOf(target) !== namespaceOf(object)) next.namespace = namespaceOf(target)
    return withSpec(object, { uses: replaceItem(items(specOf(object).uses), path, next) })
  },
  carry: (object, path, other) => {
    const use = getField(object, path) as Use | undefined
    return use === undefined ? other : withSpec(other, { uses: [...items(specOf(other).uses), use] })
  },
  refuse: (object, target) => {
    if (kindKeyOf(target) === microserviceKind && items(specOf(target).ports).length === 0)
      return `${nameOf(target)} has no port to connect to: add one to it first`
    const known = items(specOf(object).uses).find(({ name }) => name === nameOf(target))
    return known === undefined ? undefined : `${nameOf(object)} uses ${nameOf(target)} already`
  },
}

export const bindingsWire: WireKind = {
  id: 'bindings',
  verb: 'is bound to',
  from: [microserviceKind],
  to: [dataSourceKind],
  read: (object) =>
    items(specOf(object).bindings).map((binding) => {
      const path = itemPath('spec.bindings', binding.name)
      return {
        path,
        target: { kinds: [dataSourceKind], namespace: namespaceOf(object), name: binding.name },
        namePath: `${path}.name`,
      }
    }),
  connect: (object, target) =>
    withSpec(object, { bindings: [...items(specOf(object).bindings), { name: nameOf(target) }] }),
  disconnect: (object, path) => removeField(object, path, undefined, { prune: true }),
  // The program finds the other data source under the variables that it knows (seed 002: no code change).
  reconnect: (object, path, target) => {
    const binding = getField(object, path) as Binding | undefined
    if (binding === undefined) return object
    const next: Binding = { ...binding, name: nameOf(target), prefix: binding.prefix ?? variablePrefix(binding.name) }
    return withSpec(object, { bindings: replaceItem(items(specOf(object).bindings), path, next) })
  },
  carry: (object, path, other) => {
    const binding = getField(object, path) as Binding | undefined
    return binding === undefined ? other : withSpec(other, { bindings: [...items(specOf(other).bindings), binding] })
  },
  refuse: (object, target) => {
    if (namespaceOf(object) !== namespaceOf(target)) return 'a data source of another namespace cannot be bound'
    const known = items(specOf(object).bindings).some(({ name }) => name === nameOf(target))
    return known ? `${nameOf(object)} is bound to ${nameOf(target)} already` : undefined
  },
}

/** ConfigMaps and Secrets: drawn ones are read as a whole (`envFrom`); variables and files name single keys. */
export const configurationWire: WireKind = {
  id: 'configuration',
  verb: 'reads',
  from: [microserviceKind],
  to: ['ConfigMap', 'Secret'],
  read: (object) => {
    const references: Reference[] = []
    const add = (kind: string, name: string, { path, namePath, reason }: Omit<Reference, 'target'>): void => {
      references.push({
        path,
        target: { kinds: [kind], namespace: namespaceOf(object), name },
        ...(namePath === undefined ? {} : { namePath }),
        ...(reason === undefined ? {} : { reason }),
      })
    }
    const spec = specOf(object)
    items(spec.envFrom).forEach(({ configMapRef, secretRef }, index) => {
      const path = itemPath('spec.envFrom', index)
      if (configMapRef) add('ConfigMap', configMapRef.name, { path, namePath: `${path}.configMapRef.name` })
      if (secretRef) add('Secret', secretRef.name, { path, namePath: `${path}.secretRef.name` })
    })
    for (const { name, valueFrom } of items(spec.env)) {
      const path = itemPath('spec.env', name)
      const reason = `the variable ${name} is a key of it`
      const [map, secret] = [valueFrom?.configMapKeyRef, valueFrom?.secretKeyRef]
      if (map) add('ConfigMap', map.name, { path, reason, namePath: `${path}.valueFrom.configMapKeyRef.name` })
      if (secret) add('Secret', secret.name, { path, reason, namePath: `${path}.valueFrom.secretKeyRef.name` })
    }
    for (const { path: file, configMap, secret } of items(spec.files)) {
      // As the schema's list key says: itemPath('spec.files', '/etc/app.conf').
      const path = itemPath('spec.files', file)
      const reason = `the file ${file} is a key of it`
      if (configMap) add('ConfigMap', configMap.name, { path, reason, namePath: `${path}.configMap.name` })
      if (secret) add('Secret', secret.name, { path, reason, namePath: `${path}.secret.name` })
    }
    return references
  },
  connect: (object, target) => {
    const source = target.kind === 'Secret' ? 'secretRef' : 'configMapRef'
    return withSpec(object, { envFrom: [...items(specOf(object).envFrom), { [source]: { name: nameOf(target) } }] })
  },
  disconnect: (object, path) => removeField(object, path, undefined, { prune: true }),
  refuse: (object, target) => {
    const source = target.kind === 'Secret' ? 'secretRef' : 'configMapRef'
    if (namespaceOf(object) !== namespaceOf(target)) return `a ${target.kind} of another namespace cannot be read`
    const known = items(specOf(object).envFrom).some((one) => one[source]?.name === nameOf(target))
    return known ? `${nameOf(object)} reads ${nameOf(target)} already` : undefined
  },
}

/** Login of a data source that runs elsewhere. */
export const credentialsWire: WireKind = {
  id: 'credentials',
  verb: 'logs in with',
  from: [dataSourceKind],
  to: ['Secret'],
  read: (object) => {
    const name = getField(object, 'spec.external.credentialsSecret')
    if (typeof name !== 'string' || name === '') return []
    const path = 'spec.external.credentialsSecret'
    return [{ path, target: { kinds: ['Secret'], namespace: namespaceOf(object), name }, namePath: path }]
  },
  connect: (object, target) =>
    withSpec(object, {
      external: { ...(getField(object, 'spec.external') as object | undefined), credentialsSecret: nameOf(target) },
    }),
  disconnect: (object, path) => removeField(object, path),
  refuse: (object, target) => {
    if (getField(object, 'spec.external') === undefined)
      return `${nameOf(object)} runs here and has credentials of its own`
    if (namespaceOf(object) !== namespaceOf(target)) return 'a Secret of another namespace cannot be read'
    return getField(object, 'spec.external.credentialsSecret') === undefined
      ? undefined
      : `${nameOf(object)} has credentials already: remove them first`
  },
}
