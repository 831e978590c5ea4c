// All cases, in the order in which they are sent.

import { type Case, namespace } from '../case.ts'
import { admissionCases } from './admission.ts'
import { coreCases } from './core.ts'
import { deviceCases } from './devices.ts'
import { networkCases } from './network.ts'
import { podCases } from './pods.ts'
import { policyCases } from './policy.ts'
import { protocolCases } from './protocol.ts'
import { storageCases } from './storage.ts'
import { workloadCases } from './workloads.ts'

/** Nothing makes a namespace's service account when no controller runs. */
const preparations: Case[] = [
  {
    name: 'the namespace',
    method: 'POST',
    path: '/api/v1/namespaces',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    prepares: true,
  },
  {
    name: 'the service account',
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts`,
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
    prepares: true,
  },
]

export const cases: readonly Case[] = [
  ...preparations,
  ...podCases,
  ...workloadCases,
  ...coreCases,
  ...networkCases,
  ...policyCases,
  ...storageCases,
  ...deviceCases,
  ...admissionCases,
  ...protocolCases,
]
