// Serves what CustomResourceDefinitions define: rows come and go with the definitions in the store, before whoever wrote
// a definition has its answer. Upstream: apiextensions-apiserver pkg/apiserver/customresource_handler.go.

import {
  type CustomResourceDefinition,
  type FieldError,
  type KubeObject,
  type ResourceInfo,
  type UserInfo,
  type Verb,
  cloneJson,
  customPrinter,
} from '@binnacle/api'
import type { StoreEvent } from '@binnacle/store'
import { validateRules } from '../cel/rules.ts'
import type { Registry, RowHooks } from '../registry.ts'
import type { Backend } from '../strategy.ts'
import { applySchemaDefaults, hasDefaults } from './defaults.ts'
import { customDeprecationOf } from './deprecation.ts'
import { cleanupFinalizer, definitionsKey } from './definition-strategy.ts'
import { validateMetadata } from './metadata.ts'
import { pruneObject } from './prune.ts'
import { type Props, rootSchema } from './structural-schema.ts'
import { validateValue } from './validate.ts'

type Version = CustomResourceDefinition['spec']['versions'][number]

/** Registers what is defined now and follows the definitions; the returned function ends it. */
export function installCustomResources(backend: Backend, registry: Registry): () => void {
  const served = new Map<string, { group: string; resource: string; versions: string[] }>()
  const apply = (definition: CustomResourceDefinition): void => {
    withdraw(definition.metadata.name ?? '')
    if (!isEstablished(definition)) return
    const { group, names, versions } = definition.spec
    const rows = versions.filter((version) => version.served || version.storage)
    for (const version of rows) registry.add(infoOf(definition, version), hooksOf(definition, version))
    for (const version of rows) if (!version.served) registry.remove(group, version.name, names.plural)
    served.set(definition.metadata.name ?? '', {
      group,
      resource: names.plural,
      versions: rows.map(({ name }) => name),
    })
  }
  const withdraw = (name: string): void => {
    const rows = served.get(name)
    served.delete(name)
    for (const version of rows?.versions ?? []) registry.remove(rows?.group ?? '', version, rows?.resource ?? '')
  }
  const onEvent = ({ type, current }: StoreEvent): void => {
    const definition = current.object as CustomResourceDefinition
    if (type === 'delete') return withdraw(definition.metadata.name ?? '')
    apply(definition)
    if (definition.metadata.deletionTimestamp !== undefined) startCleanup(backend, definition)
  }
  const { items, revision } = backend.store.range({ prefix: `${definitionsKey}/` })
  for (const current of items) onEvent({ type: 'create', revision, current })
  return backend.store.watch({
    prefix: `${definitionsKey}/`,
    fromRevision: revision,
    sink: { events: (batch) => batch.forEach(onEvent) },
  })
}

function isEstablished({ status }: CustomResourceDefinition): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') ?? false
}

const verbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']
const viewVerbs: readonly Verb[] = ['get', 'patch', 'update']

function infoOf({ spec }: CustomResourceDefinition, version: Version): ResourceInfo {
  const { group, names, scope, versions } = spec
  const storage = versions.find((candidate) => candidate.storage)?.name ?? version.name
  return {
    group,
    version: version.name,
    resource: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    verbs,
    subresources: [
      ...(version.subresources?.status === undefined ? [] : [{ name: 'status', kind: names.kind, verbs: viewVerbs }]),
      ...(version.subresources?.scale === undefined
        ? []
        : [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: viewVerbs }]),
    ],
    storageKey: `${names.plural}.${group}`,
    storageVersion: `${group}/${storage}`,
    schema: rootSchema(version.schema?.openAPIV3Schema),
    ...(version.schema?.openAPIV3Schema === undefined ? {} : { jsonSchema: { ...version.schema.openAPIV3Schema } }),
  }
}

function hooksOf({ spec, status }: CustomResourceDefinition, version: Version): RowHooks {
  const props: Props | undefined = version.schema?.openAPIV3Schema
  const storage = spec.versions.find((candidate) => candidate.storage)?.name ?? version.name
  const inVersion = (object: KubeObject, name: string): KubeObject => ({
    ...object,
    apiVersion: `${spec.group}/${name}`,
  })
  const applyDefaults = (object: KubeObject): void => {
    if (props !== undefined) applySchemaDefaults(props, object)
  }
  const validate = (object: KubeObject, old?: KubeObject): FieldError[] => {
    const errors = validateMetadata(object, spec.scope === 'Namespaced', old)
    if (props === undefined) return errors
    errors.push(...validateValue({ ...props, properties: { ...props.properties, metadata: {} } }, object, ''))
    if (errors.length > 0) return errors
    return validateRules(props, object, old)
  }
  const printer = customPrinter(version.additionalPrinterColumns)
  const { scale } = version.subresources ?? {}
  const deprecation = customDeprecationOf(spec, version)
  const defaulted = hasDefaults(props)
  // Where the storage version has changed, objects of the earlier one are kept until they are written again.
  const isMixed = (status?.storedVersions?.length ?? 0) > 1
  return {
    servesStoredBytes: !defaulted && !isMixed,
    fromStorage(stored) {
      if (!defaulted) return inVersion(stored, version.name)
      const object = cloneJson(stored)
      object.apiVersion = `${spec.group}/${version.name}`
      applyDefaults(object)
      return object
    },
    toStorage: (object) => inVersion(object, storage),
    prune: (object) => pruneObject(props, object),
    applyDefaults,
    validateCreate: (object) => validate(object),
    validateUpdate: validate,
    validateStatusUpdate: validate,
    columns: { definitions: printer.columns, cells: (object, now) => printer.cells(object, now) },
    ...(scale === undefined ? {} : { scale: dropUnset(scale) }),
    ...(deprecation === undefined ? {} : { deprecation }),
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
  }
}

function dropUnset({
  labelSelectorPath,
  ...scale
}: NonNullable<NonNullable<Version['subresources']>['scale']>): NonNullable<RowHooks['scale']> {
  return labelSelectorPath === undefined ? scale : { ...scale, labelSelectorPath }
}

const cleaner: UserInfo = { username: 'system:apiserver', groups: ['system:masters'] }

/** A definition goes when its last object has gone (pkg/controller/finalizer). */
function startCleanup(backend: Backend, definition: CustomResourceDefinition): void {
  if (definition.metadata.finalizers?.includes(cleanupFinalizer) !== true) return
  cleanUp(backend, definition).catch(() => backend.clock.after(1000, () => startCleanup(backend, definition)))
}

async function cleanUp(backend: Backend, definition: CustomResourceDefinition): Promise<void> {
  const { group, names, versions, scope } = definition.spec
  const version =
    versions.find((candidate) => candidate.storage && candidate.served) ??
    versions.find((candidate) => candidate.served)
  const storageKey = `${names.plural}.${group}`
  const objects = backend.list(storageKey)
  if (version !== undefined && objects.length > 0) {
    const request = { verb: 'deletecollection', group, version: version.name, resource: names.plural } as const
    const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace ?? ''))
    if (scope === 'Namespaced')
      await Promise.all([...namespaces].map((namespace) => backend.dispatch({ ...request, namespace }, cleaner)))
    else await backend.dispatch(request, cleaner)
  }
  if (backend.store.count(`${storageKey}/`) > 0) throw new Error(`objects of ${storageKey} still have finalizers`)
  await backend.store.write(`${definitionsKey}/${definition.metadata.name}`, (current) => {
    if (current === undefined) return { keep: true }
    const { metadata } = current.object
    const finalizers = (metadata.finalizers ?? []).filter((name) => name !== cleanupFinalizer)
    const next: KubeObject = { ...current.object, metadata: { ...metadata, finalizers } }
    return finalizers.length === 0 ? { remove: true, lastState: next } : { put: next }
  })
}
