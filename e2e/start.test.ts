// `npm start` on this clone: the ready line, a Ready node, the shop, and nothing left after Ctrl-C.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { command, eventually, hasProgram, processesOf, root, text } from './support.ts'

const hasKubectl = await hasProgram('kubectl')

it.skipIf(!hasKubectl)(
  'npm start shows its address, runs the shop, and ends with all that it started (needs kubectl)',
  { timeout: 90_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'binnacle-start-'))
    const data = join(folder, 'data')
    const child = spawn('npm', ['start', '--silent', '--', '--data', data, '--port', '0', '--registry-port', '0'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    const gone = new Promise((resolve) => child.once('exit', resolve))
    try {
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
      const [, kubeconfig = ''] = await eventually(
        'the ready line',
        () =>
          /^binnacle ready in \d+ ms · api https:\S+ (?:· canvas \S+ )?· kubeconfig (\S+)$/m.exec(output) ?? undefined,
        60_000,
      )
      const nodes = await command('kubectl', ['--kubeconfig', kubeconfig, 'get', 'nodes', '--no-headers'])
      expect(nodes.stdout).toMatch(/^\S+\s+Ready\s/)
      const [, url = ''] = await eventually(
        'the shop',
        () => /^shop answers at (\S+)$/m.exec(output) ?? undefined,
        40_000,
      )
      expect(await text(url)).toContain('Chandlery')
      const ids = 'jsonpath={range .items[*]}{.status.containerStatuses[*].containerID} {end}'
      const pods = await command('kubectl', ['--kubeconfig', kubeconfig, 'get', 'pods', '-A', '-o', ids])
      // In a mount namespace of its own a program need not name the data folder anywhere; its container's id it does.
      const markers = pods.stdout
        .trim()
        .split(/\s+/)
        .map((id) => `BINNACLE_CONTAINER=${id.replace('process://', '')}`)
      for (const marker of markers) expect(await processesOf(marker)).not.toEqual([])
      // Ctrl-C in a terminal reaches the whole foreground group.
      process.kill(-(child.pid ?? 0), 'SIGINT')
      await eventually(
        'the end',
        () => (child.exitCode !== null || child.signalCode !== null ? true : undefined),
        30_000,
      )
      expect(
        await eventually(
          'no process of it',
          async () => {
            const left = await Promise.all([data, ...markers].map(processesOf))
            return left.flat().length === 0 ? true : undefined
          },
          10_000,
        ),
      ).toBe(true)
    } finally {
      // After a failure: npm itself would go without what it has started.
      const isThere = child.exitCode === null && child.signalCode === null
      if (isThere && child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
      await gone
      await rm(folder, { recursive: true, force: true })
    }
  },
)
