// What other packages may use of `client`.
export * from './client.ts'
export * from './controller.ts'
export * from './events.ts'
export * from './informer.ts'
export * from './informers.ts'
export * from './resources.ts'
export * from './work-queue.ts'
