// What is special about built-in kinds, by storage key.

import type { Strategy } from '../strategy.ts'
import { validatingAdmissionPolicies } from '../admission/policy-strategy.ts'
import { customResourceDefinitions } from '../custom/definition-strategy.ts'
import { certificateSigningRequests } from './certificate-signing-requests.ts'
import { namespaces } from './namespaces.ts'
import { pods } from './pods.ts'
import { scale } from './scale.ts'
import { serviceAccounts } from './service-accounts.ts'
import { services } from './services.ts'

const scalable: Strategy = { subresources: { scale } }

export const strategies: Readonly<Record<string, Strategy>> = {
  pods,
  services,
  namespaces,
  serviceaccounts: serviceAccounts,
  replicationcontrollers: scalable,
  'certificatesigningrequests.certificates.k8s.io': certificateSigningRequests,
  'customresourcedefinitions.apiextensions.k8s.io': customResourceDefinitions,
  'validatingadmissionpolicies.admissionregistration.k8s.io': validatingAdmissionPolicies,
  'deployments.apps': scalable,
  'replicasets.apps': scalable,
  'statefulsets.apps': scalable,
}
