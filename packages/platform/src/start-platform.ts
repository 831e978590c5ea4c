// The controllers of all binnacle.dev kinds over one set of informers.

import type { Clock } from '@binnacle/api'
import type { Client, Controller, EventRecorder, Informers } from '@binnacle/client'
import { startApplicationController } from './application/application-controller.ts'
import { startEnvironmentController } from './application/environment-controller.ts'
import { startReleaseController } from './application/release-controller.ts'
import { type ImageBuilder, type PlatformContext, type PlatformRuntime, clusterRuntime } from './context.ts'
import { startDataSourceController } from './data-source/data-source-controller.ts'
import { installDefinitions } from './install-definitions.ts'
import { startMicroserviceController } from './microservice/microservice-controller.ts'
import { OwnedObjects } from './owned-objects.ts'
import { PodWatch } from './pod-watch.ts'
import type { Shared } from './shared.ts'

export interface StartPlatformOptions {
  /** Acts as the platform's own identity. */
  client: Client
  /** Not started by this; who passes them does. */
  informers: Informers
  events: EventRecorder
  clock: Clock
  /** Aborts when the platform ends. */
  signal: AbortSignal
  /** Absent where there is nothing to build with. */
  builder?: ImageBuilder
  runtime?: PlatformRuntime
  onError?: (error: unknown, key: string) => void
}

export interface RunningPlatform {
  /** Resolves when no controller is busy any more. */
  stop(): Promise<void>
}

const controllers = [
  startMicroserviceController,
  startDataSourceController,
  startApplicationController,
  startReleaseController,
  startEnvironmentController,
]

/** Resolves when the cluster serves our kinds and the controllers follow them. */
export async function startPlatform(options: StartPlatformOptions): Promise<RunningPlatform> {
  const { client, informers, signal } = options
  await installDefinitions(client, signal)
  const context: PlatformContext = {
    ...options,
    runtime: options.runtime ?? clusterRuntime,
    onError: options.onError ?? (() => undefined),
  }
  const owned = new OwnedObjects(context)
  const podWatch = new PodWatch(context)
  let inStep: Promise<unknown> | undefined
  const shared: Shared = {
    owned,
    podWatch,
    inStep: async () => {
      await (inStep ??= Promise.all([informers.synced(), owned.synced(), podWatch.synced()]))
    },
  }
  const running: Controller[] = controllers.map((start) => start(context, shared))
  return {
    stop: async () => {
      await Promise.all(running.map((controller) => controller.stop()))
    },
  }
}
