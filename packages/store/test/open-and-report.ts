// Run as a process of its own: opens the data folder named and prints how that went.

import { openLmdbStore, StoreOpenError } from '../src/index.ts'

try {
  const store = await openLmdbStore({ directory: process.argv[2] ?? '' })
  console.log(`OPEN ${store.count('')} objects at ${store.revision}`)
  await store.close()
} catch (error) {
  if (!(error instanceof StoreOpenError)) throw error
  console.log(`${error.code} ${error.message}`)
}
