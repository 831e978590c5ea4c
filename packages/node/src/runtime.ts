// What the node agent asks of a container runtime. The shape follows CRI (k8s.io/cri-api runtime/v1) where that makes
// sense for host processes too: a sandbox for each pod, containers in it, streams, logs.

import type { Readable, Writable } from 'node:stream'

/** Docker's and OCI's image config, the part that starts a container. */
export interface ImageConfig {
  Entrypoint?: readonly string[] | null | undefined
  Cmd?: readonly string[] | null | undefined
  Env?: readonly string[] | null | undefined
  WorkingDir?: string | undefined
  User?: string | undefined
  ExposedPorts?: Readonly<Record<string, unknown>> | null | undefined
}

export interface ResolvedImage {
  /** `sha256:…` */
  digest: string
  config: ImageConfig
  /** Folder with the files of all layers: shared, not to be written to. */
  rootfs(): Promise<string>
}

/** What the node agent needs of images. */
export interface ImageStore {
  /** undefined where there is no such image. */
  resolve(reference: string): Promise<ResolvedImage | undefined>
  list?(): Promise<{ names: string[]; size: number }[]>
}

export interface Mount {
  /** Path on the host. */
  source: string
  /** Absolute path in the container. */
  target: string
  readOnly: boolean
  /**
   * Kubernetes adds it by itself (service account token, hosts file): where mounts are not permitted, the container
   * runs without it. Mounts that the pod asks for are refused instead.
   */
  optional: boolean
}

export interface PortRequest {
  name?: string | undefined
  containerPort: number
  protocol: string
  /** Fixed by the pod (`hostPort`, host network). */
  hostPort?: number | undefined
}

export interface SandboxConfig {
  podUid: string
  namespace: string
  name: string
  hostname: string
  /** Folder of the pod, made by the node agent; the runtime keeps its own things under `containers`. */
  directory: string
}

export interface ContainerConfig {
  podUid: string
  podNamespace: string
  podName: string
  hostname: string
  directory: string
  name: string
  /** 0 for the first start, then the restart count. */
  attempt: number
  image: string
  imageId: string
  /** Absent for `simulated`. */
  rootfs?: string | undefined
  argv: readonly string[]
  workingDirectory: string
  environment: Readonly<Record<string, string>>
  /** Name of the variables that the pod's author wrote as literals: an explicit PORT is part of the port contract. */
  literalPort?: string | undefined
  mounts: readonly Mount[]
  user?: { uid: number; gid: number; groups: readonly number[] } | undefined
  stdin: boolean
  stdinOnce: boolean
  tty: boolean
  memoryLimitBytes?: number | undefined
  ports: readonly PortRequest[]
}

export interface ContainerSnapshot {
  id: string
  podUid: string
  podNamespace: string
  podName: string
  name: string
  attempt: number
  image: string
  imageId: string
  state: 'running' | 'exited'
  /** Milliseconds since the epoch. */
  startedAt: number
  finishedAt?: number | undefined
  exitCode?: number | undefined
  signal?: number | undefined
  /** Completed, Error, OOMKilled, PortConflict, … */
  reason?: string | undefined
  message?: string | undefined
  /** From `8080/TCP` to the host port; empty where the pod has an address of its own. */
  hostPorts: ReadonlyMap<string, number>
  /** Whether hostPorts is known for certain (all found listening, or given up waiting). */
  portsSettled: boolean
}

export interface StreamOptions {
  stdin: boolean
  stdout: boolean
  stderr: boolean
  tty: boolean
}

/** A program that talks to a client. Streams not asked for are absent; with a TTY stderr is part of stdout. */
export interface ExecSession {
  stdin?: Writable | undefined
  stdout?: Readable | undefined
  stderr?: Readable | undefined
  /** Resolves with the exit code; with 0 for an attach that ends. */
  exit: Promise<number>
  resize(columns: number, rows: number): void
  /** Ends the program (exec) or lets go of it (attach). */
  close(): void
}

export interface LogOptions {
  follow: boolean
  timestamps: boolean
  tailLines?: number | undefined
  limitBytes?: number | undefined
  /** Milliseconds since the epoch. */
  since?: number | undefined
}

export interface ContainerStats {
  cpuNanoseconds: number
  memoryBytes: number
}

/** The container could not be started; `reason` is a waiting reason such as CreateContainerError. */
export class StartContainerError extends Error {
  readonly reason: string
  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StartContainerError'
    this.reason = reason
  }
}

/** A mount path that this machine does not let the runtime provide: event FailedMount. */
export class MountError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'MountError'
  }
}

export interface RuntimeEvent {
  podUid: string
  containerId: string
}

export interface ContainerRuntime {
  /** As in `containerID: <name>://…`. */
  readonly name: string
  readonly version: string
  /** A runtime that plays the pod's life needs no images, volumes, environment, probes or start events. */
  readonly plays: boolean
  /** Finds the containers that an engine before has left running. */
  start(): Promise<void>
  /** Leaves the containers running and stops watching them. */
  close(): Promise<void>
  /** Calls on every change of a container: exit, ports found. Returns the way to stop. */
  subscribe(listener: (event: RuntimeEvent) => void): () => void
  createSandbox(config: SandboxConfig): Promise<{ addresses: readonly string[] }>
  /** Ends what is left of the pod's containers and forgets them, and the ports they had. */
  removeSandbox(podUid: string): Promise<void>
  /** Newest attempts last. */
  containers(podUid?: string): readonly ContainerSnapshot[]
  /** Throws StartContainerError or MountError. The host ports of a container are those of its attempt before. */
  startContainer(config: ContainerConfig): Promise<ContainerSnapshot>
  /** SIGTERM, then SIGKILL to all of its processes after `graceMs`; resolves when it is gone, or is not known here. */
  stopContainer(id: string, graceMs: number): Promise<void>
  /** Forgets an exited container and its log. */
  removeContainer(id: string): Promise<void>
  exec(id: string, command: readonly string[], options: StreamOptions): Promise<ExecSession>
  attach(id: string, options: StreamOptions): Promise<ExecSession>
  readLog(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<Buffer>
  /** Address of a container port. Throws where no program can be behind it: somebody else of this machine may be. */
  address(podUid: string, port: number): { host: string; port: number }
  stats(id: string): Promise<ContainerStats | undefined>
  /** What this machine allows, for `doctor`. */
  abilities(): readonly { what: string; allowed: boolean; consequence: string }[]
}
