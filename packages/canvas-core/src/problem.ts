// Something that is wrong with an object before it is deployed.

import type { FieldPath } from './field-path.ts'
import type { ObjectKey } from './object-key.ts'

export interface Problem {
  readonly key: ObjectKey
  /** Field that the message stands at; '' for the object. */
  readonly path: FieldPath
  /** An error keeps the object from being deployed; a warning does not. */
  readonly severity: 'error' | 'warning'
  /** One word, in CamelCase: `Required`, `NameTaken`, `UseUnresolved`. */
  readonly reason: string
  /** What is wrong and what to do about it. The server's words where the server would say it. */
  readonly message: string
}
