// Sends an AdmissionReview to where a webhook listens. Upstream: k8s.io/apiserver pkg/util/webhook/client.go.

import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { EndpointSlice, Service, WebhookClientConfig } from '@binnacle/api'
import type { Reader } from '../strategy.ts'

/** As upstream, an answer that is longer is not read. */
const answerLimit = 3 * 1024 * 1024

interface Address {
  /** As error messages show it. */
  url: URL
  host: string
  port: number
}

/** Posts the review and returns what came back, parsed. Throws an Error that says why there is no answer. */
export async function callWebhook(
  config: WebhookClientConfig,
  review: unknown,
  timeoutSeconds: number,
  reader: Reader,
): Promise<unknown> {
  const { url, host, port } = addressOf(config, reader)
  url.searchParams.set('timeout', `${timeoutSeconds}s`)
  try {
    const { status, text } = await post(
      { url, host, port },
      config.caBundle,
      JSON.stringify(review),
      AbortSignal.timeout(timeoutSeconds * 1000),
    )
    if (status < 200 || status > 299) throw new Error(`the server answered with status ${status}`)
    return JSON.parse(text)
  } catch (error) {
    const isLate = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')
    const why = isLate ? 'context deadline exceeded' : error instanceof Error ? error.message : String(error)
    throw new Error(`Post ${JSON.stringify(url.href)}: ${why}`, { cause: error })
  }
}

function addressOf({ url, service }: WebhookClientConfig, reader: Reader): Address {
  if (service == null) {
    const parsed = new URL(url ?? '')
    return { url: parsed, host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(parsed.port || 443) }
  }
  const { namespace, name, port = 443, path = '' } = service
  const named = new URL(`https://${name}.${namespace}.svc:${port}`)
  named.pathname = path
  return { url: named, ...endpointOf(namespace, name, port, reader) }
}

/** One of the ready endpoints, as the proxy of Services would choose. */
function endpointOf(namespace: string, name: string, port: number, reader: Reader): { host: string; port: number } {
  const service = reader.get<Service>('services', namespace, name)
  if (service === undefined) throw new Error(`service ${JSON.stringify(name)} not found`)
  const servicePort = service.spec?.ports?.find((candidate) => candidate.port === port)
  if (service.spec?.type === 'ExternalName') return { host: service.spec.externalName ?? '', port }
  if (servicePort === undefined) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`)
  const ready = reader
    .list<EndpointSlice>('endpointslices.discovery.k8s.io', namespace)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
    .flatMap(({ endpoints = [], ports = [] }) => {
      const target = ports.find((candidate) => (candidate.name ?? '') === (servicePort.name ?? ''))?.port
      if (target === undefined) return []
      return endpoints
        .filter(({ conditions }) => conditions?.ready !== false)
        .flatMap(({ addresses }) => addresses.map((host) => ({ host, port: target })))
    })
  const chosen = ready[Math.floor(Math.random() * ready.length)]
  if (chosen === undefined) throw new Error(`no endpoints available for service ${JSON.stringify(name)}`)
  return chosen
}

function post(
  { url, host, port }: Address,
  caBundle: string | undefined,
  body: string,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        method: 'POST',
        host,
        port,
        path: `${url.pathname}${url.search}`,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          host: url.host,
          'content-length': Buffer.byteLength(body),
        },
        ...(isIP(url.hostname) === 0 ? { servername: url.hostname } : {}),
        ...(caBundle ? { ca: Buffer.from(caBundle, 'base64') } : {}),
        agent: false,
        signal,
      },
      (answer) => {
        const chunks: Buffer[] = []
        let length = 0
        answer.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          length += chunk.length
          if (length > answerLimit) request.destroy(new Error('the answer is too long'))
        })
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
        answer.on('error', reject)
      },
    )
    request.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error))
    request.end(body)
  })
}
