// Admission: plugins that may change (admit) and then refuse (validate) a request, in upstream's order. A refusal is a
// thrown StatusError; a warning goes to the client as a Warning header.

import type { KubeObject, RequestOptions, ResourceInfo, UserInfo } from '@binnacle/api'
import type { Reader } from './strategy.ts'

export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  resource: ResourceInfo
  subresource?: string
  namespace?: string
  /** Empty on a create with generateName. */
  name: string
  /** A private draft that admit may change; absent on DELETE. */
  object?: KubeObject
  /** Frozen; absent on CREATE and CONNECT. */
  oldObject?: KubeObject
  user: UserInfo
  options: RequestOptions
  dryRun: boolean
  /** Adds a Warning header to the answer. */
  warn(message: string): void
}

export interface AdmissionPlugin {
  /** Upstream's name, such as `NamespaceLifecycle`. */
  name: string
  /** Mutating step. */
  admit?(request: AdmissionRequest, reader: Reader): void | Promise<void>
  /** Validating step, after all mutating ones and the kind's own validation. */
  validate?(request: AdmissionRequest, reader: Reader): void | Promise<void>
  /** After a create that was validated came to its end, written or not: gives back what validating took. */
  settle?(request: AdmissionRequest, reader: Reader): void
}
