// What other packages may use of `api`.
export * from './clock.ts'
export * from './errors.ts'
export * from './field-error.ts'
export * from './object.ts'
export * from './pod-ports.ts'
export * from './resource.ts'
export * from './service-address.ts'
export * from './transport.ts'
