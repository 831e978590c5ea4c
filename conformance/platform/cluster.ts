// A real cluster for a run: upstream's control plane with kwok for the node, the repository's own command line on it, and
// our controllers beside it.

import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeObject } from '@binnacle/api'
import { type CommandResult, command, end, eventually, main } from '../../e2e/support.ts'
import { peers, startPeer } from '../peer.ts'

/** Name of the context in the control plane's kubeconfig. */
export const context = 'peer'
const version = '1.36'

export interface RunOptions {
  input?: string
  cwd?: string
}

export interface Serving extends AsyncDisposable {
  /** The first that it said. */
  line: string
  /** All that it said until now. */
  said: () => string
}

export interface RealCluster extends AsyncDisposable {
  /** A copy, which may be changed. */
  readonly kubeconfig: string
  readonly folder: string
  /** The command as a user would run it, with the cluster in its kubeconfig. */
  binnacle(args: readonly string[], options?: RunOptions): Promise<CommandResult>
  kubectl(args: readonly string[], options?: RunOptions): Promise<string>
  helm(args: readonly string[], options?: RunOptions): Promise<string>
  /** A context of the kubeconfig with the rights of a ServiceAccount. */
  addContext(context: { name: string; account: string; namespace: string }): Promise<void>
  /** A command of `binnacle` that goes on. */
  serve(args: readonly string[]): Promise<Serving>
  /** All objects of a namespace, of all kinds that can be listed. */
  objectsIn(namespace: string): Promise<KubeObject[]>
}

/** `data` is the folder of the engine whose image store and registry are used. */
export async function startCluster({ data }: { data: string }): Promise<RealCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'binnacle-platform-'))
  const peer = startPeer(['etcd', 'apiserver', 'controller-manager', 'scheduler', 'kwok'], ['helm'])
  const kubeconfig = join(folder, 'kubeconfig')
  copyFileSync(peer.kubeconfig, kubeconfig)
  const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: folder, BINNACLE_DATA: data }
  const run = async (program: string, args: readonly string[], options: RunOptions): Promise<string> =>
    succeeded(`${program} ${args.join(' ')}`, await command(join(peers, 'bin', program), args, { env, ...options }))
  const children: ChildProcess[] = []
  const kubectl: RealCluster['kubectl'] = (args, options = {}) => run('kubectl', args, options)
  const cluster: RealCluster = {
    kubeconfig,
    folder,
    binnacle: (args, options = {}) => command(process.execPath, [main, ...args], { env, ...options }),
    kubectl,
    helm: (args, options = {}) => run('helm', args, options),
    async addContext({ name, account, namespace }) {
      const token = await kubectl(['create', 'token', account, '-n', namespace])
      await kubectl(['config', 'set-credentials', name, `--token=${token.trim()}`])
      await kubectl(['config', 'set-context', name, '--cluster=peer', `--user=${name}`])
    },
    async serve(args) {
      const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
      children.push(child)
      let text = ''
      const read = (chunk: string): void => void (text += chunk)
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', read)
      const line = await eventually(`the first line of ${args.join(' ')}`, () => /^.+(?=\n)/.exec(text)?.[0])
      return { line, said: () => text, [Symbol.asyncDispose]: () => end(child, 'SIGTERM') }
    },
    async objectsIn(namespace) {
      const kinds = await kubectl(['api-resources', '--namespaced', '--verbs=list', '-o', 'name'])
      const list = kinds.trim().split('\n').join(',')
      const found = JSON.parse(await kubectl(['get', list, '-n', namespace, '-o', 'json'])) as { items: KubeObject[] }
      return found.items
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) await end(child, 'SIGTERM')
      peer.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return cluster
}

/** Throws where the server is not of the version that we target. */
export async function requireVersion(cluster: RealCluster): Promise<string> {
  const { serverVersion } = JSON.parse(await cluster.kubectl(['version', '-o', 'json'])) as {
    serverVersion: { gitVersion: string }
  }
  if (!serverVersion.gitVersion.startsWith(`v${version}.`))
    throw new Error(`kube-apiserver is ${serverVersion.gitVersion}, not ${version}`)
  return serverVersion.gitVersion
}

export function succeeded(what: string, { code, stdout, stderr }: CommandResult): string {
  if (code !== 0) throw new Error(`${what} failed with ${code}:\n${stderr}${stdout}`)
  return stdout
}
