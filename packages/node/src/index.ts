// What the composition root uses of the node agent.
export { createProcessRuntime, type ProcessRuntimeOptions } from './process/process-runtime.ts'
export * from './runtime.ts'
