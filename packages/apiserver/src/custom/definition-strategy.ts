// CustomResourceDefinitions: defaults of names, conditions, storedVersions and validation of the definition itself.
// Upstream: apiextensions-apiserver pkg/registry/customresourcedefinition, pkg/controller/{status,establish},
// pkg/apis/apiextensions/validation.

import {
  type CustomResourceDefinition,
  type CustomResourceDefinitionCondition,
  type CustomResourceDefinitionStatus,
  type FieldError,
  field,
  formatTime,
  invalid,
  isDns1035Label,
  isDns1123Subdomain,
} from '@binnacle/api'
import type { Backend, Strategy, WriteContext } from '../strategy.ts'
import { compileRule } from '../cel/rules.ts'
import { type Props, itemsOf, valuesOf } from './structural-schema.ts'

export const definitionsKey = 'customresourcedefinitions.apiextensions.k8s.io'
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

const definitionKind = { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' }

export const customResourceDefinitions: Strategy = {
  prepareForCreate(object, context) {
    const definition = object as CustomResourceDefinition
    fillNames(definition)
    refuseInvalid(definition, undefined)
    definition.status = statusOf(definition, context)
  },

  prepareForUpdate(object, old, context) {
    if (context.subresource === 'status') return
    const definition = object as CustomResourceDefinition
    fillNames(definition)
    refuseInvalid(definition, old as CustomResourceDefinition)
    definition.status = statusOf(definition, context)
  },

  markDeleted(object, { backend }) {
    const definition = object as CustomResourceDefinition
    // Its objects are deleted before it (customresourcedefinition/etcd.go Delete).
    definition.metadata.finalizers = [...new Set([...(definition.metadata.finalizers ?? []), cleanupFinalizer])]
    setCondition(definition, backend, {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    })
  },

  isHeld: ({ metadata }) => metadata.deletionTimestamp === undefined,
}

function fillNames({ spec }: CustomResourceDefinition): void {
  const { names } = spec
  names.singular ||= names.kind.toLowerCase()
  names.listKind ||= `${names.kind}List`
  spec.conversion ??= { strategy: 'None' }
}

function setCondition(
  definition: CustomResourceDefinition,
  backend: Backend,
  wanted: Omit<CustomResourceDefinitionCondition, 'lastTransitionTime'>,
): void {
  const conditions = definition.status?.conditions ?? []
  const known = conditions.find(({ type }) => type === wanted.type)
  const lastTransitionTime =
    known?.status === wanted.status ? known.lastTransitionTime : formatTime(backend.clock.now())
  const condition = { ...wanted, lastTransitionTime }
  const others = conditions.map((existing) => (existing === known ? condition : existing))
  definition.status = { ...definition.status, conditions: known === undefined ? [...others, condition] : others }
}

/** The names are accepted where no other definition of the group has one of them; then it is established at once. */
function statusOf(definition: CustomResourceDefinition, { backend }: WriteContext): CustomResourceDefinitionStatus {
  const { spec, status } = definition
  const problem = nameConflict(definition, backend)
  const draft: CustomResourceDefinition = { ...definition, status: { ...status } }
  setCondition(draft, backend, {
    type: 'NamesAccepted',
    ...(problem === undefined
      ? { status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
      : { status: 'False', reason: problem.reason, message: problem.message }),
  })
  const wasEstablished =
    status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') ?? false
  const isEstablished = problem === undefined || wasEstablished
  setCondition(draft, backend, {
    type: 'Established',
    ...(isEstablished
      ? { status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
      : { status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }),
  })
  const storage = spec.versions.find((version) => version.storage)?.name
  const storedVersions = [...new Set([...(status?.storedVersions ?? []), ...(storage === undefined ? [] : [storage])])]
  const acceptedNames = problem === undefined ? spec.names : (status?.acceptedNames ?? { plural: '', kind: '' })
  return { ...draft.status, acceptedNames, storedVersions }
}

function nameConflict(
  { spec, metadata }: CustomResourceDefinition,
  backend: Backend,
): { reason: string; message: string } | undefined {
  const others = backend
    .list<CustomResourceDefinition>(definitionsKey)
    .filter((other) => other.spec.group === spec.group && other.metadata.name !== metadata.name)
  const resources = new Set(
    others.flatMap(({ status }) => [
      status?.acceptedNames?.plural ?? '',
      status?.acceptedNames?.singular ?? '',
      ...(status?.acceptedNames?.shortNames ?? []),
    ]),
  )
  const kinds = new Set(
    others.flatMap(({ status }) => [status?.acceptedNames?.kind ?? '', status?.acceptedNames?.listKind ?? '']),
  )
  const { plural, singular = '', shortNames = [], kind, listKind = '' } = spec.names
  const checks: [string, string, ReadonlySet<string>][] = [
    ['PluralConflict', plural, resources],
    ['SingularConflict', singular, resources],
    ...shortNames.map((name): [string, string, ReadonlySet<string>] => ['ShortNamesConflict', name, resources]),
    ['KindConflict', kind, kinds],
    ['ListKindConflict', listKind, kinds],
  ]
  const found = checks.find(([, name, taken]) => name !== '' && taken.has(name))
  return found === undefined
    ? undefined
    : { reason: found[0], message: `${JSON.stringify(found[1])} is already in use` }
}

function refuseInvalid(definition: CustomResourceDefinition, old: CustomResourceDefinition | undefined): void {
  const errors = [
    ...validateNames(definition),
    ...validateVersions(definition),
    ...(old === undefined ? [] : validateChange(definition, old)),
  ]
  if (errors.length > 0) throw invalid(definitionKind, definition.metadata.name ?? '', errors)
}

function validateNames({ spec, metadata }: CustomResourceDefinition): FieldError[] {
  const { group, names, scope } = spec
  const errors: FieldError[] = []
  if (group === '') errors.push(field.required('spec.group', ''))
  else {
    for (const detail of isDns1123Subdomain(group)) errors.push(field.invalid('spec.group', group, detail))
    if (!group.includes('.'))
      errors.push(field.invalid('spec.group', group, 'should be a domain with at least one dot'))
  }
  if (scope === '') errors.push(field.required('spec.scope', ''))
  else if (scope !== 'Cluster' && scope !== 'Namespaced')
    errors.push(field.notSupported('spec.scope', scope, ['Cluster', 'Namespaced']))
  const labels: [string, string][] = [
    ['plural', names.plural],
    ['singular', names.singular ?? ''],
    ['kind', names.kind.toLowerCase()],
    ['listKind', (names.listKind ?? '').toLowerCase()],
  ]
  for (const [name, value] of labels) {
    if (value === '') errors.push(field.required(`spec.names.${name}`, ''))
    else for (const detail of isDns1035Label(value)) errors.push(field.invalid(`spec.names.${name}`, value, detail))
  }
  if (names.kind !== '' && names.kind === names.listKind)
    errors.push(field.invalid('spec.names.listKind', names.listKind, 'kind and listKind may not be the same'))
  const required = `${names.plural}.${group}`
  if (metadata.name !== required)
    errors.push(field.invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group'))
  return errors
}

function validateVersions({ spec }: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, version] of spec.versions.entries()) {
    const path = `spec.versions[${index}]`
    for (const detail of isDns1035Label(version.name)) errors.push(field.invalid(`${path}.name`, version.name, detail))
    if (seen.has(version.name))
      errors.push(field.invalid('spec.versions', version.name, 'must contain unique version names'))
    seen.add(version.name)
    const props: Props | undefined = version.schema?.openAPIV3Schema
    const schemaPath = `${path}.schema.openAPIV3Schema`
    if (props === undefined) errors.push(field.required(schemaPath, 'schemas are required'))
    else {
      if (props.type !== 'object') {
        if (props.type === undefined || props.type === '')
          errors.push(field.required(`${schemaPath}.type`, 'must not be empty at the root'))
        else errors.push(field.invalid(`${schemaPath}.type`, props.type, 'must be object at the root'))
      }
      errors.push(...validateStructure(props, schemaPath, false))
    }
  }
  const storages = spec.versions.filter((version) => version.storage).length
  if (storages !== 1)
    errors.push(
      field.invalid(
        'spec.versions',
        spec.versions.map(({ name }) => name),
        'must have exactly one version marked as storage version',
      ),
    )
  if (spec.preserveUnknownFields === true) {
    errors.push(
      field.invalid(
        'spec.preserveUnknownFields',
        true,
        'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ),
    )
  }
  const strategy = spec.conversion?.strategy
  if (strategy === 'Webhook')
    errors.push(field.forbidden('spec.conversion.strategy', 'conversion webhooks are not supported by this server'))
  else if (strategy !== undefined && strategy !== 'None')
    errors.push(field.notSupported('spec.conversion.strategy', strategy, ['None', 'Webhook']))
  return errors
}

/** What makes a schema structural (pkg/apiserver/schema/validation.go), and rules that compile. */
function validateStructure(props: Props, path: string, isNested: boolean): FieldError[] {
  const errors: FieldError[] = []
  const isLoose = props['x-kubernetes-int-or-string'] === true || props['x-kubernetes-preserve-unknown-fields'] === true
  if (isNested && (props.type === undefined || props.type === '') && !isLoose) {
    errors.push(field.required(`${path}.type`, 'must not be empty for specified object fields'))
  }
  if (props.uniqueItems === true)
    errors.push(
      field.forbidden(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    )
  const raw = props as Record<string, unknown>
  if (raw['$ref'] !== undefined) errors.push(field.forbidden(`${path}.$ref`, '$ref is not supported'))
  if (props.type === 'array' && props.items === undefined)
    errors.push(field.required(`${path}.items`, 'must be specified'))
  if (props['x-kubernetes-list-type'] === 'map' && (props['x-kubernetes-list-map-keys']?.length ?? 0) === 0) {
    errors.push(
      field.required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'),
    )
  }
  if (props.properties !== undefined && valuesOf(props) !== undefined) {
    errors.push(
      field.forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    )
  }
  for (const [index, rule] of (props['x-kubernetes-validations'] ?? []).entries()) {
    const problem = compileRule(rule.rule, props, !isNested)
    if (problem !== undefined)
      errors.push(
        field.invalid(`${path}.x-kubernetes-validations[${index}].rule`, rule.rule, `compilation failed: ${problem}`),
      )
  }
  for (const [name, property] of Object.entries(props.properties ?? {})) {
    if (!isNested && name === 'metadata') continue
    errors.push(...validateStructure(property, `${path}.properties[${name}]`, true))
  }
  const items = itemsOf(props)
  if (items !== undefined) errors.push(...validateStructure(items, `${path}.items`, true))
  const values = valuesOf(props)
  if (values !== undefined) errors.push(...validateStructure(values, `${path}.additionalProperties`, true))
  return errors
}

function validateChange({ spec }: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const isEstablished =
    old.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false
  const errors: FieldError[] = []
  const fixed: [string, unknown, unknown][] = [
    ['spec.group', spec.group, old.spec.group],
    ['spec.names.plural', spec.names.plural, old.spec.names.plural],
    ...(isEstablished
      ? ([
          ['spec.scope', spec.scope, old.spec.scope],
          ['spec.names.kind', spec.names.kind, old.spec.names.kind],
        ] as const)
      : []
    ).map(([path, now, before]): [string, unknown, unknown] => [path, now, before]),
  ]
  for (const [path, now, before] of fixed)
    if (now !== before) errors.push(field.invalid(path, now, 'field is immutable'))
  const names = new Set(spec.versions.map(({ name }) => name))
  for (const [index, stored] of (old.status?.storedVersions ?? []).entries()) {
    if (!names.has(stored))
      errors.push(
        field.invalid(
          `status.storedVersions[${index}]`,
          stored,
          'missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions'.replaceAll(
            'v1',
            stored,
          ),
        ),
      )
  }
  return errors
}
