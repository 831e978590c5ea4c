// What a kind adds to the validation that all kinds share.

import type { FieldError } from '../field-error.ts'
import type { NameCheck } from '../names.ts'
import type { CompileExpression } from './expressions.ts'

/** Functions take their own kind's type; the key under which they are registered vouches for it. */
export interface KindValidation {
  /** The rule for metadata.name; absent: a DNS subdomain. */
  name?: NameCheck
  /** Whether an update without resourceVersion is refused. */
  requiresResourceVersion?: boolean
  create?(object: never, errors: FieldError[], compile: CompileExpression): void
  /** Absent: what is checked on create is checked again. */
  update?(object: never, old: never, errors: FieldError[], compile: CompileExpression): void
  /** Updates through sub-resources that have their own rules of what may change. */
  subresources?: Readonly<Record<string, (object: never, old: never, errors: FieldError[]) => void>>
  statusUpdate?(object: never, old: never, errors: FieldError[]): void
  warnings?(object: never, old: never, warnings: string[]): void
}
