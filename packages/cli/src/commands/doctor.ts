// `binnacle doctor`: what this machine allows, and what follows from it. Exit code 1 only where the engine cannot run.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { access, constants, mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { styleText } from 'node:util'
import { canvasAssets, isBuilt } from '../canvas-assets.ts'
import { CliError } from '../cli-error.ts'
import { dataPath } from '../data-directory.ts'
import { ifMissing } from '../missing-file.ts'

interface Finding {
  name: string
  state: 'ok' | 'limited' | 'failed'
  /** What was found. */
  found: string
  /** What follows from it, where it is not all that can be had. */
  means?: string
}

export async function doctor(options: { data?: string; output?: string }): Promise<void> {
  const findings = await Promise.all([
    nodeVersion(),
    dataFolder(dataPath(options.data)),
    loopback(),
    lowPorts(),
    mountNamespaces(),
    memoryLimits(),
    program(
      'docker',
      ['info'],
      'docker',
      'container images of whole operating systems need a container engine; images built by `binnacle build` do not',
    ),
    program(
      'kubectl',
      ['version', '--client'],
      'kubectl',
      'install kubectl to talk to the engine; any 1.30 to 1.36 will do',
    ),
    terminals(),
  ])
  findings.push(canvasPage())
  if (options.output === 'json') {
    console.log(JSON.stringify(findings))
  } else {
    const marks = { ok: styleText('green', '✓'), limited: styleText('yellow', '!'), failed: styleText('red', '✗') }
    for (const { name, state, found, means } of findings) {
      console.log(`${marks[state]} ${name.padEnd(18)} ${found}`)
      if (means !== undefined) console.log(`  ${''.padEnd(18)} ${means}`)
    }
  }
  const failed = findings.find(({ state }) => state === 'failed')
  if (failed !== undefined)
    throw new CliError(`${failed.name}: ${failed.found}; ${failed.means ?? 'the engine cannot run here'}`)
}

async function nodeVersion(): Promise<Finding> {
  const [major = 0] = process.versions.node.split('.').map(Number)
  if (major >= 24) return { name: 'Node.js', state: 'ok', found: process.versions.node }
  return {
    name: 'Node.js',
    state: 'failed',
    found: process.versions.node,
    means: 'the engine needs Node.js 24 or newer',
  }
}

async function dataFolder(path: string): Promise<Finding> {
  const name = 'data folder'
  let existing = path
  while (
    !(await access(existing).then(
      () => true,
      () => false,
    ))
  )
    existing = dirname(existing)
  try {
    await access(existing, constants.W_OK)
    const { bavail, bsize } = await statfs(existing)
    const free = (bavail * bsize) / 1024 ** 3
    const found = `${path} (${free.toFixed(1)} GiB free)`
    return free > 1
      ? { name, state: 'ok', found }
      : { name, state: 'limited', found, means: 'less than 1 GiB is free: writes are refused once the disk is full' }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { name, state: 'failed', found: why, means: 'choose a folder that you may write to with --data' }
  }
}

/** The error's code where the address is refused. */
async function refusal(host: string, port: number): Promise<string | undefined> {
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, 'listening')
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  } finally {
    server.close()
  }
}

async function loopback(): Promise<Finding> {
  const name = 'Service addresses'
  const code = await refusal('127.96.0.1', 0)
  if (code === undefined)
    return { name, state: 'ok', found: 'all of 127.0.0.0/8: every Service has an address of its own' }
  return {
    name,
    state: 'limited',
    found: `only 127.0.0.1 (${code})`,
    means:
      'each Service is reached at a port of 127.0.0.1, shown by an event and the annotation binnacle.dev/reachable-at',
  }
}

async function lowPorts(): Promise<Finding> {
  const name = 'ports below 1024'
  for (const port of [1023, 1022, 1021]) {
    const code = await refusal('127.0.0.1', port)
    if (code === undefined) return { name, state: 'ok', found: 'may be listened on' }
    if (code === 'EACCES') break
  }
  return {
    name,
    state: 'limited',
    found: 'need a privilege',
    means: 'a Service on port 80 is reached at another port of 127.0.0.1; programs cannot bind ports below 1024',
  }
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 5000 }, (error) => resolve(error === null))
  })
}

async function mountNamespaces(): Promise<Finding> {
  const name = 'mount namespaces'
  if (process.platform !== 'linux') {
    return {
      name,
      state: 'limited',
      found: `not on ${process.platform}`,
      means: 'volumes cannot stand at absolute paths: a pod that mounts one is refused with an event',
    }
  }
  const folder = await mkdtemp(join(tmpdir(), 'binnacle-doctor-'))
  try {
    const target = join(folder, 'target')
    await writeFile(target, '')
    const script = `mount --bind /proc/version ${target}`
    const flags = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount']
    if (await succeeds('unshare', [...flags, 'sh', '-c', script])) {
      return {
        name,
        state: 'ok',
        found: 'permitted: volumes, /etc/hosts and /etc/resolv.conf stand where programs expect them',
      }
    }
    return {
      name,
      state: 'limited',
      found: 'not permitted',
      means:
        'volumes cannot stand at absolute paths, and only Node programs resolve Service names; others use the Service variables',
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function memoryLimits(): Promise<Finding> {
  const name = 'resource limits'
  const controllers = await readFile('/sys/fs/cgroup/cgroup.controllers', 'utf8').catch(ifMissing(undefined))
  const writable = await access('/sys/fs/cgroup', constants.W_OK).then(
    () => true,
    () => false,
  )
  if (controllers !== undefined && writable) return { name, state: 'ok', found: 'cgroup v2 may be written' }
  return {
    name,
    state: 'limited',
    found: 'no writable cgroup v2',
    means: 'CPU and memory limits of pods are recorded and counted by the scheduler, but not enforced',
  }
}

async function program(command: string, args: readonly string[], name: string, without: string): Promise<Finding> {
  if (await succeeds(command, args)) return { name, state: 'ok', found: 'present' }
  return { name, state: 'limited', found: 'not there', means: without }
}

async function terminals(): Promise<Finding> {
  const name = 'terminals'
  if (await succeeds('script', ['--version']))
    return { name, state: 'ok', found: 'kubectl exec -it gets a terminal from script (util-linux)' }
  return {
    name,
    state: 'limited',
    found: 'no script program',
    means: 'kubectl exec -t is refused; without -t it works',
  }
}

function canvasPage(): Finding {
  const name = 'Canvas'
  if (isBuilt(canvasAssets())) return { name, state: 'ok', found: 'its page is built' }
  return {
    name,
    state: 'limited',
    found: 'its page is not built',
    means: 'the Canvas shows nothing until `npm run build` has made it',
  }
}
