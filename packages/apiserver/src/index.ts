// What the command line and tests use of the API server.
export { type ApiServer, type ApiServerOptions, createApiServer } from './server.ts'
export type { KeyPair } from './pki.ts'
export type { RequestLogEntry } from './http/server.ts'
export { kubernetesVersion } from './version.ts'
