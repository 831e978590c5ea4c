// The store without a disk: for tests and `binnacle up --ephemeral`.

import type { Journal, StoreOptions } from './mvcc-store.ts'
import { MvccStore } from './mvcc-store.ts'
import { State } from './state.ts'
import type { Store } from './store.ts'

export function createMemoryStore(options: StoreOptions = {}): Store {
  return new MvccStore(new State(), { ...options, journal: noJournal })
}

const noJournal: Journal = {
  commit: () => Promise.resolve(),
  close: () => Promise.resolve(),
}
