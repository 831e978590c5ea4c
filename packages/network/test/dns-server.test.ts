import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import packet, { type DecodedPacket, type RecordType } from 'dns-packet'
import { afterEach, describe, expect, it } from 'vitest'
import { DnsServer } from '../src/dns-server.ts'
import type { DnsNames } from '../src/frontend.ts'

/** dns-packet decodes the response code too; its types do not say so. */
type Answered = DecodedPacket & { rcode: string }

const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

const zone = 'cluster.local'
const names: DnsNames = {
  'web.default.svc.cluster.local': { a: ['127.96.0.7'] },
  '_http._tcp.web.default.svc.cluster.local': { srv: [{ port: 80, target: 'web.default.svc.cluster.local' }] },
  'alias.default.svc.cluster.local': { cname: 'web.default.svc.cluster.local' },
  'many.default.svc.cluster.local': { a: Array.from({ length: 100 }, (_, index) => `127.1.0.${index}`) },
}

async function start() {
  const server = new DnsServer()
  server.setNames(names, zone)
  const { address, port } = await server.listen('127.0.0.1', 0)
  cleanups.push(() => server.close())
  const ask = async (name: string, type: RecordType = 'A'): Promise<Answered> => {
    const socket = createSocket('udp4')
    socket.send(
      packet.encode({ type: 'query', id: 7, flags: packet.RECURSION_DESIRED, questions: [{ type, name }] }),
      port,
      address,
    )
    const [message] = (await once(socket, 'message')) as [Buffer]
    socket.close()
    return packet.decode(message) as Answered
  }
  const askTcp = async (name: string): Promise<Answered> => {
    const socket = connect(port, address)
    socket.write(packet.streamEncode({ type: 'query', id: 8, questions: [{ type: 'A', name }] }))
    const [message] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    return packet.streamDecode(message) as Answered
  }
  return { ask, askTcp }
}

describe('cluster DNS', () => {
  it('answers the address of a Service, in any case', async () => {
    const { ask } = await start()
    expect((await ask('WEB.default.svc.cluster.local')).answers).toMatchObject([
      { type: 'A', data: '127.96.0.7', ttl: 5 },
    ])
  })

  it('answers SRV with the address beside it', async () => {
    const { ask } = await start()
    const answer = await ask('_http._tcp.web.default.svc.cluster.local', 'SRV')
    expect(answer.answers).toMatchObject([
      { data: { port: 80, target: 'web.default.svc.cluster.local', priority: 0, weight: 100 } },
    ])
    expect(answer.additionals).toMatchObject([{ type: 'A', data: '127.96.0.7' }])
  })

  it('answers an ExternalName with the name and its address', async () => {
    const { ask } = await start()
    expect((await ask('alias.default.svc.cluster.local')).answers).toMatchObject([
      { type: 'CNAME', data: 'web.default.svc.cluster.local' },
      { type: 'A', data: '127.96.0.7' },
    ])
  })

  it.each([
    ['nothing.default.svc.cluster.local', 'NXDOMAIN'],
    ['default.svc.cluster.local', 'NOERROR'],
    ['cluster.local', 'NOERROR'],
  ])('%s has no address: %s', async (name, code) => {
    const { ask } = await start()
    const answer = await ask(name)
    expect([answer.rcode, answer.answers?.length]).toEqual([code, 0])
  })

  it('a name without a record of the type is an empty answer, not an unknown name', async () => {
    const { ask } = await start()
    expect(await ask('web.default.svc.cluster.local', 'AAAA')).toMatchObject({ rcode: 'NOERROR', answers: [] })
  })

  it('answers the name of an address', async () => {
    const { ask } = await start()
    expect((await ask('7.0.96.127.in-addr.arpa', 'PTR')).answers).toMatchObject([
      { type: 'PTR', data: 'web.default.svc.cluster.local' },
    ])
  })

  it('a long answer is cut over UDP and whole over TCP', async () => {
    const { ask, askTcp } = await start()
    const cut = await ask('many.default.svc.cluster.local')
    expect([cut.flag_tc, cut.answers?.length]).toEqual([true, 0])
    expect((await askTcp('many.default.svc.cluster.local')).answers).toHaveLength(100)
  })
})
