// Kinds that are kept and that nothing acts on here: each object says so by an event, once a start and once for each
// change of what it asks for, as nobody should rely on it.

import type { KubeObject } from '@binnacle/api'
import { horizontalPodAutoscalers, networkPolicies } from '@binnacle/client'
import type { Controller, ResourceRef } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'
import { runController } from './run-controller.ts'

export function startNetworkPolicyNotices(context: ControllerContext): Controller {
  return startNotices(context, {
    name: 'networkpolicy-notice',
    ref: networkPolicies,
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    reason: 'NotEnforced',
    message:
      'this engine does not enforce NetworkPolicies: its pods share the addresses of one machine; a cluster with a network plugin will',
  })
}

export function startAutoscalerNotices(context: ControllerContext): Controller {
  return startNotices(context, {
    name: 'horizontal-pod-autoscaler-notice',
    ref: horizontalPodAutoscalers,
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    reason: 'NotScaled',
    message:
      'this engine does not scale by metrics: replicas stay as they are until somebody changes them; a cluster with metrics will',
  })
}

interface Notice {
  /** Of the controller, and the source of its events. */
  name: string
  ref: ResourceRef
  apiVersion: string
  kind: string
  reason: string
  message: string
}

function startNotices(
  context: ControllerContext,
  { name, ref, apiVersion, kind, reason, message }: Notice,
): Controller {
  const informer = context.informers.of<KubeObject>(ref)
  const controller = runController(context, {
    name,
    workers: 1,
    reconcile: (key) => {
      const object = informer.get(key)
      if (object !== undefined) context.events.record({ ...object, apiVersion, kind }, 'Warning', reason, message)
    },
  })
  const enqueue = ({ metadata }: KubeObject): void => controller.enqueue(`${metadata.namespace}/${metadata.name}`)
  informer.on({
    added: enqueue,
    updated: (object, old) => {
      if (object.metadata.generation !== old.metadata.generation) enqueue(object)
    },
  })
  return controller
}
