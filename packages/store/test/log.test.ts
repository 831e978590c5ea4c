// What a crash or a damaged disk leaves of the log, and what the next opening makes of it.

import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFakeClock, putObject } from '@binnacle/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LmdbStoreOptions, Store } from '../src/index.ts'
import { openLmdbStore, StoreOpenError } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const logLength = 64 << 10
const mark = Buffer.from('ff42696e6c6f67fe', 'hex')

function open(directory: string, options: Partial<LmdbStoreOptions> = {}): Promise<Store> {
  return openLmdbStore({ directory, clock: createFakeClock(), logLength, ...options })
}

/** What lies on the disk while the store runs, as a crash would leave it. */
function crashed(directory: string): string {
  const copy = temporaryFolder()
  cpSync(directory, copy, { recursive: true })
  rmSync(join(copy, 'lock'), { force: true })
  return copy
}

/** A folder whose log has `groups` groups of one object each, all in `log.0`, that the data file has not. */
async function folderWithLog(groups: number): Promise<string> {
  const directory = temporaryFolder()
  const store = await open(directory)
  for (let n = 1; n <= groups; n++) await putObject(store, `pods/default/p${n}`, { filler: 'x'.repeat(n * 10) })
  const copy = crashed(directory)
  await store.close()
  return copy
}

async function revisionAt(directory: string): Promise<number> {
  const store = await open(directory)
  try {
    expect(store.count('')).toBe(store.revision)
    return store.revision
  } finally {
    await store.close()
  }
}

function framesOf(log: Buffer): number[] {
  const starts: number[] = []
  for (let at = log.indexOf(mark); at >= 0; at = log.indexOf(mark, at + 1)) starts.push(at)
  return starts
}

test('what is only in the log is there after a crash, and in the data file once the store has closed', async () => {
  const directory = temporaryFolder()
  const store = await open(directory)
  await putObject(store, 'pods/default/kept', { text: 'first' })
  await putObject(store, 'pods/default/kept', { text: 'second' })
  await putObject(store, 'pods/default/removed')
  await store.write('pods/default/removed', () => ({ remove: true }))
  const copy = crashed(directory)
  await store.close()
  expect(readFileSync(join(copy, 'objects.mdb')).includes('second')).toBe(false)
  expect(readFileSync(join(directory, 'objects.mdb')).includes('second')).toBe(true)

  const again = await open(copy)
  expect(again.revision).toBe(4)
  expect(again.range({ prefix: '' }).items.map(({ key, object }) => ({ key, object }))).toEqual([
    { key: 'pods/default/kept', object: expect.objectContaining({ data: { text: 'second' } }) as unknown },
  ])
  expect((await putObject(again, 'pods/default/later'))?.revision).toBe(5)
  await again.close()
  expect((await open(copy)).count('')).toBe(2)
})

test('a removal in the log takes away what is in the data file', async () => {
  const directory = temporaryFolder()
  const before = await open(directory)
  await putObject(before, 'pods/default/a')
  await before.close()
  const store = await open(directory)
  await store.write('pods/default/a', () => ({ remove: true }))
  const copy = crashed(directory)
  await store.close()
  const again = await open(copy)
  expect([again.count(''), again.revision]).toEqual([0, 2])
  await again.close()
})

test('wherever the newest group is torn, the ones before it are there and it is not', async () => {
  const directory = await folderWithLog(5)
  const path = join(directory, 'log.0')
  const whole = readFileSync(path)
  const last = framesOf(whole).at(-1) ?? 0
  for (const kept of [0, 1, 7, 8, 12, 16, 31, 32, 40, 100]) {
    const torn = Buffer.from(whole)
    torn.fill(0, last + kept, last + 200)
    writeFileSync(path, torn)
    const copy = crashed(directory)
    expect(await revisionAt(copy)).toBe(4)
    // What is written in its place is found after the next crash.
    const store = await open(copy)
    await putObject(store, 'pods/default/instead')
    const next = crashed(copy)
    await store.close()
    expect(await revisionAt(next)).toBe(5)
  }
})

test('a damaged group with others behind it is refused by the revisions that are lost', async () => {
  const directory = await folderWithLog(5)
  const path = join(directory, 'log.0')
  const log = readFileSync(path)
  const third = framesOf(log)[2] ?? 0
  log.writeUInt8(log.readUInt8(third + 90) ^ 1, third + 90)
  writeFileSync(path, log)
  const before = statSync(path).mtimeMs
  await expect(open(directory)).rejects.toMatchObject({
    code: 'DAMAGED',
    message: expect.stringMatching(/the log lacks revisions 3 to 3\): restore it from a backup/) as unknown,
  })
  expect(statSync(path).mtimeMs).toBe(before)
})

test(`whatever byte of the log changes, at most the newest group is gone, or the folder is refused (SEED=${seed})`, async () => {
  const directory = await folderWithLog(8)
  const path = join(directory, 'log.0')
  const whole = readFileSync(path)
  const starts = framesOf(whole)
  const last = starts.at(-1) ?? 0
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: last + 400 }), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const damaged = Buffer.from(whole)
      damaged.writeUInt8(damaged.readUInt8(at) ^ change, at)
      writeFileSync(path, damaged)
      try {
        expect(await revisionAt(crashed(directory))).toBeGreaterThanOrEqual(7)
        expect(at).toBeGreaterThanOrEqual(last)
      } catch (error) {
        if (!(error instanceof StoreOpenError)) throw error
        expect(error.code).toBe('DAMAGED')
        expect(at).toBeLessThan(last)
      }
    }),
    { seed, numRuns: 60 },
  )
})

test('at any moment of turns and checkpoints, what lies on the disk is all that was acknowledged', async () => {
  const directory = temporaryFolder()
  const store = await open(directory)
  const filler = 'x'.repeat(3000)
  let acknowledged = 0
  const copying = new AbortController()
  const writer = async (id: number): Promise<void> => {
    for (let n = 0; !copying.signal.aborted; n++) {
      await putObject(store, `pods/w${id}/${n}`, { filler })
      acknowledged++
    }
  }
  const writers = Promise.all(Array.from({ length: 4 }, (_, id) => writer(id)))
  for (let copies = 0; copies < 12; copies++) {
    await new Promise((resolve) => setImmediate(resolve))
    const before = acknowledged
    const copy = crashed(directory)
    expect(await revisionAt(copy)).toBeGreaterThanOrEqual(before)
  }
  copying.abort()
  await writers
  await store.close()
  expect(await revisionAt(directory)).toBe(acknowledged)
})

test('a group that is longer than a file of the log is kept', async () => {
  const directory = temporaryFolder()
  const store = await open(directory)
  const filler = 'y'.repeat(logLength)
  for (let n = 0; n < 4; n++) await putObject(store, `pods/default/p${n}`, { filler })
  const copy = crashed(directory)
  await store.close()
  expect(await revisionAt(copy)).toBe(4)
})

test('a folder of the format before the log gets one', async () => {
  const directory = temporaryFolder()
  const store = await open(directory)
  await putObject(store, 'pods/default/p')
  await store.close()
  for (const name of readdirSync(directory)) if (name.startsWith('log.')) rmSync(join(directory, name))
  writeFileSync(join(directory, 'FORMAT'), 'binnacle-store 1\n')
  expect(await revisionAt(directory)).toBe(1)
  expect(readFileSync(join(directory, 'FORMAT'), 'utf8')).toBe('binnacle-store 2\n')
  expect(readdirSync(directory).sort()).toEqual(['FORMAT', 'log.0', 'log.1', 'objects.mdb', 'objects.mdb-lock'])
})

test('secrets are not readable in the log', async () => {
  const directory = temporaryFolder()
  const encryptionKey = new Uint8Array(32).fill(1)
  const store = await open(directory, { encryptionKey })
  await putObject(store, 'secrets/default/s', { password: 'correct horse' })
  await putObject(store, 'pods/default/p', { image: 'battery staple' })
  const copy = crashed(directory)
  await store.close()
  const log = readFileSync(join(copy, 'log.0'))
  expect(log.includes('battery staple')).toBe(true)
  expect(log.includes('correct horse')).toBe(false)
  await expect(open(copy)).rejects.toThrow('secrets/default/s is encrypted and no encryption key was given')
  const again = await open(copy, { encryptionKey })
  expect(again.get('secrets/default/s')?.object).toMatchObject({ data: { password: 'correct horse' } })
  await again.close()
})
