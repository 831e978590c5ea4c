// Fills token Secrets that somebody asks for (type kubernetes.io/service-account-token), and deletes them with their
// account. The token is requested like any other, bound to the Secret and good for ten years, where upstream signs one
// without an end. Upstream: pkg/controller/serviceaccount/tokens_controller.go.

import { isConflict, isNotFound } from '@binnacle/api'
import type { KubeObject, Secret, ServiceAccount } from '@binnacle/api'
import { secrets, serviceAccounts } from '@binnacle/client'
import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'
import { runController } from './run-controller.ts'

const tokenType = 'kubernetes.io/service-account-token'
const nameAnnotation = 'kubernetes.io/service-account.name'
const uidAnnotation = 'kubernetes.io/service-account.uid'
const tenYearsSeconds = 10 * 365 * 24 * 3600
/** A Secret may be made a moment before its account. */
const graceMs = 60_000
const byAccount = 'account'

interface TokenRequest extends KubeObject {
  status?: { token?: string }
}

export function startServiceAccountTokenController(context: ControllerContext): Controller {
  const { client, informers, clock } = context
  const accounts = informers.of<ServiceAccount>(serviceAccounts)
  const secretInformer = informers.of<Secret>(secrets, { [byAccount]: accountKeysOf })

  const controller = runController(context, {
    name: 'serviceaccount-token-controller',
    workers: 5,
    reconcile: async (key) => {
      const secret = secretInformer.get(key)
      const [accountKey] = secret ? accountKeysOf(secret) : []
      if (!secret || accountKey === undefined) return undefined
      const account = accounts.get(accountKey)
      const uid = secret.metadata.annotations?.[uidAnnotation]
      if (!account || (uid && uid !== account.metadata.uid)) return removeLater(secret, account !== undefined)
      return fill(secret, account)
    },
  })

  async function removeLater(secret: Secret, isForAnother: boolean): Promise<{ requeueAfterMs: number } | undefined> {
    const age = clock.now() - Date.parse(secret.metadata.creationTimestamp ?? '')
    if (!isForAnother && !secret.metadata.annotations?.[uidAnnotation] && age < graceMs) {
      return { requeueAfterMs: graceMs - age }
    }
    const { name = '', namespace = '', uid } = secret.metadata
    try {
      await client.delete(secrets, { namespace, name }, uid === undefined ? {} : { preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
    return undefined
  }

  async function fill(secret: Secret, account: ServiceAccount): Promise<undefined> {
    const { name = '', namespace = '', uid } = secret.metadata
    const data = { ...secret.data }
    const certificate = context.caCertificate
    if (certificate !== undefined) data['ca.crt'] = base64(certificate)
    data['namespace'] = base64(namespace)
    if (!data['token']) {
      const answer = await client.subresource<TokenRequest>(serviceAccounts, 'token', {
        verb: 'create',
        namespace,
        name: account.metadata.name ?? '',
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          metadata: {},
          spec: {
            audiences: [],
            expirationSeconds: tenYearsSeconds,
            boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name, uid },
          },
        },
      })
      if (answer.status?.token) data['token'] = base64(answer.status.token)
    }
    const annotations = { ...secret.metadata.annotations, [uidAnnotation]: account.metadata.uid ?? '' }
    const isFull =
      secret.metadata.annotations?.[uidAnnotation] === account.metadata.uid &&
      Object.entries(data).every(([key, value]) => secret.data?.[key] === value)
    if (!isFull)
      await client.update<Secret>(secrets, { ...secret, metadata: { ...secret.metadata, annotations }, data })
    return undefined
  }

  const enqueue = ({ metadata }: Secret): void => controller.enqueue(`${metadata.namespace}/${metadata.name}`)
  secretInformer.on({ added: enqueue, updated: enqueue })
  const enqueueSecretsOf = ({ metadata }: ServiceAccount): void => {
    for (const secret of secretInformer.byIndex(byAccount, `${metadata.namespace}/${metadata.name}`)) enqueue(secret)
  }
  accounts.on({ added: enqueueSecretsOf, deleted: enqueueSecretsOf })
  return controller
}

function accountKeysOf({ type, metadata }: Secret): string[] {
  const name = metadata.annotations?.[nameAnnotation]
  return type === tokenType && name ? [`${metadata.namespace}/${name}`] : []
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
