// Defaults of webhook configurations and admission policies (pkg/apis/admissionregistration/v1/defaults.go).

import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  NamedRuleWithOperations,
  RuleWithOperations,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
  MutatingWebhook,
} from '../generated/kinds.ts'

function defaultRules(rules: (RuleWithOperations | NamedRuleWithOperations)[] | null | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*'
}

function defaultWebhook(webhook: ValidatingWebhook | MutatingWebhook): void {
  webhook.failurePolicy ??= 'Fail'
  webhook.matchPolicy ??= 'Equivalent'
  webhook.namespaceSelector ??= {}
  webhook.objectSelector ??= {}
  webhook.timeoutSeconds ??= 10
  if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443
  defaultRules(webhook.rules)
}

export function defaultValidatingWebhookConfiguration(configuration: ValidatingWebhookConfiguration): void {
  for (const webhook of configuration.webhooks ?? []) defaultWebhook(webhook)
}

export function defaultMutatingWebhookConfiguration(configuration: MutatingWebhookConfiguration): void {
  for (const webhook of configuration.webhooks ?? []) {
    defaultWebhook(webhook)
    webhook.reinvocationPolicy ??= 'Never'
  }
}

function defaultMatchResources(resources: MatchResources | null | undefined): void {
  if (!resources) return
  resources.matchPolicy ??= 'Equivalent'
  resources.namespaceSelector ??= {}
  resources.objectSelector ??= {}
  defaultRules(resources.resourceRules)
  defaultRules(resources.excludeResourceRules)
}

export function defaultAdmissionPolicy(policy: ValidatingAdmissionPolicy | MutatingAdmissionPolicy): void {
  policy.spec ??= {}
  policy.spec.failurePolicy ??= 'Fail'
  defaultMatchResources(policy.spec.matchConstraints)
}

export function defaultAdmissionPolicyBinding(
  binding: ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding,
): void {
  binding.spec ??= {}
  defaultMatchResources(binding.spec.matchResources)
}
