// What tests may use of `testing`.
export { deepFrozen, unfrozenPath } from './deep-freeze.ts'
export { createFakeClock, settle } from './fake-clock.ts'
export type { FakeClock } from './fake-clock.ts'
export { checkInvariants, collectingSink, putObject, storeContract, testObject } from './store-contract.ts'
export type { OpenStore, OpenStoreOptions, TestObject } from './store-contract.ts'
