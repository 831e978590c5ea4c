// CertificateSubjectRestriction: nobody asks for a client certificate of the group that may do everything.
// Upstream: plugin/pkg/admission/certificates/subjectrestriction.

import 'reflect-metadata'
import { type CertificateSigningRequest, forbidden } from '@binnacle/api'
import { Pkcs10CertificateRequest } from '@peculiar/x509'
import type { AdmissionPlugin } from '../admission.ts'

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',

  validate({ operation, resource, subresource, name, object }) {
    if (
      operation !== 'CREATE' ||
      subresource ||
      resource.storageKey !== 'certificatesigningrequests.certificates.k8s.io'
    )
      return
    const { signerName, request } = (object as CertificateSigningRequest).spec
    if (signerName !== 'kubernetes.io/kube-apiserver-client') return
    const refuse = (why: string): Error => forbidden(resource, name || object?.metadata.name || '', why)
    let groups: readonly string[]
    try {
      const pem = Buffer.from(request, 'base64').toString()
      groups = new Pkcs10CertificateRequest(pem).subjectName.getField('O')
    } catch (error) {
      throw refuse(`failed to parse CSR: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (groups.includes('system:masters')) {
      throw refuse(`use of ${signerName} signer with system:masters group is not allowed`)
    }
  },
}
