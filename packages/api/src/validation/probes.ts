// Probes, lifecycle hooks and the actions both can take (validateHandler of pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type { Lifecycle, LifecycleHandler, PodOS, Probe } from '../generated/kinds.ts'
import { isHttpHeaderName } from '../names.ts'
import {
  addInvalid,
  validateNonNegative,
  validatePortNumber,
  validatePortNumberOrName,
  type FieldErrors,
} from './fields.ts'

type Handler = LifecycleHandler & Pick<Probe, 'grpc'>
type HttpGet = NonNullable<Probe['httpGet']>

export interface HookRules {
  /** spec.terminationGracePeriodSeconds */
  gracePeriod: number | null | undefined
  os: PodOS | null | undefined
}

const actions = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const
type Action = (typeof actions)[number]

function validateHandler(errors: FieldErrors, path: string, handler: Handler, rules: HookRules): void {
  let chosen: Action | undefined
  for (const action of actions) {
    if (handler[action] == null) continue
    if (chosen) errors.push(field.forbidden(`${path}.${action}`, 'may not specify more than 1 handler type'))
    else {
      chosen = action
      validateAction(errors, `${path}.${action}`, handler, { ...rules, action })
    }
  }
  if (!chosen) errors.push(field.required(path, 'must specify a handler type'))
}

function validateAction(
  errors: FieldErrors,
  path: string,
  handler: Handler,
  { action, gracePeriod }: HookRules & { action: Action },
): void {
  if (action === 'exec') {
    if (!handler.exec?.command?.length) errors.push(field.required(`${path}.command`, ''))
  } else if (action === 'httpGet') {
    if (handler.httpGet) validateHttpGet(errors, path, handler.httpGet)
  } else if (action === 'tcpSocket') {
    validatePortNumberOrName(errors, `${path}.port`, handler.tcpSocket?.port ?? 0)
  } else if (action === 'grpc') {
    validatePortNumber(errors, `${path}.port`, handler.grpc?.port ?? 0)
  } else {
    const seconds = handler.sleep?.seconds ?? 0
    if (gracePeriod == null || (seconds >= 0 && seconds <= gracePeriod)) return
    const why = `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`
    errors.push(field.invalid(path, seconds, why))
  }
}

const schemes = ['HTTP', 'HTTPS']

function validateHttpGet(errors: FieldErrors, path: string, http: HttpGet): void {
  if (!http.path) errors.push(field.required(`${path}.path`, ''))
  validatePortNumberOrName(errors, `${path}.port`, http.port ?? 0)
  if (!schemes.includes(http.scheme ?? ''))
    errors.push(field.notSupported(`${path}.scheme`, http.scheme ?? '', schemes))
  for (const { name } of http.httpHeaders ?? []) {
    addInvalid(errors, `${path}.httpHeaders`, name, isHttpHeaderName(name))
  }
}

const probeNumbers = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const

export type ProbeName = 'livenessProbe' | 'readinessProbe' | 'startupProbe'

/** `path` is the container's. */
export function validateProbe(
  errors: FieldErrors,
  path: string,
  probe: Probe | null | undefined,
  { name, ...rules }: HookRules & { name: ProbeName },
): void {
  if (!probe) return
  const at = `${path}.${name}`
  validateHandler(errors, at, probe, rules)
  for (const number of probeNumbers) validateNonNegative(errors, `${at}.${number}`, probe[number])
  const grace = probe.terminationGracePeriodSeconds
  if (grace != null && grace <= 0) {
    errors.push(field.invalid(`${at}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'))
  }
  if (name === 'readinessProbe') {
    if (grace == null) return
    const why = 'must not be set for readinessProbes'
    errors.push(field.invalid(`${at}.terminationGracePeriodSeconds`, grace, why))
  } else if (probe.successThreshold !== 1) {
    errors.push(field.invalid(`${at}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'))
  }
}

const namedSignals =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'
const linuxSignals: readonly string[] = [
  ...namedSignals.split(' ').map((name) => `SIG${name}`),
  ...Array.from({ length: 15 }, (_, index) => `SIGRTMIN+${index + 1}`),
  ...Array.from({ length: 14 }, (_, index) => `SIGRTMAX-${index + 1}`),
]
const windowsSignals: readonly string[] = ['SIGKILL', 'SIGTERM']

export function validateLifecycle(errors: FieldErrors, path: string, lifecycle: Lifecycle, rules: HookRules): void {
  if (lifecycle.postStart) validateHandler(errors, `${path}.postStart`, lifecycle.postStart, rules)
  if (lifecycle.preStop) validateHandler(errors, `${path}.preStop`, lifecycle.preStop, rules)
  const signal = lifecycle.stopSignal
  if (signal == null) return
  const at = `${path}.stopSignal`
  if (!rules.os) errors.push(field.forbidden(at, 'may not be set for containers with empty `spec.os.name`'))
  else {
    const supported = rules.os.name === 'windows' ? windowsSignals : linuxSignals
    if (!supported.includes(signal)) errors.push(field.notSupported(at, signal, [...supported].sort()))
  }
}
