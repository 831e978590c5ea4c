// User name and password of data sources: made once where they run here, read from a Secret where they run elsewhere.

import { randomBytes } from 'node:crypto'
import type { Secret } from '@binnacle/api'
import type { Informer } from '@binnacle/client'
import { type Credentials, type DataSource, bindingSecretName } from '@binnacle/model'

/** Bytes of a password. */
const passwordBytes = 18
const usualUsername = 'app'

export class CredentialStore {
  readonly #secrets: Informer<Secret>
  /** Made here and perhaps not to be seen in the cluster yet: never made twice. */
  readonly #made = new Map<string, Credentials>()

  constructor(secrets: Informer<Secret>) {
    this.#secrets = secrets
  }

  /**
   * What the binding Secret says wins: who edits it has rotated the password. undefined where an external data source
   * needs none, or the Secret with its credentials is not there.
   */
  of(source: DataSource): Credentials | undefined {
    const { namespace = '', name = '', uid = '' } = source.metadata
    const { external } = source.spec
    if (external !== undefined) {
      if (external.credentialsSecret === undefined) return undefined
      return read(this.#secrets.get(`${namespace}/${external.credentialsSecret}`))
    }
    if (source.spec.type === 'http') return undefined
    const kept = read(this.#secrets.get(`${namespace}/${bindingSecretName(name)}`)) ?? this.#made.get(uid)
    const username = source.spec.username ?? (kept?.username || usualUsername)
    const credentials = { username, password: kept?.password ?? randomBytes(passwordBytes).toString('base64url') }
    this.#made.set(uid, credentials)
    return credentials
  }

  forget(uid: string): void {
    this.#made.delete(uid)
  }
}

function read(secret: Secret | undefined): Credentials | undefined {
  const text = (key: string): string | undefined => {
    const value = secret?.data?.[key]
    return value === undefined ? undefined : Buffer.from(value, 'base64').toString()
  }
  const password = text('password') ?? text('secretKey')
  if (password === undefined) return undefined
  return { username: text('username') ?? text('accessKey') ?? '', password }
}
