import { spawnSync } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { createFakeClock, putObject, testObject } from '@binnacle/testing'
import { expect, test } from 'vitest'
import type { LmdbStoreOptions, Store } from '../src/index.ts'
import { CompactedError, openLmdbStore, StoreOpenError } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

const encryptionKey = new Uint8Array(32).fill(1)

function open(directory: string, options: Partial<LmdbStoreOptions> = {}): Promise<Store> {
  return openLmdbStore({ directory, clock: createFakeClock(), ...options })
}

/** A folder that a store has written and closed. */
async function writtenFolder(objects = 3, options: Partial<LmdbStoreOptions> = {}): Promise<string> {
  const directory = temporaryFolder()
  const store = await open(directory, options)
  await Promise.all(
    Array.from({ length: objects }, (_, index) =>
      putObject(store, `pods/default/p${index}`, { filler: 'x'.repeat(500), index }),
    ),
  )
  await store.close()
  return directory
}

async function refusal(opening: Promise<Store>): Promise<StoreOpenError> {
  try {
    const store = await opening
    await store.close()
  } catch (error) {
    if (error instanceof StoreOpenError) return error
    throw error
  }
  throw new Error('the store opened')
}

test('after a restart everything is there under its revision, and history begins there', async () => {
  const directory = temporaryFolder()
  const before = await open(directory)
  for (const key of ['pods/a/x', 'pods/ü', 'nodes/n']) await putObject(before, key, { text: 'grüß 🌊' })
  await before.write('nodes/n', () => ({ remove: true }))
  const objects = before.range({ prefix: '' }).items.map(({ key, revision, object }) => ({ key, revision, object }))
  await before.close()

  const after = await open(directory)
  expect(after.range({ prefix: '' }).items.map(({ key, revision, object }) => ({ key, revision, object }))).toEqual(
    objects,
  )
  // The newest commit was a deletion, which leaves no object behind; its revision is not given out again.
  expect(after.revision).toBe(4)
  expect(after.compactedRevision).toBe(4)
  expect(() => after.watch({ prefix: '', fromRevision: 3, sink: { events: () => undefined } })).toThrow(CompactedError)
  expect((await putObject(after, 'pods/b'))?.revision).toBe(5)
  await after.close()
})

test('an object of several megabytes survives a restart', async () => {
  const directory = temporaryFolder()
  const before = await open(directory)
  await putObject(before, 'pods/big', { filler: 'y'.repeat(5 << 20) })
  await before.close()
  const after = await open(directory)
  expect(after.get('pods/big')?.bytes.byteLength).toBeGreaterThan(5 << 20)
  await after.close()
})

test('the bytes of an object lie alone, never in the slab that short buffers share', async () => {
  const store = await open(temporaryFolder())
  const stored = await putObject(store, 'pods/a')
  expect(stored?.bytes.buffer.byteLength).toBe(stored?.bytes.byteLength)
  await store.close()
})

test('a key that LMDB could not hold is refused, and the store goes on', async () => {
  const store = await open(temporaryFolder())
  await expect(putObject(store, 'x'.repeat(2000))).rejects.toThrow('a key has 1 to 1978 bytes, this one 2000')
  await expect(putObject(store, '')).rejects.toThrow(RangeError)
  expect((await putObject(store, 'a'))?.revision).toBe(1)
  await store.close()
})

test('a second engine on one folder is refused and told who has it', async () => {
  const directory = temporaryFolder()
  const store = await open(directory)
  const error = await refusal(open(directory))
  expect(error.code).toBe('LOCKED')
  expect(error.message).toContain(`in use by process ${process.pid}`)
  await store.close()
  await (await open(directory)).close()
  expect(readdirSync(directory).filter((name) => name.startsWith('lock'))).toEqual([])
})

test('a lock whose process is gone is taken over', async () => {
  const directory = await writtenFolder()
  const { pid } = spawnSync('true')
  for (const stale of [`{"pid":${pid}}`, `{"pid":${process.pid},"started":"1"}`, '{"pi']) {
    writeFileSync(join(directory, 'lock'), stale)
    const store = await open(directory)
    expect(store.count('')).toBe(3)
    await store.close()
  }
})

test('a folder of another format is refused by its number', async () => {
  const directory = await writtenFolder()
  writeFileSync(join(directory, 'FORMAT'), 'binnacle-store 99\n')
  const error = await refusal(open(directory))
  expect(error.code).toBe('VERSION')
  expect(error.message).toContain('has format 99, this program reads format 2')
})

const damages: Record<string, (directory: string) => void> = {
  'a format record that is not one': (directory) => writeFileSync(join(directory, 'FORMAT'), 'hello'),
  'a data file that is gone': (directory) => rmSync(join(directory, 'objects.mdb')),
  'a log file that is gone': (directory) => rmSync(join(directory, 'log.1')),
  'a log file that is cut short': (directory) => truncate(join(directory, 'log.0'), 0.6),
  'a data file that is empty': (directory) => writeFileSync(join(directory, 'objects.mdb'), ''),
  'a data file of something else': (directory) => writeFileSync(join(directory, 'objects.mdb'), 'hello'.repeat(10_000)),
  'a data file that is cut short': (directory) => truncate(join(directory, 'objects.mdb'), 0.6),
  'a changed byte in an object': (directory) => flipByteAfter(join(directory, 'objects.mdb'), 'xxxxxxxxxx'),
}

for (const [name, damage] of Object.entries(damages)) {
  test(`${name} is refused as damaged, with what to do`, async () => {
    const directory = await writtenFolder(200)
    damage(directory)
    const error = await refusal(open(directory))
    expect(error.code).toBe('DAMAGED')
    expect(error.message).toContain(directory)
    expect(error.message).toMatch(/restore it from a backup/)
    // And it can be opened, once what is wrong is out of the way.
    rmSync(directory, { recursive: true })
    await (await open(directory)).close()
  })
}

test('a data file is whole without the last pages, when they were handed out and freed before they were written', async () => {
  const directory = await writtenFolder(200)
  const path = join(directory, 'objects.mdb')
  const bytes = readFileSync(path)
  // mm_last_pg of both meta pages.
  for (const at of [144, 4096 + 144]) bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at) + 3n, at)
  writeFileSync(path, bytes)
  const store = await open(directory)
  expect(store.count('')).toBe(200)
  await putObject(store, 'pods/default/one-more', {})
  await store.close()
  expect((await open(directory)).count('')).toBe(201)
})

test('a data file without its format record is refused', async () => {
  const directory = await writtenFolder()
  rmSync(join(directory, 'FORMAT'))
  expect((await refusal(open(directory))).message).toContain('is there without its format record')
})

test('an opening of a new folder that was cut off is begun again', async () => {
  const directory = temporaryFolder()
  writeFileSync(join(directory, 'FORMAT.new'), 'bin')
  writeFileSync(join(directory, 'objects.mdb'), 'torn')
  const store = await open(directory)
  expect((await putObject(store, 'a'))?.revision).toBe(1)
  await store.close()
  expect(readdirSync(directory).sort()).toEqual(['FORMAT', 'log.0', 'log.1', 'objects.mdb', 'objects.mdb-lock'])
})

test('a path that is a file is refused', async () => {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, '')
  expect((await refusal(open(path))).message).toContain('it is not a folder')
})

test('secrets are not readable in the data file; other objects need no key', async () => {
  const directory = temporaryFolder()
  const store = await open(directory, { encryptionKey })
  await putObject(store, 'secrets/default/s', { password: 'correct horse' })
  await putObject(store, 'pods/default/p', { image: 'battery staple' })
  await store.close()
  const file = readFileSync(join(directory, 'objects.mdb'))
  expect(file.includes('battery staple')).toBe(true)
  expect(file.includes('correct horse')).toBe(false)
  const again = await open(directory, { encryptionKey })
  expect(again.get('secrets/default/s')?.object).toMatchObject({ data: { password: 'correct horse' } })
  await again.close()
})

test('a wrong or absent encryption key is refused before anything is served', async () => {
  const directory = temporaryFolder()
  const store = await open(directory, { encryptionKey })
  await putObject(store, 'secrets/default/s')
  await store.close()
  const wrong = await refusal(open(directory, { encryptionKey: new Uint8Array(32).fill(2) }))
  expect([wrong.code, wrong.message]).toEqual([
    'DAMAGED',
    expect.stringContaining('secrets/default/s does not open with this encryption key'),
  ])
  const absent = await refusal(open(directory))
  expect([absent.code, absent.message]).toEqual([
    'DAMAGED',
    expect.stringContaining('is encrypted and no encryption key was given'),
  ])
  await expect(open(directory, { encryptionKey: new Uint8Array(16) })).rejects.toThrow(TypeError)
})

const isRoot = process.getuid?.() === 0

test('a folder that cannot be written is refused as read-only', { skip: process.platform === 'win32' }, async () => {
  const parent = temporaryFolder()
  const directory = join(parent, 'data')
  mkdirSync(directory, { mode: 0o555 })
  // Permissions do not bind root, so root asks as nobody.
  const result = spawnSync(process.execPath, [join(import.meta.dirname, 'open-and-report.ts'), directory], {
    encoding: 'utf8',
    ...(isRoot ? { uid: 65_534, gid: 65_534 } : {}),
  })
  expect(result.stdout).toMatch(
    /^READ_ONLY the data folder .* cannot be written .*: make it writable or name another one$/m,
  )
})

test('opening does not parse objects', async () => {
  const directory = await writtenFolder()
  const parse = JSON.parse
  let parsed = 0
  JSON.parse = (...args: Parameters<typeof parse>): unknown => {
    if (args[0].includes('"metadata"')) parsed++
    return parse(...args)
  }
  try {
    const store = await open(directory)
    expect(parsed).toBe(0)
    expect(store.get('pods/default/p1')?.object.metadata.name).toBe('p1')
    expect(parsed).toBe(1)
    await store.close()
  } finally {
    JSON.parse = parse
  }
})

test('a removal and what was there before are kept apart over restarts', async () => {
  const directory = await writtenFolder()
  let store = await open(directory)
  await Promise.all([
    store.write('pods/default/p0', () => ({ remove: true })),
    store.write('pods/default/p0', () => ({ put: testObject('p0', { again: true }) })),
    store.write('pods/default/p1', () => ({ remove: true })),
  ])
  await store.close()
  store = await open(directory)
  expect(store.range({ prefix: '' }).items.map(({ key, revision }) => `${key}@${revision}`)).toEqual([
    'pods/default/p0@5',
    'pods/default/p2@3',
  ])
  await store.close()
})

function truncate(path: string, part: number): void {
  const file = openSync(path, 'r+')
  ftruncateSync(file, Math.floor(statSync(path).size * part))
  closeSync(file)
}

function flipByteAfter(path: string, text: string): void {
  const bytes = readFileSync(path)
  const file = openSync(path, 'r+')
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 4096))
    writeSync(file, 'X', at + text.length)
  closeSync(file)
}
