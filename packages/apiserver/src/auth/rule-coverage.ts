// Which rules are covered by others: nobody may grant what they do not hold themselves.
// Upstream: component-helpers auth/rbac/validation/policy_comparator.go, pkg/registry/rbac/validation.

import type { PolicyRule } from '@binnacle/api'

/** The parts of `wanted` that `owned` does not cover, each with one verb and one resource or path. */
export function uncoveredRules(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(brokenDown).filter((part) => !owned.some((rule) => covers(rule, part)))
}

function brokenDown({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = []
  const names = (resourceNames ?? []).length > 0 ? resourceNames : undefined
  for (const group of apiGroups ?? []) {
    for (const resource of resources ?? []) {
      for (const verb of verbs) {
        const part: PolicyRule = { verbs: [verb], apiGroups: [group], resources: [resource] }
        if (names === undefined) parts.push(part)
        else for (const name of names) parts.push({ ...part, resourceNames: [name] })
      }
    }
  }
  for (const url of nonResourceURLs ?? [])
    for (const verb of verbs) parts.push({ verbs: [verb], nonResourceURLs: [url] })
  return parts
}

function covers(rule: PolicyRule, part: PolicyRule): boolean {
  const names = rule.resourceNames ?? []
  const partNames = part.resourceNames ?? []
  return (
    includesAll(rule.verbs, part.verbs) &&
    includesAll(rule.apiGroups ?? [], part.apiGroups ?? []) &&
    (part.resources ?? []).every((resource) => coversResource(rule.resources ?? [], resource)) &&
    (part.nonResourceURLs ?? []).every((url) => (rule.nonResourceURLs ?? []).some((own) => coversPath(own, url))) &&
    (names.length === 0 || (partNames.length > 0 && partNames.every((name) => names.includes(name))))
  )
}

function includesAll(owned: readonly string[], wanted: readonly string[]): boolean {
  return owned.includes('*') || wanted.every((one) => owned.includes(one))
}

function coversResource(owned: readonly string[], resource: string): boolean {
  if (owned.includes('*') || owned.includes(resource)) return true
  const slash = resource.indexOf('/')
  return slash >= 0 && owned.includes(`*${resource.slice(slash)}`)
}

function coversPath(own: string, path: string): boolean {
  return own === path || (own.endsWith('*') && path.startsWith(own.replace(/\*+$/, '')))
}

/** As upstream words them, sorted; the verbs of one resource together: `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`. */
export function rulesText(rules: readonly PolicyRule[]): string {
  const byTarget = new Map<string, PolicyRule>()
  for (const rule of rules) {
    const { verbs, ...target } = rule
    const key = JSON.stringify(target)
    const known = byTarget.get(key)
    // Paths are not put together upstream.
    if (known === undefined || rule.nonResourceURLs !== undefined) {
      byTarget.set(rule.nonResourceURLs === undefined ? key : JSON.stringify(rule), rule)
    } else byTarget.set(key, { ...known, verbs: [...known.verbs, ...verbs] })
  }
  const texts = [...byTarget.values()].map(ruleText)
  return texts.sort().join('\n')
}

function ruleText({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['NonResourceURLs', nonResourceURLs],
    ['ResourceNames', resourceNames],
    ['Verbs', verbs],
  ] as const
  const present = parts.flatMap(([name, values]) =>
    values === undefined || values.length === 0 ? [] : [`${name}:${quotedList(values)}`],
  )
  return `{${present.join(', ')}}`
}

/** As Go prints a slice with %q. */
export function quotedList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`
}
