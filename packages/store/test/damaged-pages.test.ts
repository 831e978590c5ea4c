import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFakeClock, putObject } from '@binnacle/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Store } from '../src/index.ts'
import { openLmdbStore, StoreOpenError } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const pageSize = 4096
const objects = 600

/** How one page can go wrong. Meta pages are left out: of two, LMDB itself falls back to the older. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant('zero' as const), page: fc.nat() }),
  fc.record({
    kind: fc.constant('noise' as const),
    page: fc.nat(),
    noise: fc.uint8Array({ minLength: pageSize, maxLength: pageSize, size: 'max' }),
  }),
  fc.record({ kind: fc.constant('bit' as const), page: fc.nat(), bit: fc.nat({ max: 64 * 8 - 1 }) }),
  fc.record({ kind: fc.constant('copy' as const), page: fc.nat(), from: fc.nat() }),
)
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never

test(`a damaged page is refused or concerns nothing that is kept; it never ends the process (SEED=${seed})`, async () => {
  const directory = temporaryFolder()
  const open = (): Promise<Store> => openLmdbStore({ directory, clock: createFakeClock() })
  const store = await open()
  for (let round = 0; round < 4; round++) {
    for (let n = 0; n < objects; n += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          putObject(store, `k/${n + i}`, { round, filler: 'x'.repeat(((n + i) * 13) % 2500) }),
        ),
      )
    }
  }
  const { revision } = store
  await store.close()
  const path = join(directory, 'objects.mdb')
  const whole = readFileSync(path)

  await fc.assert(
    fc.asyncProperty(damage, async (damage) => {
      writeFileSync(path, damaged(whole, damage))
      try {
        const store = await open()
        expect([store.count(''), store.revision]).toEqual([objects, revision])
        for (const { object } of store.range({ prefix: '' }).items) expect(object).toMatchObject({ data: { round: 3 } })
        await store.close()
      } catch (error) {
        if (!(error instanceof StoreOpenError)) throw error
        expect(error.code).toBe('DAMAGED')
      }
    }),
    { seed, numRuns: 60 },
  )
})

function damaged(whole: Buffer, damage: Damage): Buffer {
  const pages = whole.length / pageSize
  const place = (page: number): number => (2 + (page % (pages - 2))) * pageSize
  const at = place(damage.page)
  const bytes = Buffer.from(whole)
  if (damage.kind === 'zero') bytes.fill(0, at, at + pageSize)
  else if (damage.kind === 'noise') bytes.set(damage.noise, at)
  else if (damage.kind === 'bit')
    bytes.writeUInt8(bytes.readUInt8(at + (damage.bit >> 3)) ^ (1 << (damage.bit & 7)), at + (damage.bit >> 3))
  else whole.copy(bytes, at, place(damage.from), place(damage.from) + pageSize)
  return bytes
}
