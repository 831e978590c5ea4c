// Defaults of resource.k8s.io (pkg/apis/resource/v1/defaults.go).

import type {
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimSpec,
  ResourceClaimTemplate,
  ResourceSlice,
} from '../generated/kinds.ts'
import { canonicalOrRefused } from './resource-list.ts'

function defaultRequest(request: ExactDeviceRequest | DeviceSubRequest): void {
  request.allocationMode ||= 'ExactCount'
  if (request.allocationMode === 'ExactCount') request.count ||= 1
}

function defaultClaimSpec(spec: ResourceClaimSpec): void {
  spec.devices ??= {}
  for (const request of spec.devices.requests ?? []) {
    if (request.exactly) defaultRequest(request.exactly)
    for (const alternative of request.firstAvailable ?? []) defaultRequest(alternative)
  }
}

export function defaultResourceClaim(claim: ResourceClaim): void {
  claim.spec ??= {}
  claim.status ??= {}
  defaultClaimSpec(claim.spec)
}

export function defaultResourceClaimTemplate(template: ResourceClaimTemplate): void {
  template.spec ??= { spec: {} }
  template.spec.metadata ??= {}
  template.spec.spec ??= {}
  defaultClaimSpec(template.spec.spec)
}

/** Taints get the time at which they came; devices are decided by drivers, so only quantities are touched otherwise. */
export function defaultResourceSlice(slice: ResourceSlice, now: string): void {
  for (const device of slice.spec?.devices ?? []) {
    for (const taint of device.taints ?? []) taint.timeAdded ??= now
    for (const name in device.capacity) {
      const capacity = device.capacity[name]
      if (capacity?.value != null) capacity.value = canonicalOrRefused(capacity.value)
    }
  }
}
