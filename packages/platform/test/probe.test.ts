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

  it('takes MongoDB that says it is well', async () => {
    const document = Buffer.concat([
      Buffer.from([17, 0, 0, 0, 1]),
      Buffer.from('ok\0'),
      Buffer.from([0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0]),
    ])
    const head = Buffer.alloc(21)
    head.writeInt32LE(21 + document.length, 0)
    head.writeInt32LE(2013, 12)
    const port = await script([Buffer.concat([head, document])])
    expect(await probe(target('mongodb', port), signal)).toBeUndefined()
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
