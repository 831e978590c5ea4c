// What tests may use of `testing`.
export { deepFrozen, unfrozenPath } from './deep-freeze.ts'
export { createFakeClock, settle } from './fake-clock.ts'
export type { FakeClock } from './fake-clock.ts'
