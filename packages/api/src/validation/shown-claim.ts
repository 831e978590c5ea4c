// A claim's spec as messages show it: all fields of upstream's internal type, which have no JSON names.

import type {
  CapacityRequirements,
  DeviceSelector,
  DeviceToleration,
  OpaqueDeviceConfiguration,
  ResourceClaimSpec,
} from '../generated/kinds.ts'

interface Asked {
  deviceClassName: string
  selectors?: readonly DeviceSelector[] | undefined
  allocationMode?: string | undefined
  count?: number | undefined
  tolerations?: readonly DeviceToleration[] | undefined
  capacity?: CapacityRequirements | undefined
}

export function shownClaim({ devices }: ResourceClaimSpec): object {
  return {
    Devices: {
      Requests: listOf(devices?.requests, ({ name, exactly, firstAvailable }) => ({
        Name: name,
        Exactly: exactly ? shownAsked(exactly, { AdminAccess: exactly.adminAccess ?? null }) : null,
        FirstAvailable: listOf(firstAvailable, (one) => ({ Name: one.name, ...shownAsked(one, {}) })),
      })),
      Constraints: listOf(devices?.constraints, ({ requests, matchAttribute, distinctAttribute }) => ({
        Requests: requests ?? null,
        MatchAttribute: matchAttribute ?? null,
        DistinctAttribute: distinctAttribute ?? null,
      })),
      Config: listOf(devices?.config, ({ requests, opaque }) => ({
        Requests: requests ?? null,
        Opaque: opaque ? shownOpaque(opaque) : null,
      })),
    },
  }
}

/** `between` stands before the tolerations. */
function shownAsked(asked: Asked, between: object): object {
  return {
    DeviceClassName: asked.deviceClassName,
    Selectors: listOf(asked.selectors, ({ cel }) => ({ CEL: cel ? { Expression: cel.expression } : null })),
    AllocationMode: asked.allocationMode ?? '',
    Count: asked.count ?? 0,
    ...between,
    Tolerations: listOf(asked.tolerations, shownToleration),
    Capacity: asked.capacity ? { Requests: asked.capacity.requests ?? null } : null,
  }
}

function shownToleration({ key, operator, value, effect, tolerationSeconds }: DeviceToleration): object {
  return {
    Key: key ?? '',
    Operator: operator ?? '',
    Value: value ?? '',
    Effect: effect ?? '',
    TolerationSeconds: tolerationSeconds ?? null,
  }
}

function shownOpaque({ driver, parameters }: OpaqueDeviceConfiguration): object {
  return { Driver: driver, Parameters: parameters }
}

function listOf<T>(items: readonly T[] | null | undefined, show: (item: T) => object): object[] | null {
  return items == null ? null : items.map(show)
}
