// Defaults of HorizontalPodAutoscaler (pkg/apis/autoscaling/{v1,v2}/defaults.go).

import type {
  HPAScalingRules,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerV1,
  MetricSpec,
} from '../generated/kinds.ts'
import { canonicalOrRefused } from './resource-list.ts'

const defaultCPUUtilization = 80
const periodSeconds = 15

export function defaultHorizontalPodAutoscaler(autoscaler: HorizontalPodAutoscaler): void {
  autoscaler.spec ??= { scaleTargetRef: { kind: '', name: '' }, maxReplicas: 0 }
  autoscaler.status ??= { desiredReplicas: 0 }
  const spec = autoscaler.spec
  spec.minReplicas ??= 1
  if ((spec.metrics?.length ?? 0) === 0) {
    const target = { type: 'Utilization', averageUtilization: defaultCPUUtilization } as const
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }]
  }
  for (const metric of spec.metrics ?? []) canonicalTarget(metric)
  if (!spec.behavior) return
  const up = { stabilizationWindowSeconds: 0, ...scalingRules([podsPolicy, percentPolicy]) }
  spec.behavior.scaleUp = { ...up, ...given(spec.behavior.scaleUp) }
  spec.behavior.scaleDown = { ...scalingRules([percentPolicy]), ...given(spec.behavior.scaleDown) }
}

const percentPolicy = { type: 'Percent', value: 100, periodSeconds } as const
const podsPolicy = { type: 'Pods', value: 4, periodSeconds } as const

function scalingRules(policies: readonly (typeof percentPolicy | typeof podsPolicy)[]): HPAScalingRules {
  return { selectPolicy: 'Max', policies: policies.map((policy) => ({ ...policy })) }
}

/** The fields that are set: null and undefined do not override a default. */
function given(rules: HPAScalingRules | null | undefined): HPAScalingRules {
  return Object.fromEntries(Object.entries(rules ?? {}).filter(([, value]) => value != null))
}

function canonicalTarget(metric: MetricSpec): void {
  const target = (metric.resource ?? metric.containerResource ?? metric.pods ?? metric.object ?? metric.external)
    ?.target
  if (target?.value != null) target.value = canonicalOrRefused(target.value)
  if (target?.averageValue != null) target.averageValue = canonicalOrRefused(target.averageValue)
}

/** The CPU target is defaulted by upstream's conversion to the stored version, hence here already. */
export function defaultHorizontalPodAutoscalerV1(autoscaler: HorizontalPodAutoscalerV1): void {
  autoscaler.spec ??= { scaleTargetRef: { kind: '', name: '' }, maxReplicas: 0 }
  autoscaler.status ??= { currentReplicas: 0, desiredReplicas: 0 }
  autoscaler.spec.minReplicas ??= 1
  const annotations = autoscaler.metadata?.annotations
  if (annotations?.['autoscaling.alpha.kubernetes.io/metrics']) return
  autoscaler.spec.targetCPUUtilizationPercentage ??= defaultCPUUtilization
}
