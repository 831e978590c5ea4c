// What names may look like: DNS labels and subdomains, label keys and values, ports, environment variables. Each check
// answers with the messages of k8s.io/apimachinery (pkg/util/validation, pkg/api/validate/content); none means valid.

/** A check of a name. `prefix`: the text is a generateName, to which more will be appended. */
export type NameCheck = (name: string, prefix?: boolean) => readonly string[]

/** Shared by every check that finds nothing wrong, so that the common case allocates nothing. */
const valid: readonly string[] = Object.freeze([])

const dns1123Label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const dns1123LabelMessage =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
const dns1123LabelPattern = new RegExp(`^${dns1123Label}$`)

const dns1123Subdomain = `${dns1123Label}(\\.${dns1123Label})*`
const dns1123SubdomainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const dns1123SubdomainPattern = new RegExp(`^${dns1123Subdomain}$`)
const dns1123SubdomainCaselessPattern = new RegExp(`^${dns1123Subdomain}$`, 'i')

const dns1123LabelUnderscore = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const dns1123SubdomainUnderscore = `${dns1123LabelUnderscore}(\\.${dns1123LabelUnderscore})*`
const dns1123SubdomainUnderscorePattern = new RegExp(`^${dns1123SubdomainUnderscore}$`)

const dns1035Label = '[a-z]([-a-z0-9]*[a-z0-9])?'
const dns1035LabelPattern = new RegExp(`^${dns1035Label}$`)

const wildcardSubdomain = `\\*\\.${dns1123Subdomain}`
const wildcardSubdomainPattern = new RegExp(`^${wildcardSubdomain}$`)

const labelKey = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const labelKeyMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const labelKeyPattern = new RegExp(`^${labelKey}$`)
const labelValue = `(${labelKey})?`
const labelValuePattern = new RegExp(`^${labelValue}$`)

const configMapKey = '[-._a-zA-Z0-9]+'
const configMapKeyPattern = new RegExp(`^${configMapKey}$`)

const cIdentifier = '[A-Za-z_][A-Za-z0-9_]*'
const cIdentifierPattern = new RegExp(`^${cIdentifier}$`)

const httpHeaderName = '[-A-Za-z0-9]+'
const httpHeaderNamePattern = new RegExp(`^${httpHeaderName}$`)

const percent = '[0-9]+%'
const percentPattern = new RegExp(`^${percent}$`)

const portNameCharacters = /^[-a-z0-9]+$/
const lowerCaseLetter = /[a-z]/
const printableExceptEquals = /^[\x20-\x3c\x3e-\x7e]*$/

export const dns1123LabelMaxLength = 63
export const dns1123SubdomainMaxLength = 253

/** `msg (e.g. 'a',  or 'b', regex used for validation is '…')`: the commas and blanks are upstream's. */
export function regexError(message: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${pattern}')`
  const quoted = examples.map((example) => `'${example}', `).join(' or ')
  return `${message} (e.g. ${quoted}regex used for validation is '${pattern}')`
}

export function maxLengthError(length: number): string {
  return `must be no more than ${length} characters`
}

function maxBytesError(length: number): string {
  return `must be no more than ${length} bytes`
}

export function inclusiveRangeError(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`
}

export function isDns1123Label(value: string): readonly string[] {
  if (value.length <= dns1123LabelMaxLength && dns1123LabelPattern.test(value)) return valid
  const problems: string[] = []
  if (value.length > dns1123LabelMaxLength) problems.push(maxLengthError(dns1123LabelMaxLength))
  if (!dns1123LabelPattern.test(value)) {
    const onlyDots = dns1123SubdomainPattern.test(value)
    problems.push(
      onlyDots ? 'must not contain dots' : regexError(dns1123LabelMessage, dns1123Label, 'my-name', '123-abc'),
    )
  }
  return problems
}

export function isDns1123Subdomain(value: string): readonly string[] {
  return checkPattern(value, {
    pattern: dns1123SubdomainPattern,
    max: dns1123SubdomainMaxLength,
    message: dns1123SubdomainProblem,
  })
}

const dns1123SubdomainProblem = regexError(dns1123SubdomainMessage, dns1123Subdomain, 'example.com')
const dns1035LabelProblem = regexError(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  dns1035Label,
  'my-name',
  'abc-123',
)
const underscoreSubdomainProblem = regexError(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  dns1123SubdomainUnderscore,
  'example.com',
)
const wildcardProblem = regexError(
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  wildcardSubdomain,
  '*.example.com',
)
const configMapKeyProblem = regexError(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  configMapKey,
  'key.name',
  'KEY_NAME',
  'key-name',
)
const labelValueProblem = regexError(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  labelValue,
  'MyValue',
  'my_value',
  '12345',
)
const labelNameProblem = regexError(labelKeyMessage, labelKey, 'MyName', 'my.name', '123-abc')
const cIdentifierProblem = regexError(
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  cIdentifier,
  'my_name',
  'MY_NAME',
  'MyName',
)
const httpHeaderProblem = regexError(
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  httpHeaderName,
  'X-Header-Name',
)
const percentProblem = regexError(
  "a valid percent string must be a numeric string followed by an ending '%'",
  percent,
  '1%',
  '93%',
)

interface PatternRule {
  pattern: RegExp
  max: number
  message: string
}

function checkPattern(value: string, rule: PatternRule): readonly string[] {
  const tooLong = value.length > rule.max
  const matches = rule.pattern.test(value)
  if (matches && !tooLong) return valid
  const problems: string[] = []
  if (tooLong) problems.push(maxLengthError(rule.max))
  if (!matches) problems.push(rule.message)
  return problems
}

/** Also takes upper case, as DNS itself does. */
export function isDns1123SubdomainCaseless(value: string): readonly string[] {
  return checkPattern(value, {
    pattern: dns1123SubdomainCaselessPattern,
    max: dns1123SubdomainMaxLength,
    message: regexError(
      "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      dns1123Subdomain,
      'Example.com',
    ),
  })
}

/** For search domains in resolv.conf. */
export function isDns1123SubdomainWithUnderscore(value: string): readonly string[] {
  return checkPattern(value, {
    pattern: dns1123SubdomainUnderscorePattern,
    max: dns1123SubdomainMaxLength,
    message: underscoreSubdomainProblem,
  })
}

export function isDns1035Label(value: string): readonly string[] {
  return checkPattern(value, { pattern: dns1035LabelPattern, max: 63, message: dns1035LabelProblem })
}

export function isWildcardDns1123Subdomain(value: string): readonly string[] {
  return checkPattern(value, {
    pattern: wildcardSubdomainPattern,
    max: dns1123SubdomainMaxLength,
    message: wildcardProblem,
  })
}

/** `[prefix/]name`: label and annotation keys, finalizers, resource names (content.IsLabelKey). */
export function isQualifiedName(value: string): readonly string[] {
  const slash = value.indexOf('/')
  if (slash === -1) return isQualifiedNamePart(value) ? valid : namePartProblems(value)
  if (value.includes('/', slash + 1)) {
    return [
      `a valid label key ${labelNameProblem} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  const prefix = value.slice(0, slash)
  const name = value.slice(slash + 1)
  if (prefix.length <= dns1123SubdomainMaxLength && dns1123SubdomainPattern.test(prefix) && isQualifiedNamePart(name)) {
    return valid
  }
  return [...prefixPartProblems(prefix), ...namePartProblems(name)]
}

function prefixPartProblems(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty']
  const problems: string[] = []
  if (prefix.length > dns1123SubdomainMaxLength) {
    problems.push(`prefix part ${maxBytesError(dns1123SubdomainMaxLength)}`)
  }
  if (!dns1123SubdomainPattern.test(prefix)) problems.push(`prefix part ${dns1123SubdomainProblem}`)
  return problems
}

function isQualifiedNamePart(name: string): boolean {
  return name.length <= 63 && labelKeyPattern.test(name)
}

function namePartProblems(name: string): string[] {
  const problems: string[] = []
  if (name === '') problems.push('name part must be non-empty')
  else if (name.length > 63) problems.push(`name part ${maxBytesError(63)}`)
  if (!labelKeyPattern.test(name)) problems.push(`name part ${labelNameProblem}`)
  return problems
}

export function isLabelValue(value: string): readonly string[] {
  const tooLong = value.length > 63
  const matches = labelValuePattern.test(value)
  if (matches && !tooLong) return valid
  const problems: string[] = []
  if (tooLong) problems.push(maxBytesError(63))
  if (!matches) problems.push(labelValueProblem)
  return problems
}

/** Names of ports in containers, services and endpoint slices (IANA_SVC_NAME). */
export function isPortName(value: string): readonly string[] {
  const problems: string[] = []
  if (value.length > 15) problems.push(maxLengthError(15))
  if (!portNameCharacters.test(value)) {
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  }
  if (!lowerCaseLetter.test(value)) problems.push('must contain at least one letter (a-z)')
  if (value.includes('--')) problems.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-')) problems.push('must not begin or end with a hyphen')
  return problems
}

export function isPortNumber(value: number): readonly string[] {
  return value >= 1 && value <= 65535 ? valid : [inclusiveRangeError(1, 65535)]
}

/** User and group ids. */
export function isIdNumber(value: number): readonly string[] {
  return value >= 0 && value <= 0x7fff_ffff ? valid : [inclusiveRangeError(0, 0x7fff_ffff)]
}

export function isPercentText(value: string): readonly string[] {
  return percentPattern.test(value) ? valid : [percentProblem]
}

export function isHttpHeaderName(value: string): readonly string[] {
  return httpHeaderNamePattern.test(value) ? valid : [httpHeaderProblem]
}

export function isCIdentifier(value: string): readonly string[] {
  return cIdentifierPattern.test(value) ? valid : [cIdentifierProblem]
}

/** Any printable ASCII but `=` (RelaxedEnvironmentVariableValidation, on since 1.34). */
export function isEnvVarName(value: string): readonly string[] {
  if (value === '') return ['environment variable name must be non-empty']
  if (printableExceptEquals.test(value)) return valid
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

/** Keys of ConfigMaps and Secrets. */
export function isConfigMapKey(value: string): readonly string[] {
  const matches = value.length <= dns1123SubdomainMaxLength && configMapKeyPattern.test(value)
  if (matches && !value.startsWith('.')) return valid
  const problems: string[] = []
  if (value.length > dns1123SubdomainMaxLength) problems.push(maxLengthError(dns1123SubdomainMaxLength))
  if (!configMapKeyPattern.test(value)) problems.push(configMapKeyProblem)
  if (value === '.') problems.push("must not be '.'")
  else if (value === '..') problems.push("must not be '..'")
  else if (value.startsWith('..')) problems.push("must not start with '..'")
  return problems
}

/** A generateName may end in a dash; it is checked as if one more letter followed (apimachinery maskTrailingDash). */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name
}

export const nameIsDnsSubdomain: NameCheck = (name, prefix = false) =>
  isDns1123Subdomain(prefix ? maskTrailingDash(name) : name)

export const nameIsDnsLabel: NameCheck = (name, prefix = false) =>
  isDns1123Label(prefix ? maskTrailingDash(name) : name)

export const nameIsDns1035Label: NameCheck = (name, prefix = false) =>
  isDns1035Label(prefix ? maskTrailingDash(name) : name)

/** What can stand in a URL path: RBAC names such as `system:node` (path.ValidatePathSegmentName). */
export const nameIsPathSegment: NameCheck = (name, prefix = false) => {
  if (!prefix && (name === '.' || name === '..')) return [`may not be '${name}'`]
  if (!name.includes('/') && !name.includes('%')) return valid
  const problems: string[] = []
  if (name.includes('/')) problems.push("may not contain '/'")
  if (name.includes('%')) problems.push("may not contain '%'")
  return problems
}
