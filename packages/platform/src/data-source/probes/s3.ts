// Whether S3-compatible storage takes the keys: a list of buckets, signed (AWS Signature Version 4). Who may not list
// buckets has keys that are known all the same.

import { createHash, createHmac } from 'node:crypto'
import { AccessDeniedError } from './conversation.ts'

export interface S3Keys {
  username: string
  password: string
}

const usualRegion = 'us-east-1'
const deniedCodes: ReadonlySet<string> = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidClientTokenId',
  'XAdminNoSuchAccessKey',
])

/** The answer to the list of buckets. @throws AccessDeniedError where the keys are not taken */
export async function listBuckets(url: URL, keys: S3Keys, signal: AbortSignal): Promise<Response> {
  const ask = (region: string): Promise<Response> =>
    fetch(url, { signal, redirect: 'manual', headers: signature(url, keys, region) })
  let response = await ask(usualRegion)
  let text = await response.text()
  const region = elementOf(text, 'Region')
  if (elementOf(text, 'Code') === 'AuthorizationHeaderMalformed' && region !== undefined) {
    response = await ask(region)
    text = await response.text()
  }
  const code = elementOf(text, 'Code')
  if (code !== undefined && deniedCodes.has(code))
    throw new AccessDeniedError(`${code}: ${elementOf(text, 'Message') ?? `answer ${response.status}`}`)
  return response
}

function elementOf(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
}

function signature(url: URL, { username, password }: S3Keys, region: string): Record<string, string> {
  // 20260101T000000Z.
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const day = time.slice(0, 8)
  const scope = `${day}/${region}/s3/aws4_request`
  const payload = sha256('')
  const signed = { host: url.host, 'x-amz-content-sha256': payload, 'x-amz-date': time }
  const names = Object.keys(signed).join(';')
  const lines = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`)
  const request = ['GET', url.pathname, '', lines.join(''), names, payload].join('\n')
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(request)].join('\n')
  let key: Buffer = Buffer.from(`AWS4${password}`)
  for (const part of [day, region, 's3', 'aws4_request']) key = hmac(key, part)
  const { host: _host, ...headers } = signed
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${username}/${scope}, SignedHeaders=${names}, Signature=${hmac(key, text).toString('hex')}`,
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
