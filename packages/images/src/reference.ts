// Image references as Docker and the OCI Distribution specification write them, and the repository under which the local
// store keeps each: what has no registry host, or the host of our own registry, is kept under its bare path.

export interface ImageReference {
  /** As written. */
  text: string
  /** `127.0.0.1:5000`, `registry.example`; undefined where none is written (Docker would say docker.io). */
  host?: string
  /** Path in the registry, without `library/`. */
  path: string
  tag?: string
  /** `sha256:…`. */
  digest?: string
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const pathPattern = new RegExp(`^${component}(?:/${component})*$`)
const tagPattern = /^\w[\w.-]{0,127}$/
const digestPattern = /^sha256:[a-f0-9]{64}$/

export class InvalidReferenceError extends Error {
  constructor(text: string, why: string) {
    super(`invalid image reference ${JSON.stringify(text)}: ${why}`)
    this.name = 'InvalidReferenceError'
  }
}

/** Throws InvalidReferenceError, which says what is wrong with which part. */
export function parseReference(text: string): ImageReference {
  let rest = text
  const reference: ImageReference = { text, path: '' }
  const at = rest.indexOf('@')
  if (at >= 0) {
    const digest = rest.slice(at + 1)
    if (!digestPattern.test(digest))
      throw new InvalidReferenceError(text, 'the digest must be sha256: and 64 hex digits')
    reference.digest = digest
    rest = rest.slice(0, at)
  }
  const colon = rest.lastIndexOf(':')
  if (colon > rest.lastIndexOf('/')) {
    const tag = rest.slice(colon + 1)
    if (!tagPattern.test(tag)) {
      throw new InvalidReferenceError(text, 'a tag has letters, digits, _ . - and at most 128 characters')
    }
    reference.tag = tag
    rest = rest.slice(0, colon)
  }
  const slash = rest.indexOf('/')
  const first = slash < 0 ? '' : rest.slice(0, slash)
  if (first === 'localhost' || /[.:]/.test(first)) {
    reference.host = first
    rest = rest.slice(slash + 1)
  }
  const path = rest.startsWith('library/') ? rest.slice('library/'.length) : rest
  if (!isRepositoryName(path)) {
    throw new InvalidReferenceError(text, 'the name has lower-case letters, digits and single separators . _ - /')
  }
  reference.path = path
  return reference
}

export function isRepositoryName(name: string): boolean {
  return name.length <= 255 && pathPattern.test(name)
}

export function isDigest(text: string): boolean {
  return digestPattern.test(text)
}

export function isTag(text: string): boolean {
  return tagPattern.test(text)
}

/** `ownHosts` are the hosts under which our own registry is reached. */
export function localRepository(reference: ImageReference, ownHosts: ReadonlySet<string>): string {
  const { host, path } = reference
  if (host === undefined || host === 'docker.io' || host === 'index.docker.io' || ownHosts.has(host)) return path
  // A port's colon is no part of a repository name.
  return `${host.replace(':', '_')}/${path}`
}

/** What to say of a tag that does not name one version, or undefined where it does. */
export function tagWarning(reference: ImageReference): string | undefined {
  if (reference.digest !== undefined) return undefined
  if (reference.tag === undefined) {
    return `image "${reference.text}" has no tag, which means "latest": give each build an explicit tag such as "${reference.text}:1.0.0"`
  }
  if (reference.tag === 'latest') {
    return `image "${reference.text}" is tagged "latest", which does not say which build runs: use an explicit tag such as "${reference.text.replace(/latest$/, '1.0.0')}"`
  }
  return undefined
}
