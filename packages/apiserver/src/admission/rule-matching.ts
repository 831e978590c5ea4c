// Whether a policy or a webhook is concerned with a request.
// Upstream: k8s.io/apiserver pkg/admission/plugin/webhook/predicates, pkg/admission/plugin/policy/matching.

import { type LabelSelector, type MatchResources, labelSelectorMatches } from '@binnacle/api'
import type { AdmissionRequest } from '../admission.ts'
import type { Reader } from '../strategy.ts'

interface Rule {
  resourceNames?: readonly string[] | undefined
  operations?: readonly string[] | undefined
  apiGroups?: readonly string[] | undefined
  apiVersions?: readonly string[] | undefined
  resources?: readonly string[] | undefined
  scope?: string | undefined
}

export function matchesResources(
  match: MatchResources | undefined,
  request: AdmissionRequest,
  reader: Reader,
): boolean {
  if (match == null) return true
  if (!matchesSelectors(match, request, reader)) return false
  if (match.excludeResourceRules?.some((rule) => matchesRule(rule, request)) === true) return false
  const rules = match.resourceRules ?? []
  return rules.length === 0 || rules.some((rule) => matchesRule(rule, request))
}

export function matchesRule(rule: Rule, request: AdmissionRequest): boolean {
  const { operation, resource, subresource, name, object } = request
  const path = subresource ? `${resource.resource}/${subresource}` : resource.resource
  const isForAll = subresource ? `*/${subresource}` : '*'
  const resources = rule.resources ?? []
  return (
    includes(rule.operations, operation) &&
    includes(rule.apiGroups, resource.group) &&
    includes(rule.apiVersions, resource.version) &&
    ['*/*', isForAll, path, `${resource.resource}/*`].some((pattern) => resources.includes(pattern)) &&
    (rule.scope === undefined || rule.scope === '*' || (rule.scope === 'Namespaced') === isNamespaced(request)) &&
    ((rule.resourceNames?.length ?? 0) === 0 ||
      rule.resourceNames?.includes(name || object?.metadata.name || '') === true)
  )
}

function includes(list: readonly string[] | undefined, value: string): boolean {
  return list === undefined || list.includes('*') || list.includes(value)
}

/** A Namespace counts as in no namespace here. */
function isNamespaced({ resource }: AdmissionRequest): boolean {
  return resource.namespaced && resource.storageKey !== 'namespaces'
}

interface Selectors {
  namespaceSelector?: LabelSelector | undefined
  objectSelector?: LabelSelector | undefined
}

export function matchesSelectors(
  { namespaceSelector, objectSelector }: Selectors,
  request: AdmissionRequest,
  reader: Reader,
): boolean {
  const { namespace, object, oldObject, resource } = request
  if (!isEverything(namespaceSelector)) {
    const isNamespace = resource.storageKey === 'namespaces'
    const holder = isNamespace
      ? (object ?? oldObject)
      : namespace
        ? reader.get('namespaces', undefined, namespace)
        : undefined
    if ((isNamespace || namespace) && !labelSelectorMatches(namespaceSelector, holder?.metadata.labels)) return false
  }
  if (isEverything(objectSelector)) return true
  return [object, oldObject].some(
    (candidate) => candidate !== undefined && labelSelectorMatches(objectSelector, candidate.metadata.labels),
  )
}

function isEverything(selector: LabelSelector | undefined): boolean {
  if (selector == null) return true
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions?.length ?? 0) === 0
}
