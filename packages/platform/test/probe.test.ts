import { createHash, generateKeyPairSync, privateDecrypt, randomBytes } from 'node:crypto'
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { createServer as createHttpServer } from 'node:http'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { type ProbeTarget, probe } from '../src/data-source/probes/probe.ts'

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

async function listening(server: Server): Promise<number> {
  open.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A server that answers the n-th message with the n-th answer; the first is its greeting where `greets`. */
function script(answers: readonly (string | Buffer)[], { greets = false } = {}): Promise<number> {
  return listening(
    createServer((socket: Socket) => {
      const left = [...answers]
      if (greets) socket.write(left.shift() ?? '')
      socket.on('data', () => socket.write(left.shift() ?? ''))
      socket.on('error', () => socket.destroy())
    }),
  )
}

const target = (type: ProbeTarget['type'], port: number, more: Partial<ProbeTarget> = {}): ProbeTarget => ({
  type,
  host: '127.0.0.1',
  port,
  tls: false,
  ...more,
})
const { signal } = new AbortController()

function packet(number: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUIntLE(body.length, 0, 3)
  head[3] = number
  return Buffer.concat([head, body])
}

/** Speaks the connection phase of MySQL with one user, whose password it knows. */
async function mysqlServer(plugin: string, password: string): Promise<number> {
  const salt = Buffer.from(randomBytes(20).map((byte) => byte | 1))
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const middle = Buffer.alloc(1 + 2 + 1 + 2 + 2)
  const greeting = Buffer.concat([
    Buffer.from('\x0a8.4.0\0'),
    Buffer.alloc(4),
    salt.subarray(0, 8),
    middle,
    Buffer.from([21]),
    Buffer.alloc(10),
    salt.subarray(8),
    Buffer.from(`\0${plugin}\0`),
  ])
  const ok = Buffer.from([0, 0, 0, 2, 0, 0, 0])
  const denied = Buffer.concat([Buffer.from([0xff, 0x15, 0x04]), Buffer.from("#28000Access denied for user 'app'")])
  const sha1 = (...parts: (string | Buffer)[]): Buffer =>
    createHash('sha1')
      .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
      .digest()
  const xor = (bytes: Buffer, pad: Buffer): Buffer =>
    Buffer.from(bytes.map((byte, at) => byte ^ (pad[at % pad.length] ?? 0)))
  return listening(
    createServer((socket) => {
      const say = (number: number, body: Buffer): void => void socket.write(packet(number, body))
      say(0, greeting)
      socket.on('error', () => socket.destroy())
      socket.on('data', (bytes) => {
        const body = bytes.subarray(4)
        const number = (bytes[3] ?? 0) + 1
        if (bytes[3] === 0) socket.end()
        else if (number === 2 && plugin === 'mysql_native_password') {
          const start = 32 + 'app\0'.length + 1
          const wanted = xor(sha1(password), sha1(salt, sha1(sha1(password))))
          say(number, body.subarray(start, start + 20).equals(wanted) ? ok : denied)
        } else if (number === 2) say(number, Buffer.from([1, 4]))
        else if (number === 4)
          say(number, Buffer.concat([Buffer.from([1]), Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }))]))
        else {
          const told = xor(privateDecrypt({ key: privateKey, oaepHash: 'sha1' }, body), salt).toString()
          say(number, told === `${password}\0` ? ok : denied)
        }
      })
    }),
  )
}

/** `{ok, code, errmsg}` as an OP_MSG. */
function mongodbAnswer(ok: 0 | 1, code?: number): Buffer {
  const number = Buffer.alloc(8)
  number.writeDoubleLE(ok)
  const text = 'Authentication failed.\0'
  const error =
    code === undefined
      ? []
      : [
          Buffer.from(
            `\x10code\0${String.fromCharCode(code)}\0\0\0\x02errmsg\0${String.fromCharCode(text.length)}\0\0\0${text}`,
          ),
        ]
  const document = Buffer.concat([Buffer.alloc(4), Buffer.from('\x01ok\0'), number, ...error, Buffer.from([0])])
  document.writeInt32LE(document.length)
  const head = Buffer.alloc(21)
  head.writeInt32LE(21 + document.length, 0)
  head.writeInt32LE(2013, 12)
  return Buffer.concat([head, document])
}

describe('a connection test', () => {
  it('takes Redis that knows the password', async () => {
    const port = await script(['+OK\r\n', '+PONG\r\n'])
    expect(await probe(target('redis', port, { password: 'x' }), signal)).toBeUndefined()
  })

  it('says that a password is refused, and where', async () => {
    const port = await script(['-WRONGPASS invalid username-password pair\r\n'])
    expect(await probe(target('redis', port, { password: 'x' }), signal)).toEqual({
      reason: 'AccessDenied',
      message: `127.0.0.1:${port} refuses the credentials: WRONGPASS invalid username-password pair; correct them in the Secret`,
    })
  })

  it('says that nothing listens, and that a host is not known', async () => {
    const port = await script([])
    await new Promise((closed) => open.splice(0)[0]?.close(closed))
    expect((await probe(target('nats', port), signal))?.reason).toBe('ConnectionRefused')
    expect((await probe({ ...target('mongodb', 1), host: 'no-such-host.invalid' }, signal))?.reason).toBe('HostUnknown')
  })

  it('says that something else answers', async () => {
    const port = await script(['HTTP/1.1 400 Bad Request\r\n\r\n'])
    const trouble = await probe(target('redis', port), signal)
    expect(trouble?.reason).toBe('ProtocolError')
    expect(trouble?.message).toContain('check the type, the port and tls')
  })

  it('takes NATS', async () => {
    const port = await script(['INFO {"server_id":"A"}\r\n', 'PONG\r\n'], { greets: true })
    expect(await probe(target('nats', port, { username: 'a', password: 'b' }), signal)).toBeUndefined()
  })

  it('takes MySQL by its greeting, and its refusal for what it is', async () => {
    const greeting = Buffer.from('\x0a8.4.0\0')
    const port = await script([Buffer.concat([Buffer.from([greeting.length, 0, 0, 0]), greeting])], { greets: true })
    expect(await probe(target('mysql', port), signal)).toBeUndefined()
    const error = Buffer.concat([Buffer.from([0xff, 0x6a, 0x04]), Buffer.from("Host '10.0.0.1' is not allowed")])
    const refusing = await script([Buffer.concat([Buffer.from([error.length, 0, 0, 0]), error])], { greets: true })
    expect((await probe(target('mysql', refusing), signal))?.reason).toBe('AccessDenied')
  })

  it('takes MySQL by its login, and says what it refuses', async () => {
    const login = { username: 'app', password: 's3cret', database: 'orders' }
    const native = await mysqlServer('mysql_native_password', login.password)
    expect(await probe(target('mysql', native, login), signal)).toBeUndefined()
    expect(await probe(target('mysql', native, { ...login, password: 'wrong' }), signal)).toEqual({
      reason: 'AccessDenied',
      message: `127.0.0.1:${native} refuses the credentials: Access denied for user 'app'; correct them in the Secret`,
    })
    // The server of version 8, which does not know the password yet: it comes encrypted.
    const whole = await mysqlServer('caching_sha2_password', login.password)
    expect(await probe(target('mysql', whole, login), signal)).toBeUndefined()
    expect((await probe(target('mysql', whole, { ...login, password: 'wrong' }), signal))?.reason).toBe('AccessDenied')
  })

  it('takes MongoDB that says it is well, and says that it refuses a login', async () => {
    expect(await probe(target('mongodb', await script([mongodbAnswer(1)])), signal)).toBeUndefined()
    const port = await script([mongodbAnswer(1), mongodbAnswer(0, 18)])
    const trouble = await probe(target('mongodb', port, { username: 'app', password: 'wrong' }), signal)
    expect(trouble?.reason).toBe('AccessDenied')
    expect(trouble?.message).toContain('Authentication failed')
  })

  it('takes no endless answer of MongoDB', async () => {
    const answer = mongodbAnswer(1)
    // A string of negative length.
    answer[25] = 0x02
    answer.writeInt32LE(-20, 29)
    expect((await probe(target('mongodb', await script([answer])), signal))?.reason).toBe('ProtocolError')
  })

  it('asks S3 for its buckets with a signature, in the region that it names', async () => {
    const asked: string[] = []
    const port = await listening(
      createHttpServer((request, response) => {
        const scope = /Credential=([^,]+),/.exec(request.headers.authorization ?? '')?.[1] ?? ''
        asked.push(scope.replace(/\/\d{8}\//, '/DAY/'))
        if (scope.startsWith('other/')) {
          response.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code><Message>it differs</Message></Error>')
        } else if (!scope.includes('/eu-north-1/')) {
          response.writeHead(400)
          response.end('<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-north-1</Region></Error>')
        } else response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>')
      }),
    )
    // Who may not list buckets has keys that are known.
    expect(await probe(target('s3', port, { username: 'app', password: 'x' }), signal)).toBeUndefined()
    expect(asked).toEqual(['app/DAY/us-east-1/s3/aws4_request', 'app/DAY/eu-north-1/s3/aws4_request'])
    const trouble = await probe(target('s3', port, { username: 'other', password: 'x' }), signal)
    expect(trouble?.message).toContain('refuses the credentials: SignatureDoesNotMatch: it differs')
  })

  it('takes PostgreSQL that trusts, and says what it refuses', async () => {
    const ok = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49])
    const login = { username: 'app', password: 'x', database: 'orders' }
    expect(await probe(target('postgresql', await script([ok]), login), signal)).toBeUndefined()
    const body = Buffer.from('SFATAL\0C28P01\0Mpassword authentication failed for user "app"\0\0')
    const length = Buffer.alloc(4)
    length.writeInt32BE(body.length + 4)
    const port = await script([Buffer.concat([Buffer.from('E'), length, body])])
    const trouble = await probe(target('postgresql', port, login), signal)
    expect(trouble).toMatchObject({ reason: 'AccessDenied' })
    expect(trouble?.message).toContain('password authentication failed for user "app"')
  })

  it('takes any HTTP answer but a failure of the server', async () => {
    const codes = [404, 503]
    const port = await listening(
      createHttpServer((_request, response) => {
        response.writeHead(codes.shift() ?? 500).end()
      }),
    )
    expect(await probe(target('http', port, { path: '/v1' }), signal)).toBeUndefined()
    expect((await probe(target('s3', port), signal))?.message).toContain('GET / answers 503')
  })
})
