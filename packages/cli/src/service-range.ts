// Which loopback addresses this engine gives to Services. Two engines on one machine must not give out the same ones, so
// each holds a port on an address of its range as long as it runs, and a data folder keeps its range for ever.

import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { type Server, createServer } from 'node:net'
import { join } from 'node:path'
import { CliError } from './cli-error.ts'
import { ifMissing } from './missing-file.ts'

export interface ServiceRange {
  /** CIDR of Service addresses. */
  services: string
  /** CIDR of LoadBalancer addresses. */
  loadBalancers: string
  /** Where cluster DNS listens: the tenth address, as kubeadm has it. */
  dns: string
  release(): void
}

/** Any port above 1023 that nobody else is known to use; it marks the range as taken. */
const claimPort = 47_196
const firstOctet = 96
const ranges = 16

/** The range of the data folder, or the first free one. */
export async function claimServiceRange(directory: string): Promise<ServiceRange> {
  const path = join(directory, 'service-range')
  const known = Number(await readFile(path, 'utf8').catch(ifMissing('NaN')))
  if (Number.isInteger(known)) {
    const claim = await claimOctet(known)
    if (claim === 'taken')
      throw new CliError(
        `the Service addresses of ${directory} (127.${known}.0.0/16) are in use by another engine: end that one first`,
      )
    return rangeOf(known, claim)
  }
  for (let index = 0; index < ranges; index++) {
    const octet = firstOctet + 2 * index
    const claim = await claimOctet(octet)
    if (claim === 'taken') continue
    await writeFile(path, `${octet}\n`)
    return rangeOf(octet, claim)
  }
  throw new CliError(`${ranges} engines run on this machine, and there are addresses for no more`)
}

/** undefined where this machine has no such addresses: then nothing is shared either. */
async function claimOctet(octet: number): Promise<Server | undefined | 'taken'> {
  const server = createServer((socket) => socket.destroy())
  try {
    server.listen({ host: `127.${octet}.255.254`, port: claimPort, exclusive: true })
    await once(server, 'listening')
    server.unref()
    return server
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' ? 'taken' : undefined
  }
}

function rangeOf(octet: number, claim: Server | undefined): ServiceRange {
  return {
    services: `127.${octet}.0.0/16`,
    loadBalancers: `127.${octet + 1}.0.0/16`,
    dns: `127.${octet}.0.10`,
    release: () => claim?.close(),
  }
}
