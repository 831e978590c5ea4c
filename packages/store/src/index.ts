// What other packages may use of `store`.
export { openLmdbStore } from './lmdb/open-lmdb-store.ts'
export type { LmdbStoreOptions } from './lmdb/open-lmdb-store.ts'
export type { HistoryLimits } from './history-policy.ts'
export { createMemoryStore } from './memory-store.ts'
export type { StoreOptions } from './mvcc-store.ts'
export * from './store.ts'
