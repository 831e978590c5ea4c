import { storeContract } from '@binnacle/testing'
import { createMemoryStore, openLmdbStore } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

storeContract('the memory store', (options) => Promise.resolve(createMemoryStore(options)))
storeContract('the LMDB store', (options) => openLmdbStore({ ...options, directory: temporaryFolder() }))
storeContract('the LMDB store with everything encrypted', (options) =>
  openLmdbStore({
    ...options,
    directory: temporaryFolder(),
    encryptionKey: new Uint8Array(32).fill(7),
    encrypt: () => true,
  }),
)
storeContract('the LMDB store with a log that is full at once', (options) =>
  openLmdbStore({ ...options, directory: temporaryFolder(), logLength: 4096 }),
)
