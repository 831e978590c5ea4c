// The requests of a claim by their names, to which constraints, configurations and allocations refer.

import { field } from '../field-error.ts'
import type { DeviceClaim } from '../generated/kinds.ts'
import { isDns1123Label } from '../names.ts'
import { validateItems } from './devices.ts'
import { addInvalid, type FieldErrors } from './fields.ts'

export const maxRequests = 32

/** By request, the names of its alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>

export function requestNamesOf(claim: DeviceClaim | null | undefined): RequestNames {
  return new Map(
    (claim?.requests ?? []).map(({ name, firstAvailable }) => [
      name,
      new Set((firstAvailable ?? []).map((alternative) => alternative.name)),
    ]),
  )
}

/** `request`, or `request/alternative`. */
export function validateRequestReference(
  errors: FieldErrors,
  path: string,
  { name, known }: { name: string; known: RequestNames },
): void {
  const why = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
  const segments = name.split('/')
  const [request = '', alternative] = segments
  if (segments.length > 2) {
    errors.push(field.invalid(path, name, why))
    return
  }
  for (const segment of segments) addInvalid(errors, path, segment, isDns1123Label(segment))
  const alternatives = known.get(request)
  const isKnown = alternatives !== undefined && (alternative === undefined || alternatives.has(alternative))
  if (!isKnown) errors.push(field.invalid(path, name, why))
}

export function validateRequestReferences(
  errors: FieldErrors,
  path: string,
  { names, known }: { names: readonly string[] | null | undefined; known: RequestNames },
): void {
  validateItems(errors, path, names, {
    max: maxRequests,
    key: (name) => name,
    each: (at, name) => validateRequestReference(errors, at, { name, known }),
  })
}
