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
export async function freePort(protocol: string, port = 0): Promise<number | undefined> {
  if (protocol === 'UDP') {
    return new Promise((resolve) => {
      const socket = createSocket('udp4')
      socket.once('error', () => resolve(undefined))
      socket.bind(port, '127.0.0.1', () => {
        const bound = socket.address().port
        socket.close(() => resolve(bound))
      })
    })
  }
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      const bound = typeof address === 'object' && address !== null ? address.port : undefined
      server.close(() => resolve(bound))
    })
  })
}

/** `literalPort` is the value of an explicit PORT; one that equals its container port is part of the contract. */
export async function assignPorts(
  requests: readonly PortRequest[],
  literalPort: string | undefined,
  taken: ReadonlySet<number>,
): Promise<AssignedPort[]> {
  const assigned: AssignedPort[] = []
  const explicit = literalPort === undefined ? undefined : Number(literalPort)
  for (const [index, request] of requests.entries()) {
    let fixed = request.hostPort
    if (
      fixed === undefined &&
      index === 0 &&
      explicit !== undefined &&
      explicit !== request.containerPort &&
      explicit > 0
    )
      fixed = explicit
    let port = fixed
    while (port === undefined) {
      const candidate = await freePort(request.protocol)
      if (candidate === undefined) throw new Error('no free port on the loopback address')
      if (!taken.has(candidate) && !assigned.some((other) => other.assigned === candidate)) port = candidate
    }
    assigned.push({
      key: hostPortKey(request.containerPort, request.protocol),
      protocol: request.protocol,
      containerPort: request.containerPort,
      assigned: port,
      fixed: fixed !== undefined,
    })
  }
  return assigned
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
