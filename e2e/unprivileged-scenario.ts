// What an ordinary user sees, run as that user by unprivileged.test.ts: an engine with the shop, then hello world as the
// documents have it. Prints what it has seen as one line of JSON. Arguments: folder of the user, folder of the images.

import { spawn } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { command, end, eventually, main, processesOf, root, text } from './support.ts'

const [home = '', images = ''] = process.argv.slice(2)
const data = join(home, 'data')
const kubeconfig = join(data, 'kubeconfig')

async function kubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await command('kubectl', ['--kubeconfig', kubeconfig, ...args])
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} failed with ${code}: ${stderr}${stdout}`)
  return stdout
}

async function binnacle(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await command(process.execPath, [main, ...args, '--data', data])
  if (code !== 0) throw new Error(`binnacle ${args.join(' ')} failed with ${code}: ${stderr}`)
  return stdout
}

/** The error's code where this process may not listen there. */
async function refusal(host: string, port: number): Promise<string | undefined> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  } finally {
    server.close()
  }
}

function isProgram(pid: number, name: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`).endsWith(name)
  } catch {
    // It has ended since, or is another user's.
    return false
  }
}

const status = readFileSync('/proc/self/status', 'utf8')
const privileges = {
  uid: process.getuid?.(),
  capabilities: /^CapEff:\t(\w+)$/m.exec(status)?.[1],
  noNewPrivileges: /^NoNewPrivs:\t(\d)$/m.exec(status)?.[1],
  lowPort: await refusal('127.0.0.1', 81),
  loopback: await refusal('127.96.0.1', 0),
}
const doctor = JSON.parse(await binnacle('doctor', '-o', 'json')) as { name: string; state: string; means?: string }[]

const flags = ['--data', data, '--port', '0', '--registry-port', '0', '--sample', join(root, 'examples', 'shop')]
const engine = spawn(process.execPath, [main, 'up', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
try {
  let output = ''
  engine.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const url = await eventually('the shop', () => /^shop answers at (\S+)$/m.exec(output)?.[1], 40_000)
  const shop = await eventually('the page of the shop', () => text(url))

  // What a pod of the shop reaches: another Service by its variables, and the API as a client in a cluster does.
  const ask = `
    const { API_SERVICE_HOST: host, API_SERVICE_PORT: port, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } = process.env
    const products = await (await fetch('http://' + host + ':' + port + '/products')).json()
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    const version = await (await fetch('https://' + KUBERNETES_SERVICE_HOST + ':' + KUBERNETES_SERVICE_PORT + '/version')).json()
    const { lookup } = await import('node:dns/promises')
    console.log(JSON.stringify({ products: products.length, version: version.minor, host, name: (await lookup('api')).address }))`
  const pod = JSON.parse(
    await kubectl('exec', 'deployment/worker', '--', 'node', '--no-warnings', '--input-type=module', '-e', ask),
  ) as object

  for (const version of ['1', '2'])
    await binnacle('build', join(images, `v${version}`), '-t', `helloworld-v1:${version}.0.0`)
  await kubectl('apply', '-f', join(root, 'examples', 'hello-world', 'helloworld-go-v1.yaml'))
  await kubectl('rollout', 'status', 'deployment/helloworld-v1', '--timeout=30s')
  const annotation = String.raw`jsonpath={.metadata.annotations.binnacle\.dev/reachable-at}`
  const reachable = await eventually('the address of hello world', async () => {
    const value = await kubectl('get', 'service', 'helloworld-v1', '-o', annotation)
    return value === '' ? undefined : (JSON.parse(value) as Record<string, string>)['80/TCP']
  })
  const hello = `http://${reachable}/api/hello`
  const first = await eventually('an answer', () => text(hello))

  const answers: (string | undefined)[] = []
  const update = new AbortController()
  const load = (async () => {
    while (!update.signal.aborted) answers.push(await text(hello))
  })()
  await kubectl('set', 'image', 'deployment/helloworld-v1', 'helloworld-kubernetes=helloworld-v1:2.0.0')
  await kubectl('rollout', 'status', 'deployment/helloworld-v1', '--timeout=30s')
  const second = await eventually('an answer of v2', () =>
    answers.at(-1)?.includes('v2') ? answers.at(-1) : undefined,
  )
  update.abort()
  await load

  await kubectl('scale', 'deployment/helloworld-v1', '--replicas=4')
  await kubectl('rollout', 'status', 'deployment/helloworld-v1', '--timeout=30s')
  const programs = async (): Promise<number[]> =>
    (await processesOf('BINNACLE_CONTAINER=')).filter((pid) => isProgram(pid, '/hello'))
  const [victim, ...others] = await programs()
  if (victim === undefined) throw new Error('no program of hello world found')
  process.kill(victim, 'SIGKILL')
  await eventually('four programs again', async () => {
    const now = await programs()
    return now.length === 4 && !now.includes(victim) ? true : undefined
  })
  await kubectl('wait', '--for=jsonpath={.status.readyReplicas}=4', 'deployment/helloworld-v1', '--timeout=20s')

  const events = await kubectl('get', 'events', '--field-selector', 'reason=AddressUnavailable')
  const address = await kubectl('get', 'svc', 'helloworld-v1', '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}')
  await binnacle('down')
  console.log(
    JSON.stringify({
      privileges,
      limited: Object.fromEntries(doctor.filter(({ state }) => state !== 'ok').map(({ name, means }) => [name, means])),
      url,
      shop,
      pod,
      address,
      hello,
      answers: [first, second],
      asked: answers.length,
      failed: answers.filter((answer) => answer === undefined).length,
      programs: others.length + 1,
      events,
    }),
  )
} finally {
  await end(engine, 'SIGTERM')
}
