// Cluster DNS over UDP and TCP on loopback: answers for the cluster zone from a table of names as CoreDNS's kubernetes
// plug-in does, and passes every other question on to the machine's own resolvers.

import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import packet, { type Answer, type Packet, type Question } from 'dns-packet'
import { errorCode } from './error-code.ts'
import type { DnsNames, DnsRecords } from './frontend.ts'

/** CoreDNS's default for cluster names, in seconds. */
const ttl = 5

/** Without EDNS0 a client takes 512 bytes; with it we never send more than what passes unfragmented. */
const plainLimit = 512
const ednsLimit = 1232

const truncated = packet.TRUNCATED_RESPONSE
const flags = packet.AUTHORITATIVE_ANSWER | packet.RECURSION_AVAILABLE

export class DnsServer {
  #names: DnsNames = {}
  #zone = 'cluster.local'
  /** Names that only have names below them, such as `default.svc.cluster.local`: they exist, but hold nothing. */
  #parents: ReadonlySet<string> = new Set()
  #udp: UdpSocket | undefined
  #tcp: Server | undefined
  readonly #resolver = new Resolver({ timeout: 2000, tries: 1 })

  setNames(names: DnsNames, zone: string): void {
    this.#names = names
    this.#zone = zone
    const parents = new Set([zone])
    for (const name of Object.keys(names)) {
      for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) parents.add(name.slice(dot + 1))
    }
    this.#parents = parents
  }

  /** Listens for UDP and TCP; a refused address or port falls back to any free port of 127.0.0.1. */
  async listen(address: string, port: number): Promise<{ address: string; port: number; code?: string }> {
    try {
      return { address, port: await this.#bind(address, port) }
    } catch (error) {
      const code = errorCode(error)
      return { address: '127.0.0.1', port: await this.#bind('127.0.0.1', 0), code }
    }
  }

  async #bind(address: string, port: number): Promise<number> {
    const udp = createSocket('udp4', (message, from) => void this.#answerDatagram(message, from))
    const tcp = createServer((socket) => this.#serveTcp(socket))
    try {
      udp.bind({ address, port, exclusive: true })
      await once(udp, 'listening')
      const bound = udp.address().port
      tcp.listen({ host: address, port: bound, exclusive: true })
      await once(tcp, 'listening')
      this.#udp = udp
      this.#tcp = tcp
      return bound
    } catch (error) {
      udp.close()
      throw error
    }
  }

  async close(): Promise<void> {
    this.#udp?.close()
    this.#tcp?.close()
    this.#resolver.cancel()
  }

  async #answerDatagram(message: Buffer, from: RemoteInfo): Promise<void> {
    const query = decode(message)
    if (query === undefined) return
    const limit = query.additionals?.some(({ type }) => type === 'OPT') ? ednsLimit : plainLimit
    let answer = packet.encode(await this.#answer(query))
    if (answer.length > limit) {
      // The client asks again over TCP.
      answer = packet.encode({ ...reply(query), flags: flags | truncated })
    }
    this.#udp?.send(answer, from.port, from.address)
  }

  #serveTcp(socket: Socket): void {
    let pending = Buffer.alloc(0)
    socket.setTimeout(10_000, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const length = pending.readUInt16BE(0)
        const query = decode(pending.subarray(2, 2 + length))
        pending = pending.subarray(2 + length)
        if (query === undefined) socket.destroy()
        else void this.#answer(query).then((answer) => socket.write(packet.streamEncode(answer)))
      }
    })
  }

  async #answer(query: Packet): Promise<Packet> {
    const [question] = query.questions ?? []
    if (question === undefined) return { ...reply(query), flags: flags | rcode('FORMERR') }
    const name = question.name.toLowerCase().replace(/\.$/, '')
    if (name === this.#zone || name.endsWith(`.${this.#zone}`)) return this.#authoritative(query, question, name)
    if (name.endsWith('.in-addr.arpa')) return this.#reverse(query, question, name)
    return this.#recursive(query, question, name)
  }

  async #authoritative(query: Packet, question: Question, name: string): Promise<Packet> {
    const records = this.#names[name]
    if (records === undefined) {
      return {
        ...reply(query),
        flags: flags | (this.#parents.has(name) ? 0 : rcode('NXDOMAIN')),
        authorities: [this.#soa()],
      }
    }
    if (records.cname !== undefined && question.type !== 'CNAME') {
      // As CoreDNS does, the target's addresses come along where they can be found.
      const target = await this.#answer({ questions: [{ ...question, name: records.cname }] })
      return { ...reply(query), answers: [...answersOf(question, records), ...(target.answers ?? [])] }
    }
    const answers = answersOf(question, records)
    const additionals = (records.srv ?? []).flatMap(({ target }) =>
      question.type === 'SRV'
        ? (this.#names[target]?.a ?? []).map((data): Answer => ({ type: 'A', name: target, ttl, data }))
        : [],
    )
    // The name is there but has nothing of this type: an empty answer, so that the resolver does not give up on it.
    return { ...reply(query), answers, additionals, ...(answers.length === 0 ? { authorities: [this.#soa()] } : {}) }
  }

  #reverse(query: Packet, question: Question, name: string): Packet {
    const address = name.slice(0, -'.in-addr.arpa'.length).split('.').toReversed().join('.')
    const known = Object.entries(this.#names).find(([, { a }]) => a?.length === 1 && a[0] === address)
    if (known === undefined) return { ...reply(query), flags: flags | rcode('NXDOMAIN') }
    return { ...reply(query), answers: [{ type: 'PTR', name: question.name, ttl, data: known[0] }] }
  }

  async #recursive(query: Packet, question: Question, name: string): Promise<Packet> {
    if (question.type !== 'A' && question.type !== 'AAAA') return { ...reply(query), flags: flags | rcode('REFUSED') }
    try {
      const type = question.type
      const addresses = await (type === 'A' ? this.#resolver.resolve4(name) : this.#resolver.resolve6(name))
      return {
        ...reply(query),
        answers: addresses.map((data): Answer => ({ type, name: question.name, ttl: 30, data })),
      }
    } catch (error) {
      const code = errorCode(error)
      if (code === 'ENODATA') return reply(query)
      return { ...reply(query), flags: flags | rcode(code === 'ENOTFOUND' ? 'NXDOMAIN' : 'SERVFAIL') }
    }
  }

  #soa(): Answer {
    const soa = {
      mname: `ns.dns.${this.#zone}`,
      rname: `hostmaster.${this.#zone}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: ttl,
    }
    return { type: 'SOA', name: this.#zone, ttl, data: soa }
  }
}

function decode(message: Buffer): Packet | undefined {
  try {
    return packet.decode(message)
  } catch {
    // Not DNS: there is nobody to answer.
    return undefined
  }
}

function reply(query: Packet): Packet {
  return {
    type: 'response',
    flags,
    questions: query.questions ?? [],
    answers: [],
    ...(query.id === undefined ? {} : { id: query.id }),
  }
}

function rcode(name: 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'REFUSED'): number {
  return { FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 }[name]
}

function answersOf(question: Question, records: DnsRecords): Answer[] {
  const { name, type } = question
  if (records.cname !== undefined) return [{ type: 'CNAME', name, ttl, data: records.cname }]
  if (type === 'A') return (records.a ?? []).map((data): Answer => ({ type: 'A', name, ttl, data }))
  if (type === 'SRV') {
    return (records.srv ?? []).map(({ port, target }): Answer => ({
      type: 'SRV',
      name,
      ttl,
      data: { port, target, priority: 0, weight: 100 },
    }))
  }
  return []
}
