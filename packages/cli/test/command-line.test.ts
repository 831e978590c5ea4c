// The command as a newcomer types it, as a process of its own: one line that says what to do, and the exit code.

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const main = join(import.meta.dirname, '..', 'src', 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'binnacle-cli-'))
const data = join(folder, 'data')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Answer {
  code: number
  stdout: string
  stderr: string
}

function run(file: string, args: readonly string[]): Promise<Answer> {
  const env = { ...process.env, BINNACLE_DATA: data, HOME: folder, NO_COLOR: '1' }
  return new Promise((resolve) => {
    execFile(file, args, { env, cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, stdout, stderr })
    })
  })
}

const binnacle = (...args: string[]): Promise<Answer> => run(process.execPath, [main, ...args])

describe('wrong usage says so in one line and exits with 2', () => {
  it.each([
    ['up --port abc', /argument 'abc' is invalid\. a port is a number from 0 \(any free one\) to 65535/],
    ['up --port 70000', /a port is a number/],
    ['up extra', /too many arguments for 'up'/],
    ['up --runtime docker', /the docker runtime is not part of this version: use --runtime process/],
    ['up --ephemeral --detach', /--ephemeral and --detach do not go together/],
    ['up --no-canvas --canvas-port 1', /--canvas-port and --no-canvas do not go together/],
    ['open --canvas-port 0', /--canvas-port goes with --context/],
    ['frobnicate', /unknown command 'frobnicate'/],
    ['statsu', /unknown command 'statsu' \(Did you mean status\?\)/],
    ['build', /required option '-t, --tag <name:tag>' not specified/],
    ['build . -t UPPER:1', /UPPER:1/],
    ['status -o yaml', /argument 'yaml' is invalid\. Allowed choices are json/],
    ['completion tcsh', /'tcsh' is invalid for argument 'shell'\. Allowed choices are bash, zsh, fish/],
  ])('binnacle %s', async (line, message) => {
    const answer = await binnacle(...line.split(' '))
    expect(answer).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(/^binnacle: [^\n]+\n$/) })
    expect(answer.stderr).toMatch(message)
  })

  it('binnacle without a command shows what there is', async () => {
    const answer = await binnacle()
    expect(answer).toMatchObject({ code: 2, stdout: '' })
    expect(answer.stderr).toMatch(/^Usage: binnacle .*\n[^]*\n {2}up /)
  })
})

describe('what cannot be done says why in one line and exits with 1', () => {
  it.each([
    ['build missing -t shop:1', /^binnacle: cannot build missing: there is no such folder\n$/],
    ['build . -t shop:1', /holds no project that is known here/],
    ['open shop', /^binnacle: no engine runs on .*\/data: start one with `binnacle up`, or open a cluster with /],
    ['open --context none --kubeconfig torn/none', /cannot read kubeconfig torn\/none/],
    ['status', /^binnacle: no engine runs on .*\/data: start one with `binnacle up`\n$/],
    [
      'up --data plain/data',
      /cannot use the data folder .*\/plain\/data: a part of its path is a file; choose another/,
    ],
    ['up --data plain', /cannot use the data folder .*: .*plain is a file; choose another with --data/],
    ['up --data /proc/none', /cannot use the data folder \/proc\/none: .*; choose another with --data/],
    ['status --data torn', /torn\/engine\.json is damaged: remove it/],
  ])('binnacle %s', async (line, message) => {
    writeFileSync(join(folder, 'plain'), '')
    mkdirSync(join(folder, 'torn'), { recursive: true })
    writeFileSync(join(folder, 'torn', 'engine.json'), '{"pid":')
    const answer = await binnacle(...line.split(' '))
    expect(answer).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/^binnacle: [^\n]+\n$/) })
    expect(answer.stderr).toMatch(message)
  })
})

it('shows its versions, by command and by flag', async () => {
  const answer = await binnacle('version')
  expect(answer).toMatchObject({ code: 0, stderr: '' })
  expect(answer.stdout).toMatch(/^binnacle \S+ · Kubernetes v1\.36\S* · Node\.js v\d+\S*\n$/)
  expect(await binnacle('--version')).toEqual(answer)
  expect(JSON.parse((await binnacle('--version', '-o', 'json')).stdout)).toHaveProperty('kubernetes')
})

it('ends nothing where nothing runs, as often as asked', async () => {
  const nothing = { code: 0, stdout: `no engine runs on ${data}\n`, stderr: '' }
  expect(await binnacle('down')).toEqual(nothing)
  expect(await binnacle('down')).toEqual(nothing)
})

it('does not take another program for its engine, whose process number it has got', async () => {
  const reused = join(folder, 'reused')
  mkdirSync(reused)
  writeFileSync(join(reused, 'engine.json'), JSON.stringify({ pid: process.pid, started: '1' }))
  expect(await binnacle('down', '--data', reused)).toMatchObject({ code: 0, stdout: `no engine runs on ${reused}\n` })
})

it('starts in the background, says where it is, starts no second time, and ends', async () => {
  const up = ['up', '--detach', '--port', '0', '--registry-port', '0', '--no-canvas', '--runtime', 'simulated']
  const started = await binnacle(...up)
  expect(started).toMatchObject({ code: 0, stderr: '' })
  expect(started.stdout).toMatch(/^binnacle ready in \d+ ms · api https:\S+ · kubeconfig \S+\n$/)
  const status = JSON.parse((await binnacle('status', '-o', 'json')).stdout) as { pid: number; api: string }
  expect(started.stdout).toContain(status.api)
  expect(await binnacle('open')).toMatchObject({
    code: 1,
    stderr: 'binnacle: the engine runs without the Canvas: end it and start it again without --no-canvas\n',
  })
  const again = await binnacle(...up)
  expect(again).toEqual({
    code: 1,
    stdout: '',
    stderr: `binnacle: an engine runs on ${data} already (pid ${status.pid}): \`binnacle down\` ends it\n`,
  })
  expect(await binnacle('down')).toEqual({ code: 0, stdout: `stopped the engine (pid ${status.pid})\n`, stderr: '' })
  expect(await binnacle('status')).toMatchObject({ code: 1 })
})

describe('completion in bash', async () => {
  const hasBash = (await run('sh', ['-c', 'command -v bash'])).code === 0

  async function complete(...words: string[]): Promise<string[]> {
    const { stdout: script } = await binnacle('completion', 'bash')
    const ask = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_binnacle
printf '%s\\n' "\${COMPREPLY[@]}"`
    const { code, stdout, stderr } = await run('bash', ['--norc', '-c', `${script}\n${ask}`])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout.split('\n').filter((word) => word !== '')
  }

  it.skipIf(!hasBash)('completes commands, flags, their values, and files', async () => {
    expect(await complete('binnacle', 'do')).toEqual(['down', 'doctor'])
    expect(await complete('binnacle', 'up', '--reg')).toEqual(['--registry-port'])
    expect(await complete('binnacle', 'up', '--runtime', 'p')).toEqual(['process'])
    expect(await complete('binnacle', 'status', '-o', '')).toEqual(['json'])
    expect(await complete('binnacle', 'completion', '')).toEqual(['bash', 'zsh', 'fish'])
    writeFileSync(join(folder, 'some-folder'), '')
    expect(await complete('binnacle', 'build', 'some')).toEqual(['some-folder'])
    expect(await complete('binnacle', 'up', '--data', 'some')).toEqual(['some-folder'])
  })
})
