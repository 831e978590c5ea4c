// A node agent over a fake API server, with real processes in a folder of its own.

import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { type Pod, systemClock } from '@binnacle/api'
import { createClient } from '@binnacle/client'
import {
  type ContainerRuntime,
  type ImageConfig,
  type NodeAgent,
  createProcessRuntime,
  startNode,
} from '../src/index.ts'
import { FakeApi } from './fake-api.ts'

export interface NodeFixture extends AsyncDisposable {
  api: FakeApi
  node: NodeAgent
  runtime: ContainerRuntime
  directory: string
  certificates: { certificate: string; key: string }
  /** Makes `name` an image whose /app/main.js is `script`. */
  image(name: string, script: string, config?: ImageConfig): Promise<void>
  /** Body of a GET to the kubelet API. */
  get(path: string): Promise<{ code: number; text: string }>
  /** Ends the agent and leaves the processes; starts another over the same folder. */
  restart(meanwhile?: () => Promise<void>): Promise<void>
}

/** A key and a certificate that vouches for itself: server, client and authority in one. */
async function selfSigned(directory: string): Promise<{ certificate: string; key: string }> {
  const [certificate, key] = [join(directory, 'tls.crt'), join(directory, 'tls.key')]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      key,
      '-out',
      certificate,
      '-days',
      '1',
      '-subj',
      '/O=system:masters/CN=test',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    ],
    { stdio: 'ignore' },
  )
  return { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') }
}

export async function startFixture(options: { runtime?: ContainerRuntime } = {}): Promise<NodeFixture> {
  const directory = await mkdtemp(join(tmpdir(), 'binnacle-node-'))
  const certificates = await selfSigned(directory)
  const api = new FakeApi()
  const images = new Map<string, { config: ImageConfig; rootfs: string }>()
  const launch = async (): Promise<{ node: NodeAgent; runtime: ContainerRuntime }> => {
    const runtime = options.runtime ?? (await createProcessRuntime({ directory, clock: systemClock }))
    const node = await startNode({
      client: createClient(api.transport),
      clock: systemClock,
      dataDirectory: directory,
      runtime,
      nodeName: 'node-1',
      images: {
        resolve: (reference) => {
          const found = images.get(reference)
          return Promise.resolve(
            found && { digest: 'sha256:1', config: found.config, rootfs: () => Promise.resolve(found.rootfs) },
          )
        },
      },
      serving: { ...certificates, clientCa: certificates.certificate },
    })
    return { node, runtime }
  }
  let running = await launch()
  return {
    api,
    directory,
    certificates,
    get node() {
      return running.node
    },
    get runtime() {
      return running.runtime
    },
    async image(name, script, config = {}) {
      const rootfs = join(directory, 'images', name)
      await mkdir(join(rootfs, 'app'), { recursive: true })
      await writeFile(join(rootfs, 'app', 'main.js'), script)
      images.set(name, { config: { Entrypoint: ['node', '/app/main.js'], WorkingDir: '/app', ...config }, rootfs })
    },
    get: (path) =>
      new Promise((resolve, reject) => {
        const { certificate, key } = certificates
        request(
          { host: '127.0.0.1', port: running.node.port, path, cert: certificate, key, ca: certificate, agent: false },
          (response) => {
            let text = ''
            response.on('data', (chunk) => (text += String(chunk)))
            response.on('end', () => resolve({ code: response.statusCode ?? 0, text }))
          },
        )
          .on('error', reject)
          .end()
      }),
    async restart(meanwhile) {
      await running.node.close()
      await meanwhile?.()
      running = await launch()
    },
    async [Symbol.asyncDispose]() {
      await running.node.shutdown(0)
      await rm(directory, { recursive: true, force: true })
    },
  }
}

export function podOf(name: string, spec: Partial<NonNullable<Pod['spec']>>): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-of-${name}`, generation: 1 },
    spec: { nodeName: 'node-1', restartPolicy: 'Always', terminationGracePeriodSeconds: 5, containers: [], ...spec },
    status: { phase: 'Pending' },
  }
}

export function conditionOf(pod: Pod | undefined, type: string): string | undefined {
  return pod?.status?.conditions?.find((condition) => condition.type === type)?.status
}
