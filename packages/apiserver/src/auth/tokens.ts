// Service-account tokens: JWTs signed with a key of the data folder, bound to the account and, where asked, to a Pod,
// Secret or Node. Upstream: pkg/serviceaccount/{claims,jwt}.go.

import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomUUID, sign, verify } from 'node:crypto'
import type { Clock, UserInfo } from '@binnacle/api'
import type { Reader } from '../strategy.ts'

export interface BoundObject {
  kind: 'Pod' | 'Secret' | 'Node'
  name: string
  uid: string
}

export interface TokenSpec {
  namespace: string
  serviceAccount: { name: string; uid: string }
  audiences: readonly string[]
  expirationSeconds: number
  boundObject?: BoundObject
  /** The node of the Pod that the token is bound to. */
  node?: { name: string; uid: string }
}

export type Verified = { user: UserInfo; audiences: string[] } | { error: string }

export interface TokenVerifier {
  verify(token: string, audiences?: readonly string[]): Promise<Verified>
}

interface Claims {
  iss?: string
  sub?: string
  aud?: string | string[]
  exp?: number
  nbf?: number
  jti?: string
  'kubernetes.io'?: {
    namespace?: string
    serviceaccount?: { name?: string; uid?: string }
    pod?: { name?: string; uid?: string }
    secret?: { name?: string; uid?: string }
    node?: { name?: string; uid?: string }
  }
}

export class ServiceAccountTokens implements TokenVerifier {
  readonly issuer: string
  readonly #private: KeyObject
  readonly #public: KeyObject
  readonly #keyId: string
  readonly #clock: Clock
  readonly #reader: Reader
  readonly #apiAudiences: readonly string[]

  constructor(options: { privateKey: string; issuer: string; clock: Clock; reader: Reader }) {
    this.#private = createPrivateKey(options.privateKey)
    this.#public = createPublicKey(options.privateKey)
    this.#keyId = createHash('sha256')
      .update(this.#public.export({ type: 'spki', format: 'der' }))
      .digest('base64url')
    this.issuer = options.issuer
    this.#apiAudiences = [options.issuer]
    this.#clock = options.clock
    this.#reader = options.reader
  }

  /** The audiences of a token for which none was named. */
  get defaultAudiences(): readonly string[] {
    return this.#apiAudiences
  }

  /** JSON Web Key Set with the public key. */
  keys(): object {
    return { keys: [{ use: 'sig', kid: this.#keyId, alg: 'ES256', ...this.#public.export({ format: 'jwk' }) }] }
  }

  issue(spec: TokenSpec): { token: string; expiresAt: number } {
    const now = Math.floor(this.#clock.now() / 1000)
    const { namespace, serviceAccount, boundObject, node } = spec
    const claims: Claims & { iat: number } = {
      aud: [...spec.audiences],
      exp: now + spec.expirationSeconds,
      iat: now,
      iss: this.issuer,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace,
        ...(node === undefined ? {} : { node }),
        ...(boundObject === undefined
          ? {}
          : { [boundObject.kind.toLowerCase()]: { name: boundObject.name, uid: boundObject.uid } }),
        serviceaccount: serviceAccount,
      },
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
    }
    const head = encode({ alg: 'ES256', kid: this.#keyId })
    const signed = `${head}.${encode(claims)}`
    const signature = sign('sha256', Buffer.from(signed), { key: this.#private, dsaEncoding: 'ieee-p1363' })
    return { token: `${signed}.${signature.toString('base64url')}`, expiresAt: (now + spec.expirationSeconds) * 1000 }
  }

  async verify(token: string, audiences: readonly string[] = this.#apiAudiences): Promise<Verified> {
    const claims = this.#claimsOf(token)
    if (claims === undefined) return { error: 'invalid bearer token' }
    const now = this.#clock.now() / 1000
    if ((claims.exp ?? 0) <= now) return { error: '[invalid bearer token, service account token has expired]' }
    if ((claims.nbf ?? 0) > now + 60) return { error: '[invalid bearer token, service account token is not valid yet]' }
    const wanted = audiences.length === 0 ? this.#apiAudiences : audiences
    const common = [claims.aud ?? []].flat().filter((audience) => wanted.includes(audience))
    if (common.length === 0) {
      return {
        error: `[invalid bearer token, token audiences ${JSON.stringify([claims.aud ?? []].flat())} is invalid for the target audiences ${JSON.stringify(wanted)}]`,
      }
    }
    const bound = claims['kubernetes.io'] ?? {}
    const problem = this.#problemWith(bound)
    if (problem !== undefined) return { error: `[invalid bearer token, ${problem}]` }
    return { user: userOf(claims), audiences: common }
  }

  #claimsOf(token: string): Claims | undefined {
    const parts = token.split('.')
    const [head = '', body = '', signature = ''] = parts
    if (parts.length !== 3) return undefined
    try {
      const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg?: unknown }
      if (alg !== 'ES256') return undefined
      const isOurs = verify(
        'sha256',
        Buffer.from(`${head}.${body}`),
        { key: this.#public, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      )
      if (!isOurs) return undefined
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims
      return claims.iss === this.issuer ? claims : undefined
    } catch {
      // Whatever it is, it is not a token of ours.
      return undefined
    }
  }

  /** A token dies with what it is bound to. */
  #problemWith({
    namespace = '',
    serviceaccount,
    pod,
    secret,
    node,
  }: NonNullable<Claims['kubernetes.io']>): string | undefined {
    const checks: [string, string, string | undefined, { name?: string; uid?: string } | undefined][] = [
      ['service account', 'serviceaccounts', namespace, serviceaccount],
      ['pod', 'pods', namespace, pod],
      ['secret', 'secrets', namespace, secret],
      ['node', 'nodes', undefined, pod === undefined ? node : undefined],
    ]
    for (const [what, storageKey, inNamespace, claim] of checks) {
      if (claim === undefined) continue
      const object = this.#reader.get(storageKey, inNamespace, claim.name ?? '')
      const name = inNamespace === undefined ? claim.name : `${inNamespace}/${claim.name}`
      if (object === undefined || object.metadata.uid !== claim.uid) return `${what} ${name} has been deleted`
    }
    return undefined
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function userOf({ jti, 'kubernetes.io': bound = {} }: Claims): UserInfo {
  const { namespace = '', serviceaccount, pod, node } = bound
  const extra: Record<string, string[]> = {}
  if (jti !== undefined) extra['authentication.kubernetes.io/credential-id'] = [`JTI=${jti}`]
  if (node?.name !== undefined) extra['authentication.kubernetes.io/node-name'] = [node.name]
  if (node?.uid !== undefined) extra['authentication.kubernetes.io/node-uid'] = [node.uid]
  if (pod?.name !== undefined) extra['authentication.kubernetes.io/pod-name'] = [pod.name]
  if (pod?.uid !== undefined) extra['authentication.kubernetes.io/pod-uid'] = [pod.uid]
  return {
    username: `system:serviceaccount:${namespace}:${serviceaccount?.name}`,
    ...(serviceaccount?.uid === undefined ? {} : { uid: serviceaccount.uid }),
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra,
  }
}
