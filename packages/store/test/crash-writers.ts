// Run as a process of its own, to be killed: sixteen writers, each with its own keys, that print what was acknowledged.
// Operation n on a key removes it when n % 5 is 4 and otherwise puts {n} with a filler of a length that follows from n.

import { writeSync } from 'node:fs'
import { testObject } from '@binnacle/testing'
import { openLmdbStore } from '../src/index.ts'

const [directory = '', from = '0', logLength = ''] = process.argv.slice(2)
const store = await openLmdbStore({
  directory,
  encryptionKey: new Uint8Array(32).fill(3),
  encrypt: (key) => key.endsWith('0'),
  logLength: Number(logLength),
})
writeSync(1, `open ${store.revision}\n`)

async function writer(id: number): Promise<never> {
  for (let n = Number(from); ; n++) {
    for (let number = 0; number < 4; number++) {
      const key = `crash/w${id}/${number}`
      const stored = await store.write(key, () =>
        n % 5 === 4
          ? { remove: true }
          : { put: testObject(String(number), { n, filler: 'f'.repeat((n * 37) % 3000) }) },
      )
      writeSync(1, `${key} ${n} ${stored?.revision ?? 0}\n`)
    }
  }
}

await Promise.all(Array.from({ length: 16 }, (_, id) => writer(id)))
