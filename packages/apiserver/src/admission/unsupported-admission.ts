// What this server cannot enforce yet is not taken in silence.

import type { AdmissionPlugin } from '../admission.ts'

const enforceLabel = 'pod-security.kubernetes.io/enforce'

export const unsupportedAdmission: AdmissionPlugin = {
  name: 'UnsupportedAdmission',

  validate({ operation, resource, subresource, object, ...request }) {
    if (subresource || (operation !== 'CREATE' && operation !== 'UPDATE')) return
    if (resource.storageKey !== 'namespaces') return
    const level = object?.metadata.labels?.[enforceLabel]
    if (level !== undefined && level !== 'privileged')
      request.warn(`${enforceLabel}: this server does not enforce Pod Security levels`)
  },
}
