// The numbers in the status of a workload: none is negative, and no part is more than the whole.

import { field } from '../field-error.ts'
import { validateNonNegative, type FieldErrors } from './fields.ts'

type Counts<Name extends string> = { [Key in Name]?: number | null | undefined } | null | undefined

/** In the order of `names`, which is upstream's. */
export function validateCounts<Name extends string>(
  errors: FieldErrors,
  status: Counts<Name>,
  names: readonly Name[],
): void {
  for (const name of names) validateNonNegative(errors, `status.${name}`, status?.[name])
}

export function validateAtMost<Name extends string>(
  errors: FieldErrors,
  status: Counts<Name>,
  { parts, whole, why }: { parts: readonly Name[]; whole: Name; why: string },
): void {
  const most = status?.[whole] ?? 0
  for (const part of parts) {
    const count = status?.[part] ?? 0
    if (count > most) errors.push(field.invalid(`status.${part}`, count, why))
  }
}

/** Controllers count collisions up, to find names that are free. */
export function validateNotDecremented(
  errors: FieldErrors,
  path: string,
  { value, old }: { value: number | null | undefined; old: number | null | undefined },
): void {
  if (old != null && (value == null || value < old))
    errors.push(field.invalid(path, value ?? 0, 'cannot be decremented'))
}
