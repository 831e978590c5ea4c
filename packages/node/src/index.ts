// What the composition root uses of the node agent.
export { type NodeAgent, type NodeOptions, startNode } from './node.ts'
export { markerVariable } from './process/process-table.ts'
export { createProcessRuntime, type ProcessRuntimeOptions } from './process/process-runtime.ts'
export * from './runtime.ts'
export type { ServingOptions } from './server/kubelet-server.ts'
export { createSimulatedRuntime } from './simulated-runtime.ts'
export {
  type FolderProvisionerOptions,
  standardStorageClass,
  startFolderProvisioner,
} from './volumes/folder-provisioner.ts'
