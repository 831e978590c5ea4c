// Upstream's control plane, which the conformance runs compare this engine with. Its address is fixed, so one at a time
// runs on a machine.

import { execFileSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const controlPlane = join(root, 'bench', 'peer', 'control-plane')

/** Where upstream's programs lie; they are built there when they are missing. */
export const peers: string = process.env['PEERS'] ?? join(tmpdir(), 'binnacle-peers')

export interface Peer {
  kubeconfig: string
  stop(): void
}

/** Starts the named parts on an empty etcd; throws where one of them does not come up. Programs are only built. */
export function startPeer(parts: readonly string[], programs: readonly string[] = []): Peer {
  const env = { ...process.env, PEERS: peers }
  const control = (...args: string[]): string => execFileSync(controlPlane, args, { env, encoding: 'utf8' })
  const names = parts.map((part) => (part === 'etcd' || part === 'kwok' ? part : `kube-${part}`))
  for (const name of [...names, 'kubectl', ...programs]) {
    if (existsSync(join(peers, 'bin', name))) continue
    execFileSync(join(root, 'bench', 'peer', 'build'), [name], { stdio: 'inherit', env })
  }
  control('stop')
  rmSync(join(peers, 'run', 'control-plane', 'etcd'), { recursive: true, force: true })
  const started = control('start', ...parts)
  return { kubeconfig: started.trim().split('\n').at(-1) ?? '', stop: () => void control('stop') }
}
