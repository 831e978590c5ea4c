// One error on the wire: StatusError around a Kubernetes Status. Made only by the constructors here, read only by the
// predicates. Texts are those of k8s.io/apimachinery pkg/api/errors, since clients show and sometimes parse them.

/** The `reason` of a failed Status, as metav1.StatusReason. */
export type StatusReason = keyof typeof codeByReason

/** A total table: a new reason does not compile until it has its HTTP code. */
const codeByReason = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 500,
  Timeout: 504,
  StoreReadError: 500,
} as const

export interface StatusCause {
  reason?: string
  message?: string
  field?: string
}

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: StatusCause[]
  retryAfterSeconds?: number
}

export interface Status {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: { continue?: string; resourceVersion?: string }
  status: 'Success' | 'Failure'
  message?: string
  reason?: string
  details?: StatusDetails
  code?: number
}

/** What a resource is called in messages: plural name and API group ('' for core). */
export interface GroupResource {
  group: string
  resource: string
}

/** `pods` or `deployments.apps`, as schema.GroupResource.String. */
export function groupResourceString(resource: GroupResource): string {
  return resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`
}

export class StatusError extends Error {
  readonly status: Status

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? 'unknown', options)
    this.name = 'StatusError'
    this.status = status
  }

  get code(): number {
    return this.status.code ?? 500
  }

  get reason(): string {
    return this.status.reason ?? ''
  }
}

interface FailureOptions {
  details?: StatusDetails
  code?: number
  cause?: unknown
  continueToken?: string
}

/** The general constructor behind all others. */
export function failure(reason: StatusReason, message: string, options: FailureOptions = {}): StatusError {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: options.continueToken === undefined ? {} : { continue: options.continueToken },
    status: 'Failure',
    message,
    reason,
    code: options.code ?? codeByReason[reason],
  }
  if (options.details) status.details = options.details
  return new StatusError(status, options.cause === undefined ? undefined : { cause: options.cause })
}

function detailsOf(resource: GroupResource, name: string): StatusDetails {
  const details: StatusDetails = {}
  if (name) details.name = name
  if (resource.group) details.group = resource.group
  if (resource.resource) details.kind = resource.resource
  return details
}

export function notFound(resource: GroupResource, name: string): StatusError {
  return failure('NotFound', `${groupResourceString(resource)} "${name}" not found`, {
    details: detailsOf(resource, name),
  })
}

/** For a path that no resource serves. */
export function pathNotFound(): StatusError {
  return failure('NotFound', 'the server could not find the requested resource', { details: {} })
}

export function alreadyExists(resource: GroupResource, name: string): StatusError {
  return failure('AlreadyExists', `${groupResourceString(resource)} "${name}" already exists`, {
    details: detailsOf(resource, name),
  })
}

export function conflict(resource: GroupResource, name: string, why: string): StatusError {
  return failure('Conflict', `Operation cannot be fulfilled on ${groupResourceString(resource)} "${name}": ${why}`, {
    details: detailsOf(resource, name),
  })
}

/** The text with which upstream answers a stale resourceVersion; clients retry on the reason, people read the text. */
export const staleObject = 'the object has been modified; please apply your changes to the latest version and try again'

export function forbidden(resource: GroupResource, name: string, why: string): StatusError {
  const quoted = name === '' ? groupResourceString(resource) : `${groupResourceString(resource)} "${name}"`
  const what = groupResourceString(resource) === '' ? 'forbidden' : `${quoted} is forbidden`
  return failure('Forbidden', `${what}: ${why}`, { details: detailsOf(resource, name) })
}

export function unauthorized(why = 'Unauthorized'): StatusError {
  return failure('Unauthorized', why)
}

export function badRequest(why: string): StatusError {
  return failure('BadRequest', why)
}

export function methodNotSupported(resource: GroupResource, verb: string): StatusError {
  return failure(
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind "${groupResourceString(resource)}"`,
    {
      details: detailsOf(resource, ''),
    },
  )
}

/** For a method that no route has. */
export function methodNotAllowed(): StatusError {
  return failure('MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} })
}

/** `accepted` are the media types that would have been served. */
export function notAcceptable(accepted: readonly string[]): StatusError {
  return failure('NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`)
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return failure(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )
}

export function requestEntityTooLarge(why: string): StatusError {
  return failure('RequestEntityTooLarge', `Request entity too large: ${why}`)
}

export function tooManyRequests(why: string, retryAfterSeconds: number): StatusError {
  return failure('TooManyRequests', why, { details: retryAfterSeconds > 0 ? { retryAfterSeconds } : {} })
}

/** A resourceVersion or continue token older than what is kept. */
export function resourceExpired(why: string, continueToken?: string): StatusError {
  return failure('Expired', why, continueToken === undefined ? {} : { continueToken })
}

export function timeout(why: string, retryAfterSeconds: number): StatusError {
  return failure('Timeout', `Timeout: ${why}`, { details: { retryAfterSeconds } })
}

export function internalError(cause: unknown): StatusError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return failure('InternalError', `Internal error occurred: ${message}`, { details: { causes: [{ message }] }, cause })
}

/** An error that upstream passes on without making a Status of it: 500, no reason. */
export function unclassified(message: string, cause?: unknown): StatusError {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 } as const
  return new StatusError(status, cause === undefined ? undefined : { cause })
}

export function serviceUnavailable(why: string): StatusError {
  return failure('ServiceUnavailable', why)
}

function hasReason(error: unknown, ...reasons: string[]): boolean {
  return error instanceof StatusError && reasons.includes(error.reason)
}

export function isNotFound(error: unknown): boolean {
  return hasReason(error, 'NotFound')
}

export function isAlreadyExists(error: unknown): boolean {
  return hasReason(error, 'AlreadyExists')
}

export function isConflict(error: unknown): boolean {
  return hasReason(error, 'Conflict')
}

export function isForbidden(error: unknown): boolean {
  return hasReason(error, 'Forbidden')
}

export function isInvalid(error: unknown): boolean {
  return hasReason(error, 'Invalid')
}

export function isTooManyRequests(error: unknown): boolean {
  return hasReason(error, 'TooManyRequests')
}

/** 410: relist and start again. */
export function isExpired(error: unknown): boolean {
  return hasReason(error, 'Expired', 'Gone')
}
