// Conversions between the versions of built-in kinds that have two: autoscaling/v1 and v2, and the two groups in which an
// Event is seen. Upstream: pkg/apis/autoscaling/v1/conversion.go, pkg/apis/events/v1/conversion.go.

import type { EventSource, HorizontalPodAutoscaler, KubeObject } from '@binnacle/api'
import type { RowHooks } from './registry.ts'

type Fields = KubeObject & Record<string, unknown>

/** By `<apiVersion>/<resource>` of the row that is not kept as it is. */
export const builtinConversions: Readonly<Record<string, RowHooks>> = {
  'events.k8s.io/v1/events': { fromStorage: eventFromCore, toStorage: eventToCore },
  'autoscaling/v1/horizontalpodautoscalers': { fromStorage: autoscalerToV1, toStorage: autoscalerFromV1 },
}

const renamed: readonly (readonly [core: string, event: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
]

function rename(object: KubeObject, apiVersion: string, pairs: readonly (readonly [string, string])[]): KubeObject {
  const names = new Map(pairs)
  const entries = Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value] as const)
  return { ...Object.fromEntries(entries), apiVersion } as Fields
}

function eventFromCore(object: KubeObject): KubeObject {
  return rename(object, 'events.k8s.io/v1', renamed)
}

function eventToCore(object: KubeObject): KubeObject {
  const event = rename(
    object,
    'v1',
    renamed.map(([core, name]) => [name, core]),
  ) as Fields
  event['source'] ??= {} satisfies EventSource
  return event
}

const metricsAnnotation = 'autoscaling.alpha.kubernetes.io/metrics'

interface AutoscalerV1 extends KubeObject {
  spec?: Record<string, unknown> & { targetCPUUtilizationPercentage?: number }
  status?: Record<string, unknown>
}

/** v1 knows one metric, the CPU utilisation; the others travel in an annotation. */
function autoscalerToV1(object: KubeObject): KubeObject {
  const { spec, status, metadata } = object as HorizontalPodAutoscaler
  const { metrics = [], ...rest } = spec ?? { metrics: [] }
  const isCpu = (metric: (typeof metrics)[number]): boolean =>
    metric.type === 'Resource' && metric.resource?.name === 'cpu' && metric.resource.target.type === 'Utilization'
  const cpu = metrics.find(isCpu)?.resource?.target.averageUtilization
  const others = metrics.filter((metric) => !isCpu(metric))
  const annotations =
    others.length === 0
      ? metadata.annotations
      : { ...metadata.annotations, [metricsAnnotation]: JSON.stringify(others) }
  const { currentMetrics: _metrics, conditions: _conditions, ...statusRest } = status ?? { desiredReplicas: 0 }
  const converted: AutoscalerV1 = {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: annotations === undefined ? metadata : { ...metadata, annotations },
    spec: { ...rest, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }) },
    status: { ...statusRest },
  }
  return converted
}

function autoscalerFromV1(object: KubeObject): KubeObject {
  const { spec = {}, status = {}, metadata } = object as AutoscalerV1
  const { targetCPUUtilizationPercentage, ...rest } = spec
  const { [metricsAnnotation]: kept, ...annotations } = metadata.annotations ?? {}
  const metrics: unknown[] = kept === undefined ? [] : (JSON.parse(kept) as unknown[])
  if (targetCPUUtilizationPercentage !== undefined) {
    metrics.unshift({
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: targetCPUUtilizationPercentage } },
    })
  }
  const converted: Fields = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: kept === undefined ? metadata : { ...metadata, annotations },
    spec: { ...rest, ...(metrics.length === 0 ? {} : { metrics }) },
    status: { currentMetrics: null, ...status },
  }
  return converted
}
