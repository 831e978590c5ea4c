// Signs approved requests for client certificates of the API server (signer kubernetes.io/kube-apiserver-client), which
// is how people get credentials of their own. The signers of kubelets have no use here: node agents have theirs from the
// engine. Upstream: pkg/controller/certificates/signer.

import { formatTime } from '@binnacle/api'
import type { CertificateSigningRequest } from '@binnacle/api'
import { certificateSigningRequests } from '@binnacle/client'
import type { Controller } from '@binnacle/client'
import type { ControllerContext, SignClientRequest } from '../context.ts'
import { runController } from './run-controller.ts'

const clientSigner = 'kubernetes.io/kube-apiserver-client'
const requiredUsage = 'client auth'
const optionalUsages: ReadonlySet<string> = new Set(['digital signature', 'key encipherment'])

export function startCertificateSigningController(context: ControllerContext): Controller {
  const { client, clock, informers, signClientRequest } = context
  const requests = informers.of<CertificateSigningRequest>(certificateSigningRequests)
  const controller = runController(context, {
    name: 'certificatesigningrequest-signing-controller',
    workers: 1,
    reconcile: async (name) => {
      const request = requests.get(name)
      if (request === undefined || signClientRequest === undefined || !isToBeSigned(request)) return
      const signed = await sign(request, signClientRequest, clock.now())
      await client.updateStatus(certificateSigningRequests, { ...request, status: { ...request.status, ...signed } })
    },
  })
  const enqueue = ({ metadata }: CertificateSigningRequest): void => controller.enqueue(metadata.name ?? '')
  requests.on({ added: enqueue, updated: enqueue })
  return controller
}

function isToBeSigned({ spec, status }: CertificateSigningRequest): boolean {
  const has = (wanted: string): boolean =>
    status?.conditions?.some(({ type, status: value }) => type === wanted && value === 'True') ?? false
  return spec.signerName === clientSigner && !status?.certificate && has('Approved') && !has('Denied') && !has('Failed')
}

/** The certificate, or the condition that says why there is none. */
async function sign(
  { spec, status }: CertificateSigningRequest,
  signClientRequest: SignClientRequest,
  now: number,
): Promise<NonNullable<CertificateSigningRequest['status']>> {
  const { expirationSeconds, usages = [] } = spec
  try {
    requireClientUsages(usages)
    const certificate = await signClientRequest({
      request: Buffer.from(spec.request, 'base64').toString(),
      keyEncipherment: usages.includes('key encipherment'),
      now,
      ...(expirationSeconds === undefined ? {} : { lifetimeSeconds: expirationSeconds }),
    })
    return { certificate: Buffer.from(certificate).toString('base64') }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const failed = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message }
    return { conditions: [...(status?.conditions ?? []), { ...failed, lastUpdateTime: formatTime(now) }] }
  }
}

function requireClientUsages(usages: readonly string[]): void {
  const other = usages.find((usage) => usage !== requiredUsage && !optionalUsages.has(usage))
  if (other !== undefined) throw new Error(`invalid usage for client certificate: ${other}`)
  if (!usages.includes(requiredUsage))
    throw new Error(`missing required usage for client certificate: ${requiredUsage}`)
}
