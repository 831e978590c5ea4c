// The headers and certificates with which a user's requests go out. Tokens from files and exec plugins change over
// time: they are read anew when they end. Upstream: client-go transport/token_source.go and plugin/pkg/client/auth/exec.

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { type Clock, parseTime } from '@binnacle/api'
import type { Cluster, ExecConfig, User } from './kubeconfig.ts'

export interface Credential {
  /** Value of the Authorization header. */
  authorization?: string
  /** PEM. */
  clientCertificate?: string
  clientKey?: string
}

export interface CredentialSource {
  credential(): Promise<Credential>
  /** The server did not accept it: true where asking again may give another. */
  refresh(): boolean
}

/** As client-go reads the token files of bound service-account tokens. */
const tokenFileForMs = 60_000
const maxOutputBytes = 1024 * 1024

export function createCredentialSource(user: User, options: { cluster: Cluster; clock: Clock }): CredentialSource {
  const { exec, tokenFile } = user
  if (exec !== undefined) return remembered(() => runPlugin(exec, options.cluster), options.clock)
  if (tokenFile !== undefined) {
    const read = async (): Promise<Timed> => ({
      credential: { ...certificateOf(user), authorization: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}` },
      until: options.clock.now() + tokenFileForMs,
    })
    return remembered(read, options.clock)
  }
  const credential = { ...certificateOf(user), ...authorizationOf(user) }
  return { credential: () => Promise.resolve(credential), refresh: () => false }
}

function certificateOf({ clientCertificate, clientKey }: User): Credential {
  return clientCertificate === undefined || clientKey === undefined ? {} : { clientCertificate, clientKey }
}

function authorizationOf({ token, basic }: User): Credential {
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  if (basic === undefined) return {}
  return { authorization: `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}` }
}

interface Timed {
  credential: Credential
  /** Milliseconds since the epoch. */
  until: number
}

/** Requests that come while one asks share its answer. */
function remembered(ask: () => Promise<Timed>, clock: Clock): CredentialSource {
  let current: Timed | undefined
  let asking: Promise<Timed> | undefined
  return {
    async credential() {
      if (current === undefined || clock.now() >= current.until) {
        asking ??= ask().finally(() => (asking = undefined))
        current = await asking
      }
      return current.credential
    },
    refresh() {
      current = undefined
      return true
    },
  }
}

interface ExecCredential {
  apiVersion?: string
  kind?: string
  status?: {
    token?: string
    clientCertificateData?: string
    clientKeyData?: string
    expirationTimestamp?: string
  }
}

const run = promisify(execFile)

async function runPlugin(exec: ExecConfig, cluster: Cluster): Promise<Timed> {
  const { apiVersion, command, args } = exec
  const info = { apiVersion, kind: 'ExecCredential', spec: { ...clusterInfo(exec, cluster), interactive: false } }
  const env = { ...process.env, ...exec.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) }
  let output: string
  try {
    output = (await run(command, args, { env, maxBuffer: maxOutputBytes })).stdout
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const hint = isMissing && exec.installHint !== undefined ? `\n${exec.installHint}` : ''
    throw new Error(`getting credentials: exec: ${command} failed${hint}`, { cause: error })
  }
  const answer = parseAnswer(output, command)
  if (answer.apiVersion !== apiVersion)
    throw new Error(`exec plugin ${command} is configured to use API version ${apiVersion}, got ${answer.apiVersion}`)
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = answer.status ?? {}
  if (token === undefined && clientCertificateData === undefined)
    throw new Error(`exec plugin ${command} didn't return a token or cert/key pair`)
  if ((clientCertificateData === undefined) !== (clientKeyData === undefined))
    throw new Error(`exec plugin ${command} returned only certificate or key, not both`)
  return {
    credential: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(clientCertificateData === undefined ? {} : { clientCertificate: clientCertificateData }),
      ...(clientKeyData === undefined ? {} : { clientKey: clientKeyData }),
    },
    until: (expirationTimestamp === undefined ? undefined : parseTime(expirationTimestamp)) ?? Infinity,
  }
}

function parseAnswer(output: string, command: string): ExecCredential {
  try {
    return JSON.parse(output) as ExecCredential
  } catch (error) {
    throw new Error(`exec plugin ${command} did not answer with an ExecCredential`, { cause: error })
  }
}

function clusterInfo({ provideClusterInfo }: ExecConfig, cluster: Cluster): object {
  if (!provideClusterInfo) return {}
  return {
    cluster: {
      server: cluster.server,
      'tls-server-name': cluster.tlsServerName,
      'insecure-skip-tls-verify': cluster.insecureSkipTlsVerify,
      'certificate-authority-data':
        cluster.caCertificate === undefined ? undefined : Buffer.from(cluster.caCertificate).toString('base64'),
    },
  }
}
