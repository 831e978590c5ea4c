// NamespaceLifecycle: nothing is made in a namespace that is not there or is going, and the system's own namespaces stay.
// Upstream: k8s.io/apiserver pkg/admission/plugin/namespace/lifecycle.

import { type Namespace, forbidden, notFound } from '@binnacle/api'
import type { AdmissionPlugin } from '../admission.ts'

const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public'])

/** Reviews that may be asked in any namespace. */
const reviews: ReadonlySet<string> = new Set(['localsubjectaccessreviews.authorization.k8s.io'])

export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',

  admit({ operation, resource, namespace, name, object, subresource }, reader) {
    if (operation === 'DELETE' && resource.storageKey === 'namespaces' && immortal.has(name)) {
      throw forbidden({ group: '', resource: 'namespaces' }, name, 'this namespace may not be deleted')
    }
    if (operation !== 'CREATE' || !resource.namespaced || namespace === undefined || namespace === '') return
    if (reviews.has(resource.storageKey)) return
    const found = reader.get<Namespace>('namespaces', undefined, namespace)
    if (found === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace)
    if (found.status?.phase !== 'Terminating') return
    const error = forbidden(
      subresource ? { ...resource, resource: `${resource.resource}/${subresource}` } : resource,
      name || object?.metadata.name || '',
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    )
    const message = `namespace ${namespace} is being terminated`
    error.status.details = {
      ...error.status.details,
      causes: [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }],
    }
    throw error
  },
}
