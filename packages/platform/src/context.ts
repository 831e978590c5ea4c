// What every controller of the platform is given, and what differs between the engine and another cluster.

import type { Clock } from '@binnacle/api'
import type { Client, EventRecorder, Informers } from '@binnacle/client'

/** Name under which our objects' fields are owned. */
export const fieldManager = 'binnacle-controller'

/** How the cluster runs pods. `clusterRuntime` is what any Kubernetes does. */
export interface PlatformRuntime {
  /** Pods reach Services by DNS name; otherwise under the addresses that `reachableAddress` says. */
  serviceNames: boolean
  /** Whether this process reaches what pods reach, and so can test connections; true where absent. */
  reachesPods?: boolean
  /** Where data sources are programs of this machine and not images. */
  programs?: ProgramRuntime
}

export interface ProgramRuntime {
  /** An image without files, under which a program of the machine is run. */
  image: string
  /** Folder of a program: on the PATH, or in one of the folders (which may hold `*`); undefined where it is not installed. */
  find(name: string, folders: readonly string[]): Promise<string | undefined>
}

export const clusterRuntime: PlatformRuntime = { serviceNames: true }

/** Makes images from sources. */
export interface ImageBuilder {
  /** Rejects with an error whose message says what is wrong with the sources. */
  build(request: BuildRequest): Promise<BuiltImage>
}

export interface BuildRequest {
  /** Folder of the sources, as the resource says it. */
  context: string
  repository: string
  base?: string
  /** A digest of the sources where absent. */
  tag?: string
}

export interface BuiltImage {
  /** `repository:tag`. */
  image: string
  /** `sha256:…` of its manifest. */
  digest: string
}

export interface PlatformContext {
  /** Acts as the platform's own identity. */
  client: Client
  informers: Informers
  events: EventRecorder
  clock: Clock
  signal: AbortSignal
  runtime: PlatformRuntime
  /** Absent where there is nothing to build with: another cluster. */
  builder?: ImageBuilder
  /** A try that failed, with the key that it was for; it is repeated with back-off. */
  onError: (error: unknown, key: string) => void
}
