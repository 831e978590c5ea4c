// Security contexts of containers and pods, sysctls among them (ValidateSecurityContext and
// validatePodSpecSecurityContext of pkg/apis/core/validation). Containers may be privileged, as under an upstream API
// server that runs with --allow-privileged: policy is admission's business.

import { field } from '../field-error.ts'
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
  WindowsSecurityContextOptions,
} from '../generated/kinds.ts'
import { isIdNumber } from '../names.ts'
import { addInvalid, validateOptionalEnum, type FieldErrors } from './fields.ts'
import { validateNoBacksteps } from './env-vars.ts'

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined']

function validateSeccomp(errors: FieldErrors, path: string, profile: SeccompProfile | null | undefined): void {
  if (!profile) return
  const at = `${path}.localhostProfile`
  if (!profile.type) errors.push(field.required(`${path}.type`, 'type is required when seccompProfile is set'))
  else if (!profileTypes.includes(profile.type)) {
    errors.push(field.notSupported(`${path}.type`, profile.type, profileTypes))
  } else if (profile.type === 'Localhost') {
    if (profile.localhostProfile == null) {
      errors.push(field.required(at, 'must be set when seccomp type is Localhost'))
    } else {
      if (profile.localhostProfile.startsWith('/')) {
        errors.push(field.invalid(at, profile.localhostProfile, 'must be a relative path'))
      }
      validateNoBacksteps(errors, at, profile.localhostProfile)
    }
  } else if (profile.localhostProfile != null) {
    errors.push(field.invalid(at, profile.localhostProfile, 'can only be set when seccomp type is Localhost'))
  }
}

const maxLocalhostProfileLength = 4095

function validateAppArmor(errors: FieldErrors, path: string, profile: AppArmorProfile | null | undefined): void {
  if (!profile) return
  const at = `${path}.localhostProfile`
  const local = profile.localhostProfile
  if (!profile.type) errors.push(field.required(`${path}.type`, 'type is required when appArmorProfile is set'))
  else if (!profileTypes.includes(profile.type)) {
    errors.push(field.notSupported(`${path}.type`, profile.type, profileTypes))
  } else if (profile.type !== 'Localhost') {
    if (local != null) errors.push(field.invalid(at, local, 'can only be set when AppArmor type is Localhost'))
  } else if (local == null) errors.push(field.required(at, 'must be set when AppArmor type is Localhost'))
  else if (local.trim() === '') errors.push(field.required(at, 'must be set when AppArmor type is Localhost'))
  else {
    if (local.trim() !== local) errors.push(field.invalid(at, local, 'must not be padded with whitespace'))
    if (local.length > maxLocalhostProfileLength) errors.push(field.tooLong(at, maxLocalhostProfileLength))
  }
}

function validateWindows(
  errors: FieldErrors,
  path: string,
  options: WindowsSecurityContextOptions | null | undefined,
): void {
  if (!options) return
  const { gmsaCredentialSpec: spec, runAsUserName: user } = options
  if (spec != null) {
    if (spec === '') {
      errors.push(field.invalid(`${path}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec cannot be an empty string'))
    } else if (spec.length > 64 * 1024) {
      const why = 'gmsaCredentialSpec size must be under 64 KiB'
      errors.push(field.invalid(`${path}.gmsaCredentialSpec`, spec, why))
    }
  }
  if (user === '') errors.push(field.invalid(`${path}.runAsUserName`, user, 'runAsUserName cannot be an empty string'))
}

function validateId(errors: FieldErrors, path: string, id: number | null | undefined): void {
  if (id != null) addInvalid(errors, path, id, isIdNumber(id))
}

export function validateSecurityContext(
  errors: FieldErrors,
  path: string,
  context: SecurityContext | null | undefined,
  { hostUsers }: { hostUsers: boolean },
): void {
  if (!context) return
  validateId(errors, `${path}.runAsUser`, context.runAsUser)
  validateId(errors, `${path}.runAsGroup`, context.runAsGroup)
  validateOptionalEnum(errors, `${path}.procMount`, context.procMount, ['Default', 'Unmasked'])
  if (hostUsers && context.procMount === 'Unmasked') {
    errors.push(field.invalid(`${path}.procMount`, 'Unmasked', '`hostUsers` must be false to use `Unmasked`'))
  }
  validateSeccomp(errors, `${path}.seccompProfile`, context.seccompProfile)
  if (context.allowPrivilegeEscalation === false) {
    const without = 'cannot set `allowPrivilegeEscalation` to false and'
    if (context.privileged)
      errors.push(field.invalid(path, internalContext(context), `${without} \`privileged\` to true`))
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      errors.push(field.invalid(path, internalContext(context), `${without} \`capabilities.Add\` CAP_SYS_ADMIN`))
    }
  }
  validateWindows(errors, `${path}.windowsOptions`, context.windowsOptions)
  validateAppArmor(errors, `${path}.appArmorProfile`, context.appArmorProfile)
}

const sysctlSegment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const sysctlText = `^(${sysctlSegment}[\\./])*${sysctlSegment}$`
const sysctlPattern = new RegExp(sysctlText)
const sysctlProblem = `must have at most 253 characters and match regex ${sysctlText}`
/** The sysctls that live in the namespaces a pod may share with its host (component-helpers/node/util/sysctl). */
const netSysctl = /^net\./
const ipcSysctl = /^(kernel\.sem$|kernel\.shm|kernel\.msg|fs\.mqueue\.)/

/** `kernel/sem` and `kernel.sem` are one: where the first separator is a slash, slashes and dots swap. */
function dottedSysctl(name: string): string {
  const separator = /[./]/.exec(name)?.[0]
  if (separator !== '/') return name
  return name.replace(/[./]/g, (character) => (character === '/' ? '.' : '/'))
}

function validateSysctls(errors: FieldErrors, path: string, context: PodSecurityContext, spec: PodSpec): void {
  const seen = new Set<string>()
  for (const [index, { name }] of (context.sysctls ?? []).entries()) {
    const at = `${path}[${index}].name`
    if (!name) errors.push(field.required(at, ''))
    else if (name.length > 253 || !sysctlPattern.test(name)) errors.push(field.invalid(at, name, sysctlProblem))
    else if (seen.has(name)) errors.push(field.duplicate(at, name))
    seen.add(name)
    const dotted = dottedSysctl(name ?? '')
    if (spec.hostNetwork && netSysctl.test(dotted)) {
      errors.push(field.invalid(at, name, "may not be specified when 'hostNetwork' is true"))
    } else if (spec.hostIPC && ipcSysctl.test(dotted)) {
      errors.push(field.invalid(at, name, "may not be specified when 'hostIPC' is true"))
    }
  }
}

/** `path` is the pod spec's. */
export function validatePodSecurityContext(errors: FieldErrors, path: string, spec: PodSpec): void {
  const context = spec.securityContext
  const at = `${path}.securityContext`
  if (context) {
    validateId(errors, `${at}.fsGroup`, context.fsGroup)
    validateId(errors, `${at}.runAsUser`, context.runAsUser)
    validateId(errors, `${at}.runAsGroup`, context.runAsGroup)
    for (const [index, group] of (context.supplementalGroups ?? []).entries()) {
      validateId(errors, `${at}.supplementalGroups[${index}]`, group)
    }
  }
  if (spec.hostPID && spec.shareProcessNamespace) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled'
    errors.push(field.invalid(`${at}.shareProcessNamespace`, true, why))
  }
  if (!context) return
  validateSysctls(errors, `${at}.sysctls`, context, spec)
  const policies = ['Always', 'OnRootMismatch']
  validateOptionalEnum(errors, `${at}.fsGroupChangePolicy`, context.fsGroupChangePolicy, policies)
  validateSeccomp(errors, `${at}.seccompProfile`, context.seccompProfile)
  validateWindows(errors, `${at}.windowsOptions`, context.windowsOptions)
  validateAppArmor(errors, `${at}.appArmorProfile`, context.appArmorProfile)
  validateOptionalEnum(errors, `${at}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict'])
  const changePolicies = ['MountOption', 'Recursive']
  validateOptionalEnum(errors, `${at}.seLinuxChangePolicy`, context.seLinuxChangePolicy, changePolicies)
}

/** In the shape of upstream's internal type, which its messages show. */
function internalContext(context: SecurityContext): object {
  const { capabilities, seLinuxOptions, windowsOptions, seccompProfile, appArmorProfile } = context
  const profile = (of: { type: string; localhostProfile?: string | undefined } | null | undefined): object | null =>
    of ? { Type: of.type, LocalhostProfile: of.localhostProfile ?? null } : null
  return {
    Capabilities: capabilities ? { Add: capabilities.add ?? null, Drop: capabilities.drop ?? null } : null,
    Privileged: context.privileged ?? null,
    SELinuxOptions: seLinuxOptions
      ? {
          User: seLinuxOptions.user ?? '',
          Role: seLinuxOptions.role ?? '',
          Type: seLinuxOptions.type ?? '',
          Level: seLinuxOptions.level ?? '',
        }
      : null,
    WindowsOptions: windowsOptions
      ? {
          GMSACredentialSpecName: windowsOptions.gmsaCredentialSpecName ?? null,
          GMSACredentialSpec: windowsOptions.gmsaCredentialSpec ?? null,
          RunAsUserName: windowsOptions.runAsUserName ?? null,
          HostProcess: windowsOptions.hostProcess ?? null,
        }
      : null,
    RunAsUser: context.runAsUser ?? null,
    RunAsGroup: context.runAsGroup ?? null,
    RunAsNonRoot: context.runAsNonRoot ?? null,
    ReadOnlyRootFilesystem: context.readOnlyRootFilesystem ?? null,
    AllowPrivilegeEscalation: context.allowPrivilegeEscalation ?? null,
    ProcMount: context.procMount ?? null,
    SeccompProfile: profile(seccompProfile),
    AppArmorProfile: profile(appArmorProfile),
  }
}
