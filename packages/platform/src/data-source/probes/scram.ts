// The client's side of SCRAM-SHA-256 (RFC 5802, 7677) up to its proof. That the server knows the password, too, is not
// checked: nothing secret is told to it.

import { createHash, createHmac, pbkdf2 as pbkdf2Callback, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { ProtocolError } from './conversation.ts'

const pbkdf2 = promisify(pbkdf2Callback)

export class Scram {
  readonly #password: string
  /** With the nonce of ours. */
  readonly #opening: string
  readonly #nonce = randomBytes(18).toString('base64')

  /** PostgreSQL wants no name here: it knows it from the start of the conversation. */
  constructor({ username = '', password }: { username?: string; password: string }) {
    this.#password = password
    this.#opening = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${this.#nonce}`
  }

  first(): string {
    return `n,,${this.#opening}`
  }

  async proof(challenge: string): Promise<string> {
    const attributes = new Map(challenge.split(',').map((part) => [part.slice(0, 1), part.slice(2)] as const))
    const nonce = attributes.get('r') ?? ''
    if (!nonce.startsWith(this.#nonce)) throw new ProtocolError("the server's nonce is not ours")
    const salt = Buffer.from(attributes.get('s') ?? '', 'base64')
    const salted = await pbkdf2(this.#password.normalize('NFKC'), salt, Number(attributes.get('i')), 32, 'sha256')
    const clientKey = createHmac('sha256', salted).update('Client Key').digest()
    const storedKey = createHash('sha256').update(clientKey).digest()
    const withoutProof = `c=biws,r=${nonce}`
    const signature = createHmac('sha256', storedKey).update(`${this.#opening},${challenge},${withoutProof}`).digest()
    const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0))
    return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`
  }
}
