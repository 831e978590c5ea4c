// Webhook configurations: what is refused before it is kept.
// Upstream: pkg/apis/admissionregistration/validation, k8s.io/apiserver pkg/util/webhook/validation.go.

import {
  type FieldError,
  type KubeObject,
  type MutatingWebhook,
  type ValidatingWebhook,
  type WebhookClientConfig,
  deepEqual,
  field,
  invalid,
  isDns1123Subdomain,
} from '@binnacle/api'
import { compile } from '../cel/environment.ts'
import type { Strategy } from '../strategy.ts'
import { registrationGroup, textOf } from './policy.ts'
import { webhookVariables } from './webhooks.ts'

interface Configuration extends KubeObject {
  webhooks?: (MutatingWebhook | ValidatingWebhook)[]
}

function check(kind: string, object: KubeObject): void {
  const { webhooks = [], metadata } = object as Configuration
  const errors = webhooks.flatMap((webhook, index) => [
    ...webhookErrors(webhook, `webhooks[${index}]`),
    ...(webhooks.findIndex(({ name }) => name === webhook.name) < index
      ? [field.duplicate(`webhooks[${index}].name`, webhook.name)]
      : []),
  ])
  if (errors.length > 0) throw invalid({ group: registrationGroup, kind }, metadata.name ?? '', errors)
}

const missing = { name: '', admissionReviewVersions: [], clientConfig: {} }

function webhookErrors(webhook: MutatingWebhook | ValidatingWebhook, path: string): FieldError[] {
  // What a client left out is told, not stumbled over.
  const received = { ...missing, ...webhook }
  const { name, sideEffects, admissionReviewVersions, timeoutSeconds = 10, matchConditions = [] } = received
  const errors: FieldError[] = isDns1123Subdomain(name).map((detail) => field.invalid(`${path}.name`, name, detail))
  if (name !== '' && name.split('.').length < 3) {
    errors.push(
      field.invalid(`${path}.name`, name, 'should be a domain with at least three segments separated by dots'),
    )
  }
  if (sideEffects == null || sideEffects === '')
    errors.push(field.required(`${path}.sideEffects`, 'must specify one of None, NoneOnDryRun'))
  else if (sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun') {
    errors.push(field.notSupported(`${path}.sideEffects`, sideEffects, ['None', 'NoneOnDryRun']))
  }
  if (admissionReviewVersions.length === 0) {
    errors.push(field.required(`${path}.admissionReviewVersions`, 'must specify one of v1, v1beta1'))
  } else if (!admissionReviewVersions.some((version) => version === 'v1' || version === 'v1beta1')) {
    errors.push(
      field.invalid(
        `${path}.admissionReviewVersions`,
        admissionReviewVersions,
        'must include at least one of v1, v1beta1',
      ),
    )
  }
  if (timeoutSeconds > 30 || timeoutSeconds < 1) {
    errors.push(
      field.invalid(`${path}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'),
    )
  }
  for (const [index, { expression }] of matchConditions.entries()) {
    try {
      compile(expression, webhookVariables)
    } catch (error) {
      errors.push(
        field.invalid(
          `${path}.matchConditions[${index}].expression`,
          expression,
          `compilation failed: ${textOf(error)}`,
        ),
      )
    }
  }
  return [...errors, ...clientConfigErrors(received.clientConfig, `${path}.clientConfig`)]
}

const desired = '; desired format: https://host[/path]'

/** Also of conversion webhooks. */
export function clientConfigErrors({ url, service }: WebhookClientConfig, path: string): FieldError[] {
  if ((url == null) === (service == null)) return [field.required(path, 'exactly one of url or service is required')]
  if (url == null) {
    const { name, namespace, path: servicePath = '/', port = 443 } = service ?? { name: '', namespace: '' }
    const errors: FieldError[] = []
    if (name === '') errors.push(field.required(`${path}.service.name`, ''))
    if (namespace === '') errors.push(field.required(`${path}.service.namespace`, ''))
    if (port < 1 || port > 65_535) {
      errors.push(
        field.invalid(`${path}.service.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'),
      )
    }
    if (servicePath !== '' && !servicePath.startsWith('/')) {
      errors.push(field.invalid(`${path}.service.path`, servicePath, `must start with a '/'`))
    }
    return errors
  }
  const parsed = URL.parse(url)
  if (parsed === null)
    return [field.required(`${path}.url`, `url must be a valid URL: parse ${JSON.stringify(url)}${desired}`)]
  const errors: FieldError[] = []
  const refuse = (value: string, detail: string): number => errors.push(field.invalid(`${path}.url`, value, detail))
  if (parsed.protocol !== 'https:')
    refuse(parsed.protocol.slice(0, -1), `'https' is the only allowed URL scheme${desired}`)
  if (parsed.host === '') refuse('', `host must be specified${desired}`)
  if (parsed.username !== '') refuse(parsed.username, 'user information is not permitted in the URL')
  if (parsed.hash !== '') refuse(parsed.hash.slice(1), 'fragments are not permitted in the URL')
  if (parsed.search !== '') refuse(parsed.search.slice(1), 'query parameters are not permitted in the URL')
  return errors
}

function configurations(kind: string): Strategy {
  return {
    prepareForCreate: (object) => check(kind, object),
    prepareForUpdate(object, old) {
      if (!deepEqual((object as Configuration).webhooks, (old as Configuration).webhooks)) check(kind, object)
    },
  }
}

export const mutatingWebhookConfigurations: Strategy = configurations('MutatingWebhookConfiguration')
export const validatingWebhookConfigurations: Strategy = configurations('ValidatingWebhookConfiguration')
