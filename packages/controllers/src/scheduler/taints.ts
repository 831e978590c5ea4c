// Which taints a pod bears. Upstream: k8s.io/component-helpers/scheduling/corev1 (FindMatchingUntoleratedTaint).

import type { Taint, Toleration } from '@binnacle/api'

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  // An empty key tolerates every taint, which only Exists may say.
  if (toleration.operator === 'Exists') return true
  return (!toleration.operator || toleration.operator === 'Equal') && (toleration.value ?? '') === (taint.value ?? '')
}

/** The first taint with one of the effects that no toleration matches. */
export function untoleratedTaint(
  taints: readonly Taint[] | undefined,
  options: { tolerations: readonly Toleration[] | undefined; effects: readonly string[] },
): Taint | undefined {
  return taints?.find(
    (taint) =>
      options.effects.includes(taint.effect) &&
      !options.tolerations?.some((toleration) => tolerates(toleration, taint)),
  )
}
