// What every request is worked on with: the same for the life of a server.

import type { Authorizer } from './auth/authorizer.ts'
import type { Registry } from './registry.ts'
import type { Engine } from './verbs/write.ts'

export interface DispatchContext {
  readonly engine: Engine
  readonly registry: Registry
  readonly authorizer: Authorizer
}
