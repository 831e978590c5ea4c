// Which objects a request or a controller means: label selectors (as text and as metav1.LabelSelector) and field
// selectors. Grammar and messages are those of apimachinery pkg/labels and pkg/fields; a bad one is a 400.

import { badRequest } from './errors.ts'
import { isLabelValue, isQualifiedName } from './names.ts'
import type { KubeObject } from './object.ts'

export type Labels = Readonly<Record<string, string>>

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  /** Sorted, without duplicates. */
  readonly values: readonly string[]
}

/** All requirements must hold; none at all selects everything. Sorted by key. */
export type LabelRequirements = readonly LabelRequirement[]

/** metav1.LabelSelector. */
export interface LabelSelector {
  readonly matchLabels?: Labels | undefined
  readonly matchExpressions?: readonly LabelSelectorRequirement[] | undefined
}

export interface LabelSelectorRequirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[] | undefined
}

const everything: LabelRequirements = Object.freeze([])
const noLabels: Labels = Object.freeze({})

/** Parses the text of a `labelSelector` parameter; throws BadRequest with upstream's text. */
export function parseLabelSelector(text: string): LabelRequirements {
  return text === '' ? everything : new LabelSelectorParser(text).parse()
}

/** Whether labels satisfy a parsed selector. */
export function labelsMatch(requirements: LabelRequirements, labels: Labels | undefined): boolean {
  for (const requirement of requirements) {
    if (!requirementHolds(requirement, labels ?? noLabels)) return false
  }
  return true
}

function requirementHolds({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value)
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    default:
      return value !== undefined && isOrdered(value, operator, values[0] ?? '')
  }
}

const integer = /^[+-]?[0-9]+$/

function isOrdered(value: string, operator: 'gt' | 'lt', bound: string): boolean {
  if (!integer.test(value) || !integer.test(bound)) return false
  return operator === 'gt' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound)
}

const operatorOfExpression: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

/**
 * The requirements of a metav1.LabelSelector; undefined where it selects nothing: no selector at all, or an operator
 * that does not exist (metav1.LabelSelectorAsSelector).
 */
export function labelRequirements(selector: LabelSelector | null | undefined): LabelRequirements | undefined {
  if (!selector) return undefined
  const requirements: LabelRequirement[] = []
  for (const key in selector.matchLabels) {
    requirements.push({ key, operator: '=', values: [selector.matchLabels[key] ?? ''] })
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = operatorOfExpression[operator]
    if (!known) return undefined
    requirements.push({ key, operator: known, values: values ?? [] })
  }
  return sortedByKey(requirements)
}

/** Whether a metav1.LabelSelector selects the labels: none selects nothing, an empty one everything. */
export function labelSelectorMatches(selector: LabelSelector | null | undefined, labels: Labels | undefined): boolean {
  if (!selector) return false
  const actual = labels ?? noLabels
  for (const key in selector.matchLabels) {
    if (!Object.hasOwn(actual, key) || actual[key] !== selector.matchLabels[key]) return false
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = operatorOfExpression[operator]
    if (!known || !requirementHolds({ key, operator: known, values: values ?? [] }, actual)) return false
  }
  return true
}

/** The text form, as labels.Selector.String: `a=b,c in (d,e),!f`. */
export function labelSelectorText(requirements: LabelRequirements): string {
  return requirements.map(requirementText).join(',')
}

/** For people: `<none>` where nothing is selected by (metav1.FormatLabelSelector). */
export function formatLabelSelector(selector: LabelSelector | null | undefined): string {
  const requirements = labelRequirements(selector)
  if (!requirements) return selector ? '<error>' : '<none>'
  return labelSelectorText(requirements) || '<none>'
}

function requirementText({ key, operator, values }: LabelRequirement): string {
  const list = values.length > 1 ? [...values].sort().join(',') : (values[0] ?? '')
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${list})`
    case 'gt':
      return `${key}>${list}`
    case 'lt':
      return `${key}<${list}`
    default:
      return `${key}${operator}${list}`
  }
}

function sortedByKey(requirements: LabelRequirement[]): LabelRequirements {
  return requirements.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
}

interface Token {
  kind: 'identifier' | 'symbol' | 'keyword' | 'end' | 'error'
  text: string
}

/** Longest first. */
const symbols = ['==', '!=', '=', '!', '(', ')', ',', '>', '<'] as const
const isSpecial = /[=!(),><]/
const identifierEnd = /[=!(),><\s]/

function tokens(text: string): Token[] {
  const found: Token[] = []
  let position = 0
  for (;;) {
    while (position < text.length && ' \t\r\n'.includes(text[position] ?? '')) position++
    if (position >= text.length) break
    const start = position
    if (isSpecial.test(text[start] ?? '')) {
      const symbol = symbols.find((each) => text.startsWith(each, start)) ?? ''
      position += symbol.length
      found.push({ kind: 'symbol', text: symbol })
      continue
    }
    while (position < text.length && !identifierEnd.test(text[position] ?? '')) position++
    const word = text.slice(start, position)
    found.push({ kind: word === 'in' || word === 'notin' ? 'keyword' : 'identifier', text: word })
  }
  found.push({ kind: 'end', text: '' })
  return found
}

const binaryOperators: Readonly<Record<string, LabelOperator>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
}

/** The order in which upstream lists what it would have taken. */
const expectedOperators = 'in, notin, =, ==, !=, gt, lt'

/** Recursive descent over the grammar in labels.Parse's documentation. */
class LabelSelectorParser {
  readonly #tokens: readonly Token[]
  #position = 0

  constructor(text: string) {
    this.#tokens = tokens(text)
  }

  parse(): LabelRequirements {
    const requirements: LabelRequirement[] = []
    for (;;) {
      const token = this.#peek()
      if (token.kind === 'end') break
      if (!startsRequirement(token)) {
        throw badRequest(`found '${token.text}', expected: !, identifier, or 'end of string'`)
      }
      requirements.push(this.#requirement())
      const next = this.#next()
      if (next.kind === 'end') break
      if (next.text !== ',') throw badRequest(`found '${next.text}', expected: ',' or 'end of string'`)
      const after = this.#peek()
      if (!startsRequirement(after)) throw badRequest(`found '${after.text}', expected: identifier after ','`)
    }
    return sortedByKey(requirements)
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#position, this.#tokens.length - 1)] ?? { kind: 'end', text: '' }
  }

  #next(): Token {
    const token = this.#peek()
    this.#position++
    return token
  }

  #requirement(): LabelRequirement {
    let token = this.#next()
    const negated = token.text === '!'
    if (negated) token = this.#next()
    if (!isWord(token)) throw unparsable(`found '${token.text}', expected: identifier`)
    const key = token.text
    const problems = isQualifiedName(key)
    if (problems.length > 0) throw unparsable(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problems.join('; ')}`)
    const next = this.#peek()
    if (negated) return { key, operator: '!', values: [] }
    if (next.kind === 'end' || next.text === ',') return { key, operator: 'exists', values: [] }
    const operator = binaryOperators[this.#next().text]
    if (!operator) throw unparsable(`found '${next.text}', expected: ${expectedOperators}`)
    const values = operator === 'in' || operator === 'notin' ? this.#valueList() : [this.#exactValue()]
    return checkedRequirement(key, operator, values)
  }

  #exactValue(): string {
    const token = this.#peek()
    if (token.kind === 'end' || token.text === ',') return ''
    this.#position++
    if (!isWord(token)) throw unparsable(`found '${token.text}', expected: identifier`)
    return token.text
  }

  #valueList(): string[] {
    const open = this.#next()
    if (open.text !== '(') throw unparsable(`found '${open.text}' expected: '('`)
    const first = this.#peek()
    if (first.text === ')') {
      this.#position++
      return ['']
    }
    if (!isWord(first) && first.text !== ',') {
      throw unparsable(`found '${first.text}', expected: ',', ')' or identifier`)
    }
    const values = new Set<string>()
    for (;;) {
      const token = this.#next()
      if (isWord(token)) {
        values.add(token.text)
        const next = this.#peek()
        if (next.text === ')') break
        if (next.text !== ',') throw unparsable(`found '${next.text}', expected: ',' or ')'`)
      } else if (token.text === ',') {
        // An empty place in the list, such as `(,a)` or `(a,)`, is the empty value.
        if (values.size === 0) values.add('')
        const next = this.#peek()
        if (next.text === ')' || next.text === ',') values.add('')
        if (next.text === ')') break
      } else {
        throw unparsable(`found '${token.text}', expected: ',', or identifier`)
      }
    }
    this.#position++
    return [...values].sort()
  }
}

function startsRequirement(token: Token): boolean {
  return isWord(token) || token.text === '!'
}

function isWord(token: Token): boolean {
  return token.kind === 'identifier' || token.kind === 'keyword'
}

function unparsable(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`)
}

function checkedRequirement(key: string, operator: LabelOperator, values: string[]): LabelRequirement {
  const problems: string[] = []
  if (operator === 'gt' || operator === 'lt') {
    for (const [index, value] of values.entries()) {
      if (integer.test(value)) continue
      problems.push(
        `values[${index}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
      )
    }
  }
  for (const [index, value] of values.entries()) {
    const wrong = isLabelValue(value)
    if (wrong.length === 0) continue
    problems.push(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${wrong.join('; ')}`)
  }
  if (problems.length > 0) throw unparsable(problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`)
  return { key, operator, values }
}

export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

export type FieldSelector = readonly FieldRequirement[]

/** What decides the fields that may be selected by; a custom kind brings its version's selectableFields. */
export interface SelectableKind {
  readonly group: string
  readonly version?: string
  readonly kind: string
  /** JSON paths such as `.spec.color`. */
  readonly selectableFields?: readonly string[]
}

const everyField: FieldSelector = Object.freeze([])
const metadataFields: readonly string[] = ['metadata.name', 'metadata.namespace']

interface FieldRules {
  fields: readonly string[]
  /** What upstream says of any other field; `%s` stands for it. */
  unsupported: string
}

function rules(fields: readonly string[], unsupported = 'field label not supported: %s'): FieldRules {
  return { fields, unsupported }
}

const eventFields = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']

/** AddFieldLabelConversionFunc of pkg/apis/<group>/v1/conversion.go; kinds that are not here take metadata only. */
const fieldRules = new Map<string, FieldRules>([
  [
    '/Pod',
    rules([
      ...metadataFields,
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.podIPs',
      'status.nominatedNodeName',
      'spec.host',
    ]),
  ],
  ['/Node', rules(['metadata.name', 'spec.unschedulable'])],
  ['/ReplicationController', rules([...metadataFields, 'status.replicas'])],
  ['/Namespace', rules(['metadata.name', 'status.phase'])],
  ['/Secret', rules([...metadataFields, 'type'])],
  ['/Service', rules([...metadataFields, 'spec.clusterIP', 'spec.type'])],
  [
    '/Event',
    rules([
      ...metadataFields,
      ...eventFields.map((name) => `involvedObject.${name}`),
      'reason',
      'reportingComponent',
      'source',
      'type',
    ]),
  ],
  [
    'events.k8s.io/Event',
    rules([
      ...metadataFields,
      ...eventFields.map((name) => `regarding.${name}`),
      'reason',
      'reportingController',
      'type',
    ]),
  ],
  ['batch/Job', rules([...metadataFields, 'status.successful'], 'field label "%s" not supported for Job')],
  ['certificates.k8s.io/CertificateSigningRequest', rules(['metadata.name', 'spec.signerName'])],
  [
    'resource.k8s.io/ResourceSlice',
    rules(
      ['metadata.name', 'spec.nodeName', 'spec.driver'],
      'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: %s',
    ),
  ],
])

const defaultRules = rules(
  metadataFields,
  '"%s" is not a known field selector: only "metadata.name", "metadata.namespace"',
)

/** Every field that requests may select objects of the kind by. */
export function fieldLabels(kind: SelectableKind): readonly string[] {
  const known = (fieldRules.get(`${kind.group}/${kind.kind}`) ?? defaultRules).fields
  if (!kind.selectableFields || kind.selectableFields.length === 0) return known
  return [...known, ...kind.selectableFields.map((path) => path.replace(/^\./, ''))]
}

/** Parses a `fieldSelector` parameter; throws BadRequest for a bad one and for fields that the kind has not. */
export function parseFieldSelector(text: string, kind: SelectableKind): FieldSelector {
  if (text === '') return everyField
  const requirements: FieldRequirement[] = []
  for (const term of splitTerms(text)) {
    if (term === '') continue
    const requirement = parseTerm(term)
    if (!requirement) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
    requirements.push(supported(requirement, kind))
  }
  return requirements
}

function supported(requirement: FieldRequirement, kind: SelectableKind): FieldRequirement {
  if (!fieldLabels(kind).includes(requirement.field)) {
    const { unsupported } = kind.selectableFields?.length
      ? rules([])
      : (fieldRules.get(`${kind.group}/${kind.kind}`) ?? defaultRules)
    throw badRequest(unsupported.replace('%s', () => requirement.field))
  }
  // Clients from before v1 send the old name.
  return requirement.field === 'spec.host' ? { ...requirement, field: 'spec.nodeName' } : requirement
}

/** Splits at commas that no backslash escapes, and sorts, as fields.parseSelector. */
function splitTerms(text: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '\\') index++
    else if (text[index] === ',') {
      terms.push(text.slice(start, index))
      start = index + 1
    }
  }
  terms.push(text.slice(start))
  return terms.sort()
}

const termShape = /^(.*?)(!=|==|=)(.*)$/s

function parseTerm(term: string): FieldRequirement | undefined {
  const match = termShape.exec(term)
  if (!match) return undefined
  return { field: match[1] ?? '', operator: match[2] === '!=' ? '!=' : '=', value: unescapeValue(match[3] ?? '') }
}

function unescapeValue(text: string): string {
  let value = ''
  const characters = Array.from(text)
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? ''
    if (character === ',' || character === '=') {
      throw badRequest(`invalid field selector: unescaped character in value: ${character.codePointAt(0)}`)
    }
    if (character !== '\\') {
      value += character
      continue
    }
    const escaped = characters[++index]
    if (escaped === undefined || !'\\,='.includes(escaped)) {
      throw badRequest(`invalid field selector: invalid escape sequence: \\${escaped ?? ''}`)
    }
    value += escaped
  }
  return value
}

/** Whether the object has the selected field values; a field without a value counts as ''. */
export function fieldSelectorMatches(selector: FieldSelector, kind: SelectableKind, object: KubeObject): boolean {
  for (const { field, operator, value } of selector) {
    if ((fieldValue(field, kind, object) === value) !== (operator === '=')) return false
  }
  return true
}

/** ToSelectableFields of the kinds' registries: derived values first, all others are what stands at the path. */
function fieldValue(field: string, kind: SelectableKind, object: KubeObject): string {
  switch (field) {
    case 'metadata.name':
      return object.metadata.name ?? ''
    case 'metadata.namespace':
      return object.metadata.namespace ?? ''
    case 'spec.hostNetwork':
    case 'spec.unschedulable':
      if (kind.group !== '') break
      return textAt(object, field) || 'false'
    case 'status.replicas':
      return textAt(object, field) || '0'
    case 'status.successful':
      return textAt(object, 'status.succeeded') || '0'
    case 'status.podIP':
      return textAt(object, 'status.podIPs.0.ip')
    case 'status.podIPs':
      // Upstream takes the field but never fills it.
      return ''
  }
  return kind.kind === 'Event' ? eventFieldValue(field, object) : textAt(object, field)
}

/** Events are kept in core/v1's shape; a reader may hold them in that of events.k8s.io. */
function eventFieldValue(field: string, object: KubeObject): string {
  if (field === 'source') {
    return (
      textAt(object, 'source.component') ||
      textAt(object, 'deprecatedSource.component') ||
      textAt(object, 'reportingComponent')
    )
  }
  if (field === 'reportingController' || field === 'reportingComponent') {
    return textAt(object, 'reportingComponent') || textAt(object, 'reportingController')
  }
  const [head, name] = field.split('.')
  if (name === undefined) return textAt(object, field)
  if (head !== 'involvedObject' && head !== 'regarding') return textAt(object, field)
  return textAt(object, `involvedObject.${name}`) || textAt(object, `regarding.${name}`)
}

/** The scalar at a dotted path as text; '' where there is none. */
function textAt(object: unknown, path: string): string {
  let value: unknown = object
  let start = 0
  while (start <= path.length) {
    if (typeof value !== 'object' || value === null) return ''
    const dot = path.indexOf('.', start)
    const end = dot === -1 ? path.length : dot
    value = (value as Record<string, unknown>)[path.slice(start, end)]
    start = end + 1
  }
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}
