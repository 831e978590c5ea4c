// Keys and certificates of one engine, made on its first start and kept in its data folder: an authority, the server's
// certificate, the key that signs service-account tokens, and client certificates on demand.

import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
  cryptoProvider,
} from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 86_400_000
/** As kubeadm: ten years for authorities, one for the rest. */
const authorityDays = 3650
const leafDays = 365

export interface KeyPair {
  /** PEM. */
  certificate: string
  /** PEM, PKCS #8. */
  key: string
}

export interface Pki {
  readonly ca: KeyPair
  readonly serving: KeyPair
  /** PEM key that signs service-account tokens. */
  readonly serviceAccountKey: string
  issueClient(user: string, groups?: readonly string[]): Promise<KeyPair>
  issueServing(commonName: string, names: readonly string[]): Promise<KeyPair>
  /** A client certificate for the key, the subject and the names of a request. Throws where its signature is wrong. */
  signClientRequest(request: ClientRequest): Promise<string>
}

export interface ClientRequest {
  /** PEM, PKCS #10. */
  request: string
  /** Whether the key may be used for key agreement by encipherment, as RSA keys are. */
  keyEncipherment: boolean
  /** Milliseconds since 1970. */
  now: number
  /** At least ten minutes, at most a year, which is what it is when absent. */
  lifetimeSeconds?: number
}

export interface PkiOptions {
  /** undefined: nothing is written. */
  directory?: string
  /** DNS names and IP addresses of the API server. */
  names: readonly string[]
  now: number
}

export async function openPki({ directory, names, now }: PkiOptions): Promise<Pki> {
  cryptoProvider.set(webcrypto as never)
  const files = new KeyFiles(directory)
  const authority = await files.pair('ca', () => selfSigned(now))
  const issuer = await loadAuthority(authority).catch((error: unknown) => {
    throw new Error(
      `the certificate authority in ${directory ?? 'memory'} (ca.key, ca.crt) is damaged: restore both files, or remove both to make new ones, after which every kubeconfig has to be taken anew`,
      { cause: error },
    )
  })
  const serviceAccountKey = await files.text('service-accounts.key', async () => pemOf(await generateKeys()))
  // The server's certificate is made at each start: its names and lifetime follow the machine.
  const serving = await issue(issuer, {
    commonName: 'kube-apiserver',
    organizations: [],
    names,
    usage: ExtendedKeyUsage.serverAuth,
    now,
  })
  return {
    ca: authority,
    serving,
    serviceAccountKey,
    issueClient: (user, groups = []) =>
      issue(issuer, { commonName: user, organizations: groups, names: [], usage: ExtendedKeyUsage.clientAuth, now }),
    issueServing: (commonName, servingNames) =>
      issue(issuer, { commonName, organizations: [], names: servingNames, usage: ExtendedKeyUsage.serverAuth, now }),
    signClientRequest: (request) => signClientRequest(issuer, request),
  }
}

class KeyFiles {
  readonly #directory: string | undefined

  constructor(directory: string | undefined) {
    this.#directory = directory
  }

  /** The file's content, made by `make` and kept when it is not there. Readable by the owner only. */
  async text(name: string, make: () => Promise<string>): Promise<string> {
    if (this.#directory === undefined) return make()
    const path = join(this.#directory, name)
    const known = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (known !== undefined) return known
    const made = await make()
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await writeFile(path, made, { mode: 0o600, flag: 'wx' })
    return made
  }

  async pair(name: string, make: () => Promise<KeyPair>): Promise<KeyPair> {
    let made: Promise<KeyPair> | undefined
    const once = (): Promise<KeyPair> => (made ??= make())
    const key = await this.text(`${name}.key`, async () => (await once()).key)
    const certificate = await this.text(`${name}.crt`, async () => (await once()).certificate)
    return { key, certificate }
  }
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function pemOf({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey)).toString('base64')
  return `-----BEGIN PRIVATE KEY-----\n${der.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`
}

function serialNumber(): string {
  // Positive and at most 20 bytes (RFC 5280).
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return bytes.toString('hex')
}

async function selfSigned(now: number): Promise<KeyPair> {
  const keys = await generateKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=binnacle-ca',
    // A minute back, for clocks that are not quite the same.
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + authorityDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature | KeyUsageFlags.cRLSign, true),
    ],
  })
  return { certificate: `${certificate.toString('pem')}\n`, key: await pemOf(keys) }
}

interface Authority {
  certificate: X509Certificate
  key: webcrypto.CryptoKey
}

async function loadAuthority({ certificate, key }: KeyPair): Promise<Authority> {
  const der = Buffer.from(key.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  return {
    certificate: new X509Certificate(certificate),
    key: await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']),
  }
}

interface Leaf {
  commonName: string
  organizations: readonly string[]
  names: readonly string[]
  usage: ExtendedKeyUsage
  now: number
}

async function issue(authority: Authority, { commonName, organizations, names, usage, now }: Leaf): Promise<KeyPair> {
  const keys = await generateKeys()
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
    new ExtendedKeyUsageExtension([usage]),
  ]
  if (names.length > 0) {
    extensions.push(
      new SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const), value: name })),
      ),
    )
  }
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [...organizations.map((name) => ({ O: [name] })), { CN: [commonName] }],
    issuer: authority.certificate.subject,
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + leafDays * dayMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: authority.key,
    extensions,
  })
  return { certificate: `${certificate.toString('pem')}\n`, key: await pemOf(keys) }
}

const minuteMs = 60_000
/** Its object identifier (RFC 5280). */
const subjectAlternativeName = '2.5.29.17'

/** Upstream: pkg/controller/certificates/authority (PermissiveSigningPolicy), signer.go (duration). */
async function signClientRequest(
  authority: Authority,
  { request, keyEncipherment, now, lifetimeSeconds }: ClientRequest,
): Promise<string> {
  const asked = new Pkcs10CertificateRequest(request)
  if (!(await asked.verify())) throw new Error('the signature of the request is not that of its key')
  const longestMs = leafDays * dayMs
  const lifetimeMs = Math.min(
    Math.max(lifetimeSeconds === undefined ? longestMs : lifetimeSeconds * 1000, 10 * minuteMs),
    longestMs,
  )
  const names = asked.getExtension(subjectAlternativeName)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: asked.subjectName.toJSON(),
    issuer: authority.certificate.subject,
    notBefore: new Date(now - 5 * minuteMs),
    notAfter: new Date(Math.min(now + lifetimeMs, authority.certificate.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey: asked.publicKey,
    signingKey: authority.key,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      keyEncipherment
        ? new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true)
        : new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      ...(names === null ? [] : [names]),
    ],
  })
  return `${certificate.toString('pem')}\n`
}
