// What the command line composes of the platform.
export type { BuildRequest, BuiltImage, ImageBuilder, PlatformRuntime, ProgramRuntime } from './context.ts'
export { type RunningPlatform, type StartPlatformOptions, startPlatform } from './start-platform.ts'
