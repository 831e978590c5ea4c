// Configurations of admission webhooks (pkg/apis/admissionregistration/validation, k8s.io/apiserver pkg/util/webhook).

import { field } from '../field-error.ts'
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
  WebhookClientConfig,
} from '../generated/kinds.ts'
import { isDns1035Label, isDns1123Subdomain, isPortNumber } from '../names.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import {
  failurePolicies,
  matchPolicies,
  reinvocationPolicies,
  requestVariables,
  validateMatchConditions,
  validateRule,
} from './admission-rules.ts'
import type { CompileExpression } from './expressions.ts'
import { addInvalid, validateLabelSelector, validateOptionalEnum, type FieldErrors } from './fields.ts'
import type { KindValidation } from './kind-validation.ts'

type Configuration = ValidatingWebhookConfiguration | MutatingWebhookConfiguration
type Webhook = ValidatingWebhook | MutatingWebhook

const harmless = ['None', 'NoneOnDryRun']
const allSideEffects = [...harmless, 'Some', 'Unknown']
const reviewVersions = ['v1', 'v1beta1']
/** Names of namespaces are not among the variables of a webhook's conditions. */
const { namespaceObject: _none, ...conditionVariables } = requestVariables

/** What is asked of new configurations, but of old ones only where they had it already. */
interface Strictness {
  harmless: boolean
  knownReviewVersion: boolean
  uniqueNames: boolean
  goodSelectors: boolean
  matchConditions: boolean
}

const strict: Strictness = {
  harmless: true,
  knownReviewVersion: true,
  uniqueNames: true,
  goodSelectors: true,
  matchConditions: true,
}

function validateConfiguration(
  { webhooks }: Configuration,
  errors: FieldErrors,
  { strictness, compile }: { strictness: Strictness; compile: CompileExpression },
): void {
  const seen = new Set<string>()
  for (const [index, webhook] of (webhooks ?? []).entries()) {
    const path = `webhooks[${index}]`
    const name = webhook.name ?? ''
    validateWebhook(errors, path, { webhook, strictness, compile })
    validateReviewVersions(errors, `${path}.admissionReviewVersions`, { webhook, strictness })
    if (strictness.uniqueNames && name !== '' && seen.has(name)) errors.push(field.duplicate(`${path}.name`, name))
    seen.add(name)
  }
}

function validateWebhook(
  errors: FieldErrors,
  path: string,
  { webhook, strictness, compile }: { webhook: Webhook; strictness: Strictness; compile: CompileExpression },
): void {
  validateFullyQualifiedName(errors, `${path}.name`, webhook.name)
  for (const [index, rule] of (webhook.rules ?? []).entries()) validateRule(errors, `${path}.rules[${index}]`, rule)
  validateOptionalEnum(errors, `${path}.failurePolicy`, webhook.failurePolicy, failurePolicies)
  validateOptionalEnum(errors, `${path}.matchPolicy`, webhook.matchPolicy, matchPolicies)
  const sideEffects = strictness.harmless ? harmless : allSideEffects
  if (webhook.sideEffects == null) {
    errors.push(field.required(`${path}.sideEffects`, `must specify one of ${sideEffects.join(', ')}`))
  } else validateOptionalEnum(errors, `${path}.sideEffects`, webhook.sideEffects, sideEffects)
  const seconds = webhook.timeoutSeconds
  if (seconds != null && (seconds > 30 || seconds < 1)) {
    const why = 'the timeout value must be between 1 and 30 seconds'
    errors.push(field.invalid(`${path}.timeoutSeconds`, seconds, why))
  }
  const selectorRules = { allowInvalidValues: !strictness.goodSelectors }
  validateLabelSelector(errors, `${path}.namespaceSelector`, webhook.namespaceSelector, selectorRules)
  validateLabelSelector(errors, `${path}.objectSelector`, webhook.objectSelector, selectorRules)
  if ('reinvocationPolicy' in webhook) {
    validateOptionalEnum(errors, `${path}.reinvocationPolicy`, webhook.reinvocationPolicy, reinvocationPolicies)
  }
  validateClientConfig(errors, `${path}.clientConfig`, webhook.clientConfig ?? {})
  if (strictness.matchConditions) {
    const { matchConditions: conditions } = webhook
    validateMatchConditions(errors, `${path}.matchConditions`, { conditions, compile, variables: conditionVariables })
  }
}

/** At least three segments (IsFullyQualifiedName). */
function validateFullyQualifiedName(errors: FieldErrors, path: string, name: string | undefined): void {
  if (!name) {
    errors.push(field.required(path, ''))
    return
  }
  const problems = isDns1123Subdomain(name)
  if (problems.length > 0) errors.push(field.invalid(path, name, problems.join(',')))
  else if (name.split('.').length < 3) {
    errors.push(field.invalid(path, name, 'should be a domain with at least three segments separated by dots'))
  }
}

function validateReviewVersions(
  errors: FieldErrors,
  path: string,
  { webhook, strictness }: { webhook: Webhook; strictness: Strictness },
): void {
  const versions = webhook.admissionReviewVersions ?? []
  const known = reviewVersions.join(', ')
  if (versions.length === 0) {
    errors.push(field.required(path, `must specify one of ${known}`))
    return
  }
  for (const [index, version] of versions.entries()) {
    const at = `${path}[${index}]`
    if (versions.indexOf(version) < index) errors.push(field.invalid(at, version, 'duplicate version'))
    else addInvalid(errors, at, version, isDns1035Label(version))
  }
  if (strictness.knownReviewVersion && !hasKnownVersion(versions)) {
    errors.push(field.invalid(path, versions, `must include at least one of ${known}`))
  }
}

function hasKnownVersion(versions: readonly string[]): boolean {
  return versions.some((version) => reviewVersions.includes(version))
}

const desired = '; desired format: https://host[/path]'

function validateClientConfig(errors: FieldErrors, path: string, { url, service }: WebhookClientConfig): void {
  if ((url == null) === (service == null))
    errors.push(field.required(path, 'exactly one of url or service is required'))
  else if (url != null) validateUrl(errors, `${path}.url`, url)
  else if (service != null) validateService(errors, `${path}.service`, service)
}

function validateUrl(errors: FieldErrors, path: string, url: string): void {
  const parsed = URL.parse(url)
  if (parsed === null) {
    errors.push(field.required(path, `url must be a valid URL: parse ${JSON.stringify(url)}${desired}`))
    return
  }
  const refuse = (value: string, detail: string): number => errors.push(field.invalid(path, value, detail))
  if (parsed.protocol !== 'https:') {
    refuse(parsed.protocol.slice(0, -1), `'https' is the only allowed URL scheme${desired}`)
  }
  if (parsed.host === '') refuse('', `host must be specified${desired}`)
  if (parsed.username !== '') refuse(parsed.username, 'user information is not permitted in the URL')
  if (parsed.hash !== '') refuse(parsed.hash.slice(1), 'fragments are not permitted in the URL')
  if (parsed.search !== '') refuse(parsed.search.slice(1), 'query parameters are not permitted in the URL')
}

function validateService(
  errors: FieldErrors,
  path: string,
  { name, namespace, path: urlPath, port = 443 }: NonNullable<WebhookClientConfig['service']>,
): void {
  if (!name) errors.push(field.required(`${path}.name`, ''))
  if (!namespace) errors.push(field.required(`${path}.namespace`, ''))
  const problems = isPortNumber(port)
  if (problems.length > 0) errors.push(field.invalid(`${path}.port`, port, `port is not valid: ${problems.join(', ')}`))
  if (urlPath) validateServicePath(errors, `${path}.path`, urlPath)
}

function validateServicePath(errors: FieldErrors, path: string, urlPath: string): void {
  if (urlPath === '/') return
  const refuse = (detail: string): number => errors.push(field.invalid(path, urlPath, detail))
  if (urlPath === '//') {
    refuse('segment[0] may not be empty')
    return
  }
  if (!urlPath.startsWith('/')) refuse("must start with a '/'")
  for (const [index, segment] of urlPath.slice(1).replace(/\/$/, '').split('/').entries()) {
    if (segment === '') refuse(`segment[${index}] may not be empty`)
    else for (const problem of isDns1123Subdomain(segment)) refuse(`segment[${index}]: ${problem}`)
  }
}

function strictnessAfter(configuration: Configuration, old: Configuration): Strictness {
  const webhooks: readonly Webhook[] = old.webhooks ?? []
  const names = webhooks.map(({ name }) => name)
  const conditionsOf = (of: Configuration): unknown[] =>
    (of.webhooks ?? []).map(({ matchConditions }) => matchConditions ?? [])
  return {
    harmless: webhooks.every(({ sideEffects }) => harmless.includes(sideEffects)),
    knownReviewVersion: webhooks.every(
      ({ admissionReviewVersions: versions }) => !versions?.length || hasKnownVersion(versions),
    ),
    uniqueNames: new Set(names).size === names.length,
    goodSelectors: webhooks.every(({ namespaceSelector, objectSelector }) => {
      const problems: FieldErrors = []
      for (const selector of [namespaceSelector, objectSelector]) validateLabelSelector(problems, '', selector)
      return problems.length === 0
    }),
    matchConditions: !semanticallyEqual(conditionsOf(configuration), conditionsOf(old)),
  }
}

/** For both kinds of configuration. */
export const webhookConfigurationValidation: KindValidation = {
  requiresResourceVersion: true,
  create: (configuration: Configuration, errors, compile) =>
    validateConfiguration(configuration, errors, { strictness: strict, compile }),
  update: (configuration: Configuration, old: Configuration, errors, compile) =>
    validateConfiguration(configuration, errors, { strictness: strictnessAfter(configuration, old), compile }),
}
