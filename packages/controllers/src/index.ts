// What other packages may use of `controllers`.
export { clusterControllers, clusterControllerUsers } from './cluster/cluster-controllers.ts'
export type { ControllerContext } from './context.ts'
export { startScheduler } from './scheduler/scheduler.ts'
export type { Scheduler, SchedulerOptions } from './scheduler/scheduler.ts'
export { type RunningControllers, type StartControllersOptions, startControllers } from './start-controllers.ts'
