// The port contract: pods share one address, so each container port gets a host port. The program is told the first one
// in PORT and each named one in PORT_<NAME>; a program that does not listen there is looked up by its sockets.

import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { hostPortKey } from '@binnacle/api'
import type { PortRequest } from '../runtime.ts'

export interface AssignedPort {
  key: string
  protocol: string
  containerPort: number
  /** What the program was told to use. */
  assigned: number
  /** Set by the pod itself; nothing else will do. */
  fixed: boolean
}

/** A free port of the loopback address. `port` asks for a certain one; undefined where that is taken. */
async function freePort(protocol: string, port = 0): Promise<number | undefined> {
  return protocol === 'UDP' ? freeUdpPort(port) : freeTcpPort(port)
}

function freeUdpPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.once('error', () => resolve(undefined))
    socket.bind(port, '127.0.0.1', () => {
      const bound = socket.address().port
      socket.close(() => resolve(bound))
    })
  })
}

function freeTcpPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    // Clients of the program that had the port before may come at this very moment; a server that kept them would
    // never be closed.
    const server = createServer((socket) => socket.destroy())
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      const bound = typeof address === 'object' && address !== null ? address.port : undefined
      server.close(() => resolve(bound))
    })
  })
}

/** A port that the pod insists on is in use. */
export class PortTakenError extends Error {
  readonly port: number
  constructor(port: number) {
    super(`port ${port} is in use`)
    this.name = 'PortTakenError'
    this.port = port
  }
}

interface PortOwner {
  podUid: string
  container: string
}

/**
 * Which container has which ports of this machine. A container keeps its ports over its restarts, since clients and
 * proxies know them by then; they are given back with the pod.
 */
export class PortReservations {
  readonly #byPod = new Map<string, Map<string, AssignedPort[]>>()

  /** What an engine before has given out. */
  restore({ podUid, container }: PortOwner, ports: AssignedPort[]): void {
    const pod = this.#byPod.get(podUid) ?? new Map<string, AssignedPort[]>()
    this.#byPod.set(podUid, pod.set(container, ports))
  }

  release(podUid: string): void {
    this.#byPod.delete(podUid)
  }

  /**
   * `literalPort` is the value of an explicit PORT; one that equals its container port is part of the contract. A port
   * that another program has taken meanwhile is exchanged for another; throws PortTakenError for one that is fixed.
   */
  async assign(
    owner: PortOwner,
    requests: readonly PortRequest[],
    literalPort: string | undefined,
  ): Promise<AssignedPort[]> {
    const before = this.#byPod.get(owner.podUid)?.get(owner.container) ?? []
    const assigned: AssignedPort[] = []
    this.restore(owner, assigned)
    for (const [index, request] of requests.entries()) {
      const { containerPort, protocol } = request
      const key = hostPortKey(containerPort, protocol)
      const fixed = request.hostPort ?? (index === 0 ? fixedByLiteral(containerPort, literalPort) : undefined)
      const wanted = fixed ?? before.find((port) => port.key === key && !port.fixed)?.assigned
      const common = { key, protocol, containerPort, fixed: fixed !== undefined }
      // Noted before it is looked at, so that nobody else is given it meanwhile.
      const entry = { ...common, assigned: wanted ?? 0 }
      assigned.push(entry)
      if (wanted !== undefined && (await freePort(protocol, wanted)) !== undefined) continue
      if (fixed !== undefined) throw new PortTakenError(fixed)
      entry.assigned = 0
      entry.assigned = await this.#unreserved(protocol)
    }
    return assigned
  }

  async #unreserved(protocol: string): Promise<number> {
    for (;;) {
      const candidate = await freePort(protocol)
      if (candidate === undefined) throw new Error('no free port on the loopback address')
      if (!this.#isReserved(candidate)) return candidate
    }
  }

  #isReserved(port: number): boolean {
    for (const pod of this.#byPod.values())
      for (const ports of pod.values()) if (ports.some(({ assigned }) => assigned === port)) return true
    return false
  }
}

/** An explicit PORT that differs from the container port is where the program listens whatever we say. */
function fixedByLiteral(containerPort: number, literalPort: string | undefined): number | undefined {
  const literal = Number(literalPort ?? 0)
  return literal > 0 && literal !== containerPort ? literal : undefined
}

export function portEnvironment(
  requests: readonly PortRequest[],
  ports: readonly AssignedPort[],
  literalPort: string | undefined,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [index, request] of requests.entries()) {
    const port = ports[index]
    if (port === undefined) continue
    const literalIsOther = literalPort !== undefined && Number(literalPort) !== request.containerPort
    if (index === 0 && !literalIsOther) environment['PORT'] = String(port.assigned)
    if (request.name !== undefined)
      environment[`PORT_${request.name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`] = String(port.assigned)
  }
  return environment
}

/** Which host port serves each container port, from the sockets found; `settled` when none is left to guess. */
export function matchPorts(
  ports: readonly AssignedPort[],
  listening: ReadonlySet<string>,
): { hostPorts: Map<string, number>; settled: boolean } {
  const hostPorts = new Map<string, number>()
  let settled = true
  for (const { key, protocol, containerPort, assigned } of ports) {
    if (listening.has(`${assigned}/${protocol}`)) hostPorts.set(key, assigned)
    else if (listening.has(`${containerPort}/${protocol}`)) hostPorts.set(key, containerPort)
    else {
      hostPorts.set(key, assigned)
      settled = false
    }
  }
  return { hostPorts, settled }
}

/** The port that an exited program complains about, by the usual words for EADDRINUSE. */
export function portConflictIn(log: string): number | undefined {
  if (!/EADDRINUSE|address already in use|Address in use/i.test(log)) return undefined
  const match = /(?:EADDRINUSE|already in use)[^\n]*?:(\d{2,5})\b|:(\d{2,5})[^\n]*address already in use/i.exec(log)
  return Number(match?.[1] ?? match?.[2] ?? 0)
}
