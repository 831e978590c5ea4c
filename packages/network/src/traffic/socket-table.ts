// Sockets of this machine by their addresses, from Linux's /proc/net: which inode does a client's socket have?

import { open } from 'node:fs/promises'
import { endianness } from 'node:os'

export interface Address {
  /** IPv4. */
  address: string
  port: number
}

/** The client's end of a connection, as the client's kernel entry has it. */
export interface ClientSocket {
  protocol: 'tcp' | 'udp'
  local: Address
  /** The Service's end. A UDP socket need not be connected: it is known by its own port only. */
  remote: Address
}

/** Inodes of those sockets that are there and held by a process. */
export async function socketInodes(sockets: readonly ClientSocket[]): Promise<Map<ClientSocket, string>> {
  const tcp = sockets.filter(({ protocol }) => protocol === 'tcp')
  const udp = sockets.filter(({ protocol }) => protocol === 'udp')
  return new Map([...(await tcpInodes(tcp)), ...(await udpInodes(udp))])
}

async function tcpInodes(sockets: readonly ClientSocket[]): Promise<Map<ClientSocket, string>> {
  const found = new Map<ClientSocket, string>()
  // A program may speak IPv4 through an IPv6 socket (Java does): the second table, and only for those.
  for (const family of ['tcp', 'tcp6'] as const) {
    const wanted = new Map<string, ClientSocket>()
    for (const socket of sockets) {
      if (!found.has(socket))
        wanted.set(`${hexAddress(socket.local, family)} ${hexAddress(socket.remote, family)}`, socket)
    }
    if (wanted.size === 0) break
    const length = hexLength(family) * 2 + 1
    for await (const text of rows(family)) {
      const key = text.slice(0, length)
      const socket = wanted.get(key)
      if (socket === undefined) continue
      const inode = inodeIn(text)
      if (inode !== undefined) found.set(socket, inode)
      wanted.delete(key)
      if (wanted.size === 0) break
    }
  }
  return found
}

async function udpInodes(sockets: readonly ClientSocket[]): Promise<Map<ClientSocket, string>> {
  const candidates = new Map(sockets.map((socket) => [socket, new Set<string>()]))
  if (sockets.length === 0) return new Map()
  for (const family of ['udp', 'udp6'] as const) {
    const any = family === 'udp' ? '0.0.0.0' : undefined
    const wanted = new Map<string, ClientSocket[]>()
    for (const socket of sockets) {
      const { port } = socket.local
      for (const key of [hexAddress(socket.local, family), hexAddress({ address: any, port }, family)])
        wanted.set(key, [...(wanted.get(key) ?? []), socket])
    }
    const length = hexLength(family)
    for await (const text of rows(family)) {
      const inode = inodeIn(text)
      if (inode === undefined) continue
      for (const socket of wanted.get(text.slice(0, length)) ?? []) candidates.get(socket)?.add(inode)
    }
  }
  const found = new Map<ClientSocket, string>()
  for (const [socket, [inode, ...others]] of candidates) {
    // Several sockets may share a port: then there is no telling.
    if (inode !== undefined && others.length === 0) found.set(socket, inode)
  }
  return found
}

type Family = 'tcp' | 'tcp6' | 'udp' | 'udp6'

/**
 * Lines of the table from the local address on. To be left early: the kernel walks through all buckets of its hash table,
 * which takes milliseconds, and makes the text as it is read.
 */
async function* rows(family: Family): AsyncGenerator<string> {
  const file = await open(`/proc/net/${family}`).catch((error: NodeJS.ErrnoException) => {
    // A kernel without IPv6.
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return
  try {
    const buffer = Buffer.allocUnsafe(65_536)
    let rest = ''
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length)
      if (bytesRead === 0) return
      const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        // The heading has none.
        const colon = line.indexOf(': ')
        if (colon >= 0) yield line.slice(colon + 2)
      }
    }
  } finally {
    await file.close()
  }
}

/** undefined for a socket that belongs to the kernel alone: the program has closed it. */
function inodeIn(row: string): string | undefined {
  // local remote state queues timer retransmits uid timeout inode
  const inode = row.split(/ +/)[8]
  return inode === '0' ? undefined : inode
}

/** Characters of an address with its port. */
function hexLength(family: Family): number {
  return family.endsWith('6') ? 37 : 13
}

const isLittleEndian = endianness() === 'LE'

/** As the kernel prints it: words of four bytes in the byte order of the machine. No address: the unspecified one. */
function hexAddress({ address, port }: { address: string | undefined; port: number }, family: Family): string {
  const bytes = (address ?? '0.0.0.0').split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  const word = (isLittleEndian ? bytes.toReversed() : bytes).join('')
  const mapped = isLittleEndian ? 'ffff0000' : '0000ffff'
  const prefix = family.endsWith('6') ? `0000000000000000${address === undefined ? '00000000' : mapped}` : ''
  return `${prefix}${word}:${port.toString(16).padStart(4, '0')}`.toUpperCase()
}
