// Quantities in their canonical text, as decoding and encoding leave them upstream.

import { badRequest } from '../errors.ts'
import { canonicalQuantity, formatQuantity, parseQuantity, roundUpToMilli } from '../quantity.ts'

export type ResourceList = Record<string, string | number>

/** Makes one quantity canonical; a malformed one is refused with the text of upstream's decoder. */
export function canonicalOrRefused(value: string | number): string {
  try {
    return canonicalQuantity(value)
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(error.message)
    throw error
  }
}

/** Canonical quantities, rounded up to thousandths (SetDefaults_ResourceList). */
export function defaultResourceList(list: ResourceList | null | undefined): void {
  for (const name in list) {
    const canonical = canonicalOrRefused(list[name] ?? '0')
    // Only the suffixes n and u are finer than a thousandth.
    const tooFine = canonical.endsWith('n') || canonical.endsWith('u')
    list[name] = tooFine ? formatQuantity(roundUpToMilli(parseQuantity(canonical))) : canonical
  }
}

export function defaultResources(
  resources: { limits?: ResourceList | undefined; requests?: ResourceList | undefined } | null | undefined,
): void {
  if (!resources) return
  defaultResourceList(resources.limits)
  defaultResourceList(resources.requests)
}
