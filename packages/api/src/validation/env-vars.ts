// Environment variables and where their values come from (ValidateEnv and ValidateEnvFrom of pkg/apis/core/validation),
// with the field references that downward API volumes share.

import { field } from '../field-error.ts'
import type {
  ConfigMapKeySelector,
  EnvFromSource,
  EnvVar,
  FileKeySelector,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from '../generated/kinds.ts'
import { isConfigMapKey, isDns1123Label, isEnvVarName, isQualifiedName, nameIsDnsSubdomain } from '../names.ts'
import { canonicalQuantity, parseQuantity } from '../quantity.ts'
import { addInvalid, requireValid, type FieldErrors } from './fields.ts'

const envFields: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

/** What downward API volumes can show: only what does not change while the pod runs, and labels and annotations. */
export const volumeFields: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]

const knownFields: ReadonlySet<string> = new Set([...envFields, ...volumeFields, 'spec.restartPolicy', 'status.phase'])

const resourceFields: readonly string[] = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]

const subscripted = /^(.*)\['(.*)'\]$/s

export function validateFieldRef(
  errors: FieldErrors,
  path: string,
  reference: ObjectFieldSelector,
  supported: readonly string[],
): void {
  const { apiVersion, fieldPath } = reference
  if (!apiVersion) {
    errors.push(field.required(`${path}.apiVersion`, ''))
    return
  }
  if (!fieldPath) {
    errors.push(field.required(`${path}.fieldPath`, ''))
    return
  }
  const unsupported = (why: string): void => {
    errors.push(field.invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${why}`))
  }
  const [, name, subscript] = subscripted.exec(fieldPath) ?? []
  if (apiVersion !== 'v1') unsupported(`unsupported pod version: ${apiVersion}`)
  else if (name !== undefined && subscript !== undefined) {
    if (name === 'metadata.annotations') {
      addInvalid(errors, path, subscript.toLowerCase(), isQualifiedName(subscript.toLowerCase()))
    } else if (name === 'metadata.labels') addInvalid(errors, path, subscript, isQualifiedName(subscript))
    else unsupported(`field label does not support subscript: ${name}`)
  } else if (!knownFields.has(fieldPath)) unsupported(`field label not supported: ${fieldPath}`)
  else if (!supported.includes(fieldPath)) {
    errors.push(field.notSupported(`${path}.fieldPath`, fieldPath, [...supported].sort()))
  }
}

const byteDivisors: readonly string[] = '1 1k 1M 1G 1T 1P 1E 1Ki 1Mi 1Gi 1Ti 1Pi 1Ei'.split(' ')

function validateDivisor(errors: FieldErrors, path: string, { resource, divisor }: ResourceFieldSelector): void {
  if (divisor == null || parseQuantity(divisor).nano === 0n) return
  const text = canonicalQuantity(divisor)
  const name = resource.slice(resource.indexOf('.') + 1)
  if (name === 'cpu') {
    if (text === '1' || text === '1m') return
    const why = "only divisor's values 1m and 1 are supported with the cpu resource"
    errors.push(field.invalid(`${path}.divisor`, resource, why))
    return
  }
  if (byteDivisors.includes(text)) return
  const called = name.startsWith('hugepages-')
    ? 'hugepages'
    : { memory: 'memory', 'ephemeral-storage': 'local ephemeral storage' }[name]
  if (!called) return
  const why = `only divisor's values ${byteDivisors.join(', ')} are supported with the ${called} resource`
  errors.push(field.invalid(`${path}.divisor`, resource, why))
}

export function validateResourceFieldRef(
  errors: FieldErrors,
  path: string,
  reference: ResourceFieldSelector,
  { inVolume }: { inVolume: boolean },
): void {
  const { containerName, resource } = reference
  const isHugePages = /^(limits|requests)\.hugepages-/.test(resource ?? '')
  if (inVolume && !containerName) errors.push(field.required(`${path}.containerName`, ''))
  else if (!resource) errors.push(field.required(`${path}.resource`, ''))
  else if (!isHugePages && !resourceFields.includes(resource)) {
    errors.push(field.notSupported(`${path}.resource`, resource, [...resourceFields].sort()))
  }
  if (resource) validateDivisor(errors, path, reference)
}

/** A key of a ConfigMap or a Secret. */
function validateKeyRef(errors: FieldErrors, path: string, { name, key }: ConfigMapKeySelector): void {
  addInvalid(errors, `${path}.name`, name ?? '', nameIsDnsSubdomain(name ?? ''))
  requireValid(errors, `${path}.key`, key, isConfigMapKey)
}

function validateFileKeyRef(errors: FieldErrors, path: string, { key, volumeName, path: file }: FileKeySelector): void {
  requireValid(errors, `${path}.key`, key, isEnvVarName)
  requireValid(errors, `${path}.volumeName`, volumeName, isDns1123Label)
  if (!file) errors.push(field.required(`${path}.path`, ''))
  else validateNoBacksteps(errors, `${path}.path`, file)
}

/** Paths must not lead out of where they start. */
export function validateNoBacksteps(errors: FieldErrors, path: string, target: string): void {
  if (target.includes('..') && target.split('/').includes('..')) {
    errors.push(field.invalid(path, target, "must not contain '..'"))
  }
}

function validateValueFrom(errors: FieldErrors, path: string, { value, valueFrom }: EnvVar): void {
  if (!valueFrom) return
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom
  let sources = 0
  if (fieldRef) {
    sources++
    validateFieldRef(errors, `${path}.fieldRef`, fieldRef, envFields)
  }
  if (resourceFieldRef) {
    sources++
    validateResourceFieldRef(errors, `${path}.resourceFieldRef`, resourceFieldRef, { inVolume: false })
  }
  if (configMapKeyRef) {
    sources++
    validateKeyRef(errors, `${path}.configMapKeyRef`, configMapKeyRef)
  }
  if (secretKeyRef) {
    sources++
    validateKeyRef(errors, `${path}.secretKeyRef`, secretKeyRef)
  }
  if (fileKeyRef) {
    sources++
    validateFileKeyRef(errors, `${path}.fileKeyRef`, fileKeyRef)
  }
  if (sources === 0) {
    const why = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'
    errors.push(field.invalid(path, '', why))
  } else if (value) errors.push(field.invalid(path, '', 'may not be specified when `value` is not empty'))
  else if (sources > 1) errors.push(field.invalid(path, '', 'may not have more than one field specified at a time'))
}

export function validateEnv(errors: FieldErrors, path: string, variables: readonly EnvVar[]): void {
  for (const [index, variable] of variables.entries()) {
    const at = `${path}[${index}]`
    requireValid(errors, `${at}.name`, variable.name, isEnvVarName)
    validateValueFrom(errors, `${at}.valueFrom`, variable)
  }
}

/** Errors about the number of sources stand at the list itself, as upstream has them. */
export function validateEnvFrom(errors: FieldErrors, path: string, sources: readonly EnvFromSource[]): void {
  for (const [index, { prefix, configMapRef, secretRef }] of sources.entries()) {
    const at = `${path}[${index}]`
    if (prefix) addInvalid(errors, `${at}.prefix`, prefix, isEnvVarName(prefix))
    if (configMapRef) requireValid(errors, `${at}.configMapRef.name`, configMapRef.name, nameIsDnsSubdomain)
    if (secretRef) requireValid(errors, `${at}.secretRef.name`, secretRef.name, nameIsDnsSubdomain)
    if (!configMapRef && !secretRef) {
      errors.push(field.invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    } else if (configMapRef && secretRef) {
      errors.push(field.invalid(path, '', 'may not have more than one field specified at a time'))
    }
  }
}
