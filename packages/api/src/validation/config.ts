// ConfigMap and Secret (pkg/apis/core/validation).

import { field } from '../field-error.ts'
import type { ConfigMap, Secret } from '../generated/kinds.ts'
import { goJsonError } from '../go-json.ts'
import { isConfigMapKey } from '../names.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import { addInvalid, validateImmutable, type FieldErrors } from './fields.ts'
import type { KindValidation } from './kind-validation.ts'
import { utf8Length } from './metadata.ts'

const maxSize = 1024 * 1024

/** Length of what base64 text stands for. */
function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return Math.floor((base64.length * 3) / 4) - padding
}

function validateConfigMap({ data, binaryData }: ConfigMap, errors: FieldErrors): void {
  let size = 0
  for (const key in data) {
    addInvalid(errors, `data[${key}]`, key, isConfigMapKey(key))
    if (binaryData && Object.hasOwn(binaryData, key)) {
      errors.push(field.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    }
    size += utf8Length(data[key] ?? '')
  }
  for (const key in binaryData) {
    addInvalid(errors, `binaryData[${key}]`, key, isConfigMapKey(key))
    size += decodedLength(binaryData[key] ?? '')
  }
  // The whole object is meant; upstream prints a path without elements so.
  if (size > maxSize) errors.push(field.tooLong('[]', maxSize))
}

interface Immutable {
  immutable?: boolean | undefined
  data?: object | undefined
  binaryData?: object | undefined
}

function validateImmutability(object: Immutable, old: Immutable, errors: FieldErrors): void {
  if (old.immutable !== true) return
  const message = 'field is immutable when `immutable` is set'
  if (object.immutable !== true) errors.push(field.forbidden('immutable', message))
  if (!semanticallyEqual(object.data, old.data)) errors.push(field.forbidden('data', message))
  if (!semanticallyEqual(object.binaryData, old.binaryData)) errors.push(field.forbidden('binaryData', message))
}

function validateSecret(secret: Secret, errors: FieldErrors): void {
  const data = secret.data ?? {}
  let size = 0
  for (const key in data) {
    addInvalid(errors, `data[${key}]`, key, isConfigMapKey(key))
    size += decodedLength(data[key] ?? '')
  }
  if (size > maxSize) errors.push(field.tooLong('data', maxSize))
  switch (secret.type) {
    case 'kubernetes.io/service-account-token': {
      const annotation = 'kubernetes.io/service-account.name'
      if (!secret.metadata?.annotations?.[annotation]) {
        errors.push(field.required(`metadata.annotations[${annotation}]`, ''))
      }
      break
    }
    case 'kubernetes.io/dockercfg':
      validateJsonKey(errors, data, '.dockercfg')
      break
    case 'kubernetes.io/dockerconfigjson':
      validateJsonKey(errors, data, '.dockerconfigjson')
      break
    case 'kubernetes.io/basic-auth':
      if ('username' in data || 'password' in data) break
      requireKey(errors, data, 'username')
      requireKey(errors, data, 'password')
      break
    case 'kubernetes.io/ssh-auth':
      if (!data['ssh-privatekey']) errors.push(field.required('data[ssh-privatekey]', ''))
      break
    case 'kubernetes.io/tls':
      requireKey(errors, data, 'tls.crt')
      requireKey(errors, data, 'tls.key')
      break
  }
}

function requireKey(errors: FieldErrors, data: object, key: string): void {
  if (!Object.hasOwn(data, key)) errors.push(field.required(`data[${key}]`, ''))
}

function validateJsonKey(errors: FieldErrors, data: Record<string, string>, key: string): void {
  const value = data[key]
  if (value === undefined) {
    errors.push(field.required(`data[${key}]`, ''))
    return
  }
  const why = goJsonError(Buffer.from(value, 'base64').toString())
  if (why !== undefined) errors.push(field.invalid(`data[${key}]`, '<secret contents redacted>', why))
}

export const configValidations: Readonly<Record<string, KindValidation>> = {
  '/ConfigMap': {
    create: validateConfigMap,
    update: (object: ConfigMap, old: ConfigMap, errors) => {
      validateImmutability(object, old, errors)
      validateConfigMap(object, errors)
    },
  },
  '/Secret': {
    create: validateSecret,
    update: (object: Secret, old: Secret, errors) => {
      validateImmutable(errors, 'type', object.type, old.type)
      validateImmutability(object, old, errors)
      validateSecret(object, errors)
    },
  },
}
