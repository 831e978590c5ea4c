// What the command line composes of the platform.
export type { BuildRequest, BuiltImage, ImageBuilder, PlatformRuntime, ProgramRuntime } from './context.ts'
export { installDefinitions } from './install-definitions.ts'
export { controllersLease, installObjects } from './install-objects.ts'
export { configurationRevision, loginRevision } from './revisions.ts'
export { type RunningPlatform, type StartPlatformOptions, startPlatform } from './start-platform.ts'
