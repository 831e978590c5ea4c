// Browsers that are logged in. Only hashes of their cookies are kept, in memory and, where a file is given, on disk, so
// that a page stays logged in when its server is started again.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { Clock } from '@binnacle/api'

interface Session {
  /** SHA-256 of the cookie's value, in base64url. */
  hash: string
  /** Milliseconds since the epoch. */
  until: number
}

export interface SessionsOptions {
  clock: Clock
  file: string | undefined
  /** A file that cannot be read or written costs the logins, not the server. */
  onError: (error: unknown) => void
}

const lifetimeSeconds = 30 * 24 * 3600
const maxSessions = 100

export class Sessions {
  readonly #options: SessionsOptions
  #sessions: Session[]
  #writing: Promise<void> = Promise.resolve()

  private constructor(options: SessionsOptions, sessions: Session[]) {
    this.#options = options
    this.#sessions = sessions
  }

  static async open(options: SessionsOptions): Promise<Sessions> {
    const { file, onError } = options
    if (file === undefined) return new Sessions(options, [])
    try {
      return new Sessions(options, parseSessions(await readFile(file, 'utf8')))
    } catch (error) {
      const isNew = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      if (!isNew) onError(error)
      return new Sessions(options, [])
    }
  }

  /** The Set-Cookie header of a new session. */
  begin(cookieName: string): string {
    const id = randomBytes(32).toString('base64url')
    const now = this.#options.clock.now()
    this.#sessions = [
      ...this.#sessions.filter(({ until }) => until > now),
      { hash: hashOf(id).toString('base64url'), until: now + lifetimeSeconds * 1000 },
    ].slice(-maxSessions)
    this.#save()
    return `${cookieName}=${id}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${lifetimeSeconds}`
  }

  /** Whether a Cookie header names a session. */
  has(cookies: string | undefined, cookieName: string): boolean {
    const id = cookieOf(cookies ?? '', cookieName)
    if (id === undefined) return false
    const hash = hashOf(id)
    const now = this.#options.clock.now()
    return this.#sessions.some(
      (session) => timingSafeEqual(Buffer.from(session.hash, 'base64url'), hash) && session.until > now,
    )
  }

  /** Resolves when all is on disk. */
  async close(): Promise<void> {
    await this.#writing
  }

  #save(): void {
    const { file, onError } = this.#options
    if (file === undefined) return
    const text = JSON.stringify(this.#sessions)
    this.#writing = this.#writing.then(() => replaceFile(file, text)).catch(onError)
  }
}

/** Renamed into place, so that a reader never sees half of it. Readable by its owner only. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}`
  await writeFile(temporary, text, { mode: 0o600 })
  await rename(temporary, path)
}

/** Throws for what is no list of sessions. */
function parseSessions(text: string): Session[] {
  const value = JSON.parse(text) as unknown
  if (!Array.isArray(value)) throw new Error('the file of sessions holds no list')
  return (value as Partial<Session>[]).map(({ hash, until }) => {
    if (typeof hash !== 'string' || Buffer.from(hash, 'base64url').length !== 32 || typeof until !== 'number')
      throw new Error('the file of sessions holds something else')
    return { hash, until }
  })
}

function cookieOf(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const [key, value] = pair.trim().split('=', 2)
    if (key === name) return value
  }
  return undefined
}

function hashOf(id: string): Buffer {
  return createHash('sha256').update(id).digest()
}
