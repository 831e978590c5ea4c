// Metadata of custom resources, as apimachinery's pkg/api/validation sees that of any object.

import {
  type FieldError,
  type KubeObject,
  field,
  isLabelValue,
  isQualifiedName,
  nameIsDnsSubdomain,
} from '@binnacle/api'

export function validateMetadata(
  { metadata }: KubeObject,
  namespaced: boolean,
  old: KubeObject | undefined,
): FieldError[] {
  const errors: FieldError[] = []
  const { name = '', namespace = '', labels, annotations, finalizers } = metadata
  if (name === '') errors.push(field.required('metadata.name', 'name or generateName is required'))
  else if (old === undefined)
    for (const detail of nameIsDnsSubdomain(name)) errors.push(field.invalid('metadata.name', name, detail))
  if (namespaced && namespace === '') errors.push(field.required('metadata.namespace', ''))
  if (!namespaced && namespace !== '') errors.push(field.forbidden('metadata.namespace', 'not allowed on this type'))
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const detail of isQualifiedName(key)) errors.push(field.invalid('metadata.labels', key, detail))
    for (const detail of isLabelValue(value)) errors.push(field.invalid('metadata.labels', value, detail))
  }
  for (const key of Object.keys(annotations ?? {})) {
    for (const detail of isQualifiedName(key.toLowerCase()))
      errors.push(field.invalid('metadata.annotations', key, detail))
  }
  for (const [index, finalizer] of (finalizers ?? []).entries()) {
    for (const detail of isQualifiedName(finalizer))
      errors.push(field.invalid(`metadata.finalizers[${index}]`, finalizer, detail))
  }
  return errors
}
