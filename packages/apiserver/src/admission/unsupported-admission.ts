// What this server cannot enforce yet is not taken in silence: admission configuration is refused by name, and a
// namespace whose Pod Security level would not be enforced is answered with a warning.

import { forbidden } from '@binnacle/api'
import type { AdmissionPlugin } from '../admission.ts'

const group = 'admissionregistration.k8s.io'

const refusals: Readonly<Record<string, string>> = {
  [`mutatingwebhookconfigurations.${group}`]: 'admission webhooks are not supported by this server',
  [`validatingwebhookconfigurations.${group}`]: 'admission webhooks are not supported by this server',
}

const enforceLabel = 'pod-security.kubernetes.io/enforce'

export const unsupportedAdmission: AdmissionPlugin = {
  name: 'UnsupportedAdmission',

  validate({ operation, resource, subresource, name, object, ...request }) {
    if (subresource || (operation !== 'CREATE' && operation !== 'UPDATE')) return
    const why = refusals[resource.storageKey]
    if (why !== undefined && operation === 'CREATE') throw forbidden(resource, name || object?.metadata.name || '', why)
    if (resource.storageKey !== 'namespaces') return
    const level = object?.metadata.labels?.[enforceLabel]
    if (level !== undefined && level !== 'privileged')
      request.warn(`${enforceLabel}: this server does not enforce Pod Security levels`)
  },
}
