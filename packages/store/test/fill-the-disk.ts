// Run as a process of its own under a limit on the size of files: writes until the folder refuses, and prints what is
// true then and after the next opening.

import { putObject } from '@binnacle/testing'
import { openLmdbStore, StoreFailure } from '../src/index.ts'

const directory = process.argv[2] ?? ''
// Short, so that the data file meets the limit: the log never grows.
const logLength = 256 << 10
const store = await openLmdbStore({ directory, logLength })
const seen: number[] = []
store.watch({
  prefix: '',
  fromRevision: 0,
  sink: { events: (batch) => void seen.push(...batch.map(({ revision }) => revision)) },
})

let acknowledged = 0
const failures = new Set<unknown>()
async function writer(id: number): Promise<void> {
  try {
    for (let n = 0; ; n++) {
      await putObject(store, `full/${id}/${n}`, { filler: 'x'.repeat(5000) })
      acknowledged++
    }
  } catch (error) {
    failures.add(error)
  }
}
await Promise.all(Array.from({ length: 8 }, (_, id) => writer(id)))

const later = await putObject(store, 'small').catch((error: unknown) => error)
const live = {
  acknowledged,
  revision: store.revision,
  objects: store.count(''),
  seen: seen.length,
  readable: store.get('full/0/0') !== undefined,
}
await store.close()

const again = await openLmdbStore({ directory, logLength })
const reopened = { revision: again.revision, objects: again.count('') }
await again.close()

const [failure] = failures
console.log(
  JSON.stringify({
    live,
    reopened,
    failures: failures.size,
    refused: failure instanceof StoreFailure,
    sameLater: later === failure,
    message: String(failure),
  }),
)
