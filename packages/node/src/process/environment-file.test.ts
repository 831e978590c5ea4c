import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { environmentFile } from './environment-file.ts'

const run = promisify(execFile)

async function seenByProgram(variables: Record<string, string>): Promise<Record<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), 'binnacle-environment-'))
  try {
    const file = join(directory, 'environment')
    await writeFile(file, environmentFile(variables, '/usr/bin/env'))
    const { stdout } = await run(
      '/bin/sh',
      ['-c', `. ${file}; exec "$@"`, 'sh', process.execPath, '-p', 'JSON.stringify(process.env)'],
      { env: {} },
    )
    const seen = JSON.parse(stdout) as Record<string, string>
    // Where sh is bash.
    delete seen['_']
    return seen
  } finally {
    await rm(directory, { recursive: true })
  }
}

it('gives a program exactly its variables, whatever they are called', async () => {
  const variables = {
    PATH: '/app/bin:/bin',
    dir: 'd',
    user: 'bob',
    target: '$HOME `id` "x" \\ \'y\'',
    'two.words': 'dotted',
    'with-dash': "it's",
    UID: '1001',
    RANDOM: 'seed',
    OPTIND: 'letters',
    PWD: '/elsewhere',
    IFS: ',',
    LINES: 'first\nsecond\n',
    EMPTY: '',
  }
  expect(await seenByProgram(variables)).toEqual(variables)
})

it('adds nothing of its own', async () => {
  expect(await seenByProgram({ ONE: '1' })).toEqual({ ONE: '1' })
})
