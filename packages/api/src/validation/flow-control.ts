// API priority and fairness (pkg/apis/flowcontrol/validation).

import { field } from '../field-error.ts'
import type {
  FlowSchema,
  FlowSchemaSpec,
  LimitedPriorityLevelConfiguration,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from '../generated/kinds.ts'
import { inclusiveRangeError, nameIsDnsLabel, nameIsDnsSubdomain } from '../names.ts'
import { addInvalid, requireValid, validateEnum, type FieldErrors } from './fields.ts'
import type { KindValidation } from './kind-validation.ts'

const maxPrecedence = 10_000
const maxQueues = 10_000_000
/** Bits that a hash has for dealing hands of queues. */
const maxHashBits = 60
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']

type Rules = NonNullable<FlowSchemaSpec['rules']>[number]
type Subject = NonNullable<Rules['subjects']>[number]
type ResourceRule = NonNullable<Rules['resourceRules']>[number]
type NonResourceRule = NonNullable<Rules['nonResourceRules']>[number]

function validateFlowSchema({ metadata, spec, status }: FlowSchema, errors: FieldErrors): void {
  const precedence = spec?.matchingPrecedence ?? 0
  const path = 'spec.matchingPrecedence'
  if (precedence <= 0) errors.push(field.invalid(path, precedence, 'must be a positive value'))
  if (precedence > maxPrecedence) {
    errors.push(field.invalid(path, precedence, `must not be greater than ${maxPrecedence}`))
  }
  if (precedence === 1 && metadata?.name !== 'exempt') {
    errors.push(field.invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"))
  }
  const method = spec?.distinguisherMethod
  if (method && method.type !== 'ByUser' && method.type !== 'ByNamespace') {
    // Upstream prints its internal type here, whose fields have no JSON names.
    const supported = ['ByNamespace', 'ByUser']
    errors.push(field.notSupported('spec.distinguisherMethod.type', { Type: method.type ?? '' }, supported))
  }
  const level = spec?.priorityLevelConfiguration?.name
  if (level) addInvalid(errors, 'spec.priorityLevelConfiguration.name', level, nameIsDnsSubdomain(level))
  else errors.push(field.required('spec.priorityLevelConfiguration.name', 'must reference a priority level'))
  for (const [index, rules] of (spec?.rules ?? []).entries()) validateRules(errors, `spec.rules[${index}]`, rules)
  validateConditionTypes(errors, status?.conditions)
}

function validateRules(errors: FieldErrors, path: string, rules: Rules): void {
  const { subjects, resourceRules, nonResourceRules } = rules
  if (!subjects?.length) errors.push(field.required(`${path}.subjects`, 'subjects must contain at least one value'))
  for (const [index, subject] of (subjects ?? []).entries()) {
    validateSubject(errors, `${path}.subjects[${index}]`, subject)
  }
  if (!resourceRules?.length && !nonResourceRules?.length) {
    errors.push(field.required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'))
  }
  for (const [index, rule] of (resourceRules ?? []).entries()) {
    validateResourceRule(errors, `${path}.resourceRules[${index}]`, rule)
  }
  for (const [index, rule] of (nonResourceRules ?? []).entries()) {
    validateNonResourceRule(errors, `${path}.nonResourceRules[${index}]`, rule)
  }
}

/** Which field each kind of subject has, in the order in which upstream looks at the others. */
const subjectFields = [
  { kind: 'ServiceAccount', name: 'serviceAccount' },
  { kind: 'User', name: 'user' },
  { kind: 'Group', name: 'group' },
] as const

function validateSubject(errors: FieldErrors, path: string, subject: Subject): void {
  const own = subjectFields.find(({ kind }) => kind === subject.kind)
  if (!own) {
    errors.push(field.notSupported(`${path}.kind`, subject.kind ?? '', ['Group', 'ServiceAccount', 'User']))
    return
  }
  const at = `${path}.${own.name}`
  const details = subject[own.name]
  if (!details) errors.push(field.required(at, `${own.name} is required when subject kind is '${own.kind}'`))
  else if (own.name === 'serviceAccount') validateAccount(errors, at, subject.serviceAccount ?? {})
  else if (!details.name) errors.push(field.required(`${at}.name`, ''))
  for (const { kind, name } of subjectFields) {
    if (name === own.name || subject[name] == null) continue
    errors.push(field.forbidden(`${path}.${name}`, `${name} is forbidden when subject kind is not '${kind}'`))
  }
}

function validateAccount(errors: FieldErrors, path: string, account: { name?: string; namespace?: string }): void {
  const { name, namespace } = account
  if (name !== '*') requireValid(errors, `${path}.name`, name, nameIsDnsSubdomain)
  if (namespace) addInvalid(errors, `${path}.namespace`, namespace, nameIsDnsLabel(namespace))
  else errors.push(field.required(`${path}.namespace`, 'must specify namespace for service account'))
}

/** An asterisk stands alone. */
function validateAlone(
  errors: FieldErrors,
  path: string,
  { values, what }: { values: readonly string[]; what: string },
): boolean {
  if (!values.includes('*')) return false
  if (values.length > 1) errors.push(field.invalid(path, values, `if '*' is present, must not specify other ${what}`))
  return true
}

function validateVerbs(errors: FieldErrors, path: string, values: readonly string[]): void {
  if (values.length === 0) errors.push(field.required(path, 'verbs must contain at least one value'))
  else if (validateAlone(errors, path, { values, what: 'verbs' })) return
  else if (!values.every((verb) => verbs.includes(verb))) errors.push(field.notSupported(path, values, verbs))
}

function validateResourceRule(errors: FieldErrors, path: string, rule: ResourceRule): void {
  validateVerbs(errors, `${path}.verbs`, rule.verbs ?? [])
  const lists = [
    { name: 'apiGroups', what: 'api groups', missing: 'resource rules must supply at least one api group' },
    { name: 'resources', what: 'resources', missing: 'resource rules must supply at least one resource' },
  ] as const
  for (const { name, what, missing } of lists) {
    const values = rule[name] ?? []
    if (values.length === 0) errors.push(field.required(`${path}.${name}`, missing))
    else validateAlone(errors, `${path}.${name}`, { values, what })
  }
  const values = rule.namespaces ?? []
  const at = `${path}.namespaces`
  if (values.length === 0 && !rule.clusterScope) {
    const why = 'resource rules that are not cluster scoped must supply at least one namespace'
    errors.push(field.required(at, why))
  } else if (!validateAlone(errors, at, { values, what: 'namespaces' })) {
    for (const [index, namespace] of values.entries()) {
      for (const message of nameIsDnsLabel(namespace)) {
        const why = `each member of this list must be '*' or a DNS-1123 label; ${message}`
        errors.push(field.invalid(`${at}[${index}]`, namespace, why))
      }
    }
  }
}

function validateNonResourceRule(errors: FieldErrors, path: string, rule: NonResourceRule): void {
  validateVerbs(errors, `${path}.verbs`, rule.verbs ?? [])
  const values = rule.nonResourceURLs ?? []
  const at = `${path}.nonResourceURLs`
  if (values.length === 0) errors.push(field.required(at, 'nonResourceURLs must contain at least one value'))
  else if (!validateAlone(errors, at, { values, what: 'non-resource URLs' })) {
    for (const [index, url] of values.entries()) {
      const why = urlProblem(url)
      if (why !== undefined) errors.push(field.invalid(`${at}[${index}]`, url, why))
    }
  }
}

function urlProblem(url: string): string | undefined {
  if (url === '') return 'must not be empty'
  if (!url.startsWith('/')) return 'must start with slash'
  if (url.includes(' ')) return 'must not contain white-space'
  if (url.includes('//')) return 'must not contain double slash'
  const asterisks = url.split('*').length - 1
  return asterisks > 1 || (asterisks === 1 && !url.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined
}

function validateConditionTypes(
  errors: FieldErrors,
  conditions: readonly { type?: string | undefined }[] | null | undefined,
): void {
  const seen = new Set<string>()
  for (const [index, { type = '' }] of (conditions ?? []).entries()) {
    const path = `status.conditions[${index}].type`
    if (seen.has(type)) errors.push(field.duplicate(path, type))
    seen.add(type)
    if (type === '') errors.push(field.required(path, ''))
  }
}

function validatePriorityLevel({ metadata, spec, status }: PriorityLevelConfiguration, errors: FieldErrors): void {
  const type = spec?.type ?? ''
  if ((metadata?.name === 'exempt') !== (type === 'Exempt')) {
    errors.push(field.invalid('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'"))
  }
  if (type === 'Exempt') {
    if (spec?.limited) errors.push(field.forbidden('spec.limited', 'must be nil if the type is not Limited'))
    if (spec?.exempt) {
      validateShares(errors, 'spec.exempt', spec.exempt.nominalConcurrencyShares)
      validateLendable(errors, 'spec.exempt', spec.exempt.lendablePercent)
    }
  } else if (type === 'Limited') {
    if (spec?.exempt) errors.push(field.forbidden('spec.exempt', 'must be nil if the type is Limited'))
    if (spec?.limited) validateLimited(errors, 'spec.limited', spec.limited)
    else errors.push(field.required('spec.limited', 'must not be empty when type is Limited'))
  } else validateEnum(errors, 'spec.type', type, ['Exempt', 'Limited'])
  validateConditionTypes(errors, status?.conditions)
}

function validateShares(errors: FieldErrors, path: string, shares: number | null | undefined): void {
  if (shares == null || shares >= 0) return
  errors.push(field.invalid(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer'))
}

function validateLendable(errors: FieldErrors, path: string, percent: number | null | undefined): void {
  if (percent == null || (percent >= 0 && percent <= 100)) return
  errors.push(field.invalid(`${path}.lendablePercent`, percent, inclusiveRangeError(0, 100)))
}

function validateLimited(errors: FieldErrors, path: string, limited: LimitedPriorityLevelConfiguration): void {
  validateShares(errors, path, limited.nominalConcurrencyShares)
  const { type, queuing } = limited.limitResponse ?? {}
  const at = `${path}.limitResponse`
  if (type === 'Reject') {
    const why = 'must be nil if limited.limitResponse.type is not Limited'
    if (queuing) errors.push(field.forbidden(`${at}.queuing`, why))
  } else if (type === 'Queue') {
    const why = 'must not be empty if limited.limitResponse.type is Limited'
    if (queuing) validateQueues(errors, `${at}.queuing`, queuing)
    else errors.push(field.required(`${at}.queuing`, why))
  } else validateEnum(errors, `${at}.type`, type, ['Queue', 'Reject'])
  validateLendable(errors, path, limited.lendablePercent)
  const borrowing = limited.borrowingLimitPercent
  if (borrowing != null && borrowing < 0) {
    const why = 'if specified, must be a non-negative integer'
    errors.push(field.invalid(`${path}.borrowingLimitPercent`, borrowing, why))
  }
}

function validateQueues(errors: FieldErrors, path: string, queuing: QueuingConfiguration): void {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing
  if (queueLengthLimit <= 0)
    errors.push(field.invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive'))
  if (queues <= 0) errors.push(field.invalid(`${path}.queues`, queues, 'must be positive'))
  else if (queues > maxQueues) {
    errors.push(field.invalid(`${path}.queues`, queues, `must not be greater than ${maxQueues}`))
  }
  const at = `${path}.handSize`
  if (handSize <= 0) errors.push(field.invalid(at, handSize, 'must be positive'))
  else if (handSize > queues) {
    errors.push(field.invalid(at, handSize, `should not be greater than queues (${queues})`))
  } else if (entropyBits(queues, handSize) > maxHashBits) {
    const cards = `deckSize ${queues} and handSize ${handSize}`
    const why = `required entropy bits of ${cards} should not be greater than ${maxHashBits}`
    errors.push(field.invalid(at, handSize, why))
  }
}

/** Bits that choose a hand out of a deck (shufflesharding.RequiredEntropyBits). */
function entropyBits(deck: number, hand: number): number {
  return Math.ceil(Math.log2(deck) * hand)
}

export const flowControlValidations: Readonly<Record<string, KindValidation>> = {
  'flowcontrol.apiserver.k8s.io/FlowSchema': {
    create: validateFlowSchema,
    statusUpdate: ({ status }: FlowSchema, _: unknown, errors) => validateConditionTypes(errors, status?.conditions),
  },
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': {
    create: validatePriorityLevel,
    statusUpdate: ({ status }: PriorityLevelConfiguration, _: unknown, errors) =>
      validateConditionTypes(errors, status?.conditions),
  },
}
