// Each namespace has a ServiceAccount `default`. Upstream: pkg/controller/serviceaccount/serviceaccounts_controller.go.

import { isAlreadyExists } from '@binnacle/api'
import type { Namespace, ServiceAccount } from '@binnacle/api'
import { namespaces, serviceAccounts } from '@binnacle/client'
import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'
import { runController } from './run-controller.ts'
import { isTerminating } from './namespace-terminating.ts'

const accountName = 'default'

export function startServiceAccountController(context: ControllerContext): Controller {
  const { client, informers } = context
  const namespaceInformer = informers.of<Namespace>(namespaces)
  const accountInformer = informers.of<ServiceAccount>(serviceAccounts)
  const controller = runController(context, {
    name: 'serviceaccount-controller',
    workers: 1,
    reconcile: async (name) => {
      const namespace = namespaceInformer.get(name)
      if (!namespace || namespace.status?.phase === 'Terminating' || namespace.metadata.deletionTimestamp) return
      if (accountInformer.get(`${name}/${accountName}`)) return
      try {
        await client.create<ServiceAccount>(serviceAccounts, {
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: { name: accountName, namespace: name },
        })
      } catch (error) {
        if (!isAlreadyExists(error) && !isTerminating(error)) throw error
      }
    },
  })
  const enqueue = ({ metadata }: Namespace): void => controller.enqueue(metadata.name ?? '')
  namespaceInformer.on({ added: enqueue, updated: enqueue })
  accountInformer.on({
    deleted: ({ metadata }) => {
      if (metadata.name === accountName) controller.enqueue(metadata.namespace ?? '')
    },
  })
  return controller
}
