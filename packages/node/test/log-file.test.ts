import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@binnacle/api'
import { expect, it } from 'vitest'
import { LogFile } from '../src/process/log-file.ts'

it('is followed from the moment at which that was asked for, not from the first look', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'binnacle-log-'))
  const path = join(folder, 'log')
  await writeFile(path, 'before\n')
  const log = new LogFile({
    path,
    clock: systemClock,
    log: (message) => {
      throw new Error(message)
    },
  })
  await log.open()
  try {
    const lines = await log.readFromNow(new AbortController().signal)
    await appendFile(path, 'an answer\n')
    const [first] = await Array.fromAsync(lines, (chunk) => {
      log.close()
      return chunk.toString()
    })
    expect(first).toBe('an answer\n')
  } finally {
    log.close()
    await rm(folder, { recursive: true })
  }
})
