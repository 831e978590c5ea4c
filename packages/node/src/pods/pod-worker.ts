// One pod's life on this node: what is wanted, what is there, the next steps. One sync at a time for a pod; whatever
// happens meanwhile makes it run once more. Upstream: pkg/kubelet/pod_workers.go, kuberuntime_manager.go (computePodActions).

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, type Container, type Pod, type Service, isNotFound } from '@binnacle/api'
import { type Client, type EventRecorder, type EventType, pods } from '@binnacle/client'
import { ifMissing } from '../missing-file.ts'
import {
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerSnapshot,
  type ImageStore,
  MountError,
  StartContainerError,
} from '../runtime.ts'
import { PodVolumes, VolumeError, removePodDirectory } from '../volumes/pod-volumes.ts'
import { perform } from './actions.ts'
import { BackOff, goDuration } from './back-off.ts'
import {
  type ContainerRequest,
  containerConfig,
  playedConfig,
  podHostname,
  terminationFile,
} from './container-config.ts'
import { ContainerStopper } from './container-stopper.ts'
import { ContainerConfigError, type NodeFacts, type References } from './environment.ts'
import { findImage, imageLookMs } from './image-lookup.ts'
import { type ManagedContainer, newManagedContainer } from './managed-container.ts'
import { isSidecar, podStatus, restarts, restartsInit } from './pod-status.ts'
import { Prober } from './prober.ts'
import type { StatusManager } from './status-manager.ts'

export interface PodWorkerContext {
  client: Client
  clock: Clock
  runtime: ContainerRuntime
  images: ImageStore
  references: References
  services: () => readonly Service[]
  events: EventRecorder
  statuses: StatusManager
  nodeName: string
  hostIP: string
  allocatable: Readonly<Record<string, string>>
  /** `<data folder>/pods` */
  podsDirectory: string
  /** Content of the pod's /etc/hosts and /etc/resolv.conf. */
  hostsFile(pod: Pod, podIP: string): string
  resolvFile(pod: Pod): string
  log(message: string, error: unknown): void
}

/** Milliseconds. */
const volumeRetryMs = 1000
/** Milliseconds; postStart hooks have no limit upstream, ours must not hold a pod for ever. */
const postStartMs = 300_000

export class PodWorker {
  readonly uid: string
  readonly directory: string
  readonly #context: PodWorkerContext
  readonly #managed = new Map<string, ManagedContainer>()
  readonly #volumes: PodVolumes
  #pod: Pod
  #running: Promise<void> | undefined
  #again = false
  #timer: { at: number; cancel: () => void } | undefined
  #podIPs: readonly string[] = []
  #paths: ReadonlyMap<string, string> | undefined
  readonly #startTime: number
  #failure: { reason: string; message: string } | undefined
  /** The API has no such pod any more. */
  #orphan = false
  #finished = false
  readonly #closing = new AbortController()
  readonly #stopper: ContainerStopper

  constructor(context: PodWorkerContext, pod: Pod) {
    this.#context = context
    this.#pod = pod
    this.uid = pod.metadata.uid ?? ''
    this.directory = join(context.podsDirectory, this.uid)
    const before = pod.status?.startTime
    this.#startTime = before === undefined ? context.clock.now() : Date.parse(before)
    this.#volumes = new PodVolumes({
      client: context.client,
      clock: context.clock,
      references: context.references,
      facts: this.#facts,
      directory: this.directory,
    })
    this.#stopper = new ContainerStopper({
      runtime: context.runtime,
      clock: context.clock,
      closing: this.#closing.signal,
      pod: () => this.#pod,
      managed: this.#managed,
      stopped: () => this.kick(),
      event: (type, reason, message, container) => this.#event(type, reason, message, container),
    })
  }

  get pod(): Pod {
    return this.#pod
  }

  get podIP(): string {
    return this.#podIPs[0] ?? ''
  }

  /** Nothing of the pod is left here. */
  get finished(): boolean {
    return this.#finished
  }

  get #facts(): NodeFacts {
    const { nodeName, hostIP, allocatable } = this.#context
    return { nodeName, hostIP, podIP: this.#podIPs[0] ?? '', allocatable }
  }

  update(pod: Pod): void {
    const grace = pod.metadata.deletionGracePeriodSeconds
    const before = this.#pod.metadata.deletionGracePeriodSeconds
    this.#pod = pod
    // A second, more impatient deletion cuts the first one's grace short.
    if (grace !== undefined && before !== undefined && grace < before) this.#stopper.cutGrace(grace * 1000)
    this.kick()
  }

  /** The pod is gone from the API: end what is left of it. */
  remove(): void {
    this.#orphan = true
    this.#stopper.cutGrace(0)
    this.kick()
  }

  kick(): void {
    if (this.#isDone) return
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = this.#sync()
      .catch((error: unknown) => {
        this.#context.log(`pod ${this.#name}`, error)
        this.#wakeAfter(volumeRetryMs)
      })
      .finally(() => {
        this.#running = undefined
        if (!this.#again) return
        this.#again = false
        this.kick()
      })
  }

  /** Starts nothing any more and waits for nothing; the containers stay as they are. Resolves when all is quiet. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#timer?.cancel()
    for (const { prober } of this.#managed.values()) prober?.stop()
    await this.#running
  }

  get #isDone(): boolean {
    return this.#finished || this.#closing.signal.aborted
  }

  /** The container of that name, newest start, or the one before it. */
  container(name: string, previous = false): ContainerSnapshot | undefined {
    const managed = this.#managed.get(name)
    return previous ? managed?.previous : (managed?.current ?? managed?.previous)
  }

  get #name(): string {
    return `${this.#pod.metadata.name}_${this.#pod.metadata.namespace}(${this.uid})`
  }

  #wakeAfter(delayMs: number): void {
    if (this.#isDone) return
    const at = this.#context.clock.now() + delayMs
    if (this.#timer !== undefined && this.#timer.at <= at && this.#timer.at > this.#context.clock.now()) return
    this.#timer?.cancel()
    const cancel = this.#context.clock.after(delayMs, () => {
      this.#timer = undefined
      this.kick()
    })
    this.#timer = { at, cancel }
  }

  #event(type: EventType, reason: string, message: string, container?: Container): void {
    const path = container === undefined ? undefined : this.#fieldPath(container)
    this.#context.events.record({ ...this.#pod, kind: 'Pod', apiVersion: 'v1' }, type, reason, message, path)
  }

  #fieldPath({ name }: Container): string {
    const spec = this.#pod.spec
    if (spec?.initContainers?.some((each) => each.name === name)) return `spec.initContainers{${name}}`
    if (spec?.ephemeralContainers?.some((each) => each.name === name)) return `spec.ephemeralContainers{${name}}`
    return `spec.containers{${name}}`
  }

  #all(): Container[] {
    const spec = this.#pod.spec
    return [
      ...(spec?.initContainers ?? []),
      ...(spec?.containers ?? []),
      ...((spec?.ephemeralContainers ?? []) as Container[]),
    ]
  }

  #managedOf(name: string): ManagedContainer {
    let managed = this.#managed.get(name)
    if (managed === undefined) {
      managed = newManagedContainer(this.#context.clock)
      this.#managed.set(name, managed)
    }
    return managed
  }

  async #sync(): Promise<void> {
    if (this.#isDone) return
    await this.#refresh()
    if (this.#orphan || this.#pod.metadata.deletionTimestamp !== undefined) return this.#terminate()
    const phase = this.#pod.status?.phase
    if ((phase === 'Succeeded' || phase === 'Failed') && this.#context.runtime.containers(this.uid).length === 0) return
    this.#watchDeadline()
    if (this.#failure !== undefined) {
      await this.#stopper.stopAll(this.#all(), this.#graceMs)
      await this.#refresh()
      this.#postStatus(true)
      return
    }
    if (!(await this.#prepare())) return this.#postStatus(false)
    if (this.#isTerminal()) {
      await this.#stopper.stopAll(this.#all(), this.#graceMs)
      await this.#refresh()
    } else {
      if (await this.#startInits())
        for (const container of this.#pod.spec?.containers ?? []) await this.#ensureRunning(container, false)
      for (const container of (this.#pod.spec?.ephemeralContainers ?? []) as Container[])
        if (this.#managedOf(container.name).current === undefined) await this.#ensureRunning(container, false)
      await this.#refresh()
    }
    this.#postStatus(false)
  }

  /** Takes over the runtime's view; notices ends. */
  async #refresh(): Promise<void> {
    const { runtime } = this.#context
    const snapshots = runtime.containers(this.uid)
    for (const snapshot of snapshots) {
      const managed = this.#managedOf(snapshot.name)
      const known = managed.current
      if (known?.id === snapshot.id) managed.current = snapshot
      else if (known === undefined || known.attempt < snapshot.attempt) {
        // Left by an engine before.
        managed.previous = known
        managed.current = snapshot
        managed.restartCount = snapshot.attempt
      }
    }
    for (const container of this.#all()) {
      const managed = this.#managed.get(container.name)
      const current = managed?.current
      if (managed === undefined || current === undefined) continue
      if (current.state === 'exited') {
        managed.prober?.stop()
        managed.prober = undefined
        managed.started = false
        const isInit = this.#pod.spec?.initContainers?.includes(container) === true
        managed.ready = isInit && !isSidecar(container) && current.exitCode === 0
        managed.message ??= await this.#terminationMessage(container, current)
      } else {
        if (managed.prober === undefined && !runtime.plays) this.#probe(container, managed, current)
        managed.started = managed.prober?.started ?? true
        managed.ready =
          (managed.prober?.ready ?? true) && (current.portsSettled || container.readinessProbe !== undefined)
        if (this.#pod.spec?.ephemeralContainers?.some(({ name }) => name === container.name) === true)
          managed.ready = false
      }
    }
  }

  #probe(container: Container, managed: ManagedContainer, current: ContainerSnapshot): void {
    const { runtime, clock } = this.#context
    managed.prober = new Prober({
      pod: () => this.#pod,
      container,
      containerId: current.id,
      runtime,
      clock,
      changed: () => this.kick(),
      event: (type, reason, message) => this.#event(type, reason, message, container),
      failed: (why, graceSeconds) => {
        this.#event('Normal', 'Killing', why, container)
        const graceMs = graceSeconds === undefined ? this.#graceMs : graceSeconds * 1000
        this.#stopper
          .stop(container, graceMs, { quietly: true })
          .catch((error: unknown) => this.#context.log(`pod ${this.#name}`, error))
      },
    })
    managed.prober.start()
  }

  async #terminationMessage(container: Container, current: ContainerSnapshot): Promise<string> {
    const { runtime } = this.#context
    if (runtime.plays) return ''
    const written = await readFile(terminationFile(this.directory, current.name, current.attempt), 'utf8').catch(
      ifMissing(''),
    )
    if (written !== '') return written.slice(0, 4096)
    if (container.terminationMessagePolicy !== 'FallbackToLogsOnError' || current.exitCode === 0)
      return current.message ?? ''
    let text = ''
    const options = { follow: false, timestamps: false, tailLines: 80 }
    for await (const chunk of runtime.readLog(current.id, options, new AbortController().signal))
      text += chunk.toString()
    return text.slice(-2048)
  }

  #watchDeadline(): void {
    const seconds = this.#pod.spec?.activeDeadlineSeconds
    if (seconds === undefined) return
    const left = this.#startTime + seconds * 1000 - this.#context.clock.now()
    if (left > 0) this.#wakeAfter(left)
    else
      this.#failure ??= {
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      }
  }

  /** Sandbox and volumes; false where something is missing and a retry is under way. */
  async #prepare(): Promise<boolean> {
    const { runtime } = this.#context
    if (this.#podIPs.length === 0) {
      const { name = '', namespace = '' } = this.#pod.metadata
      const config = { podUid: this.uid, namespace, name, hostname: podHostname(this.#pod), directory: this.directory }
      if (!runtime.plays) await mkdir(this.directory, { recursive: true })
      this.#podIPs = (await runtime.createSandbox(config)).addresses
    }
    if (runtime.plays) return true
    try {
      this.#paths = await this.#volumes.sync(this.#pod)
      await this.writeNames()
      const refresh = this.#volumes.nextRefreshMs()
      if (refresh !== undefined) this.#wakeAfter(refresh)
      return true
    } catch (error) {
      if (!(error instanceof VolumeError)) throw error
      this.#event('Warning', 'FailedMount', error.message)
      this.#wakeAfter(volumeRetryMs)
      return false
    }
  }

  /** Written in place, since the containers have these very files mounted. */
  async writeNames(): Promise<void> {
    if (this.#podIPs.length === 0 || this.#isDone) return
    await writeFile(join(this.directory, 'etc-hosts'), this.#context.hostsFile(this.#pod, this.#podIPs[0] ?? ''))
    await writeFile(join(this.directory, 'resolv.conf'), this.#context.resolvFile(this.#pod))
  }

  /** All containers have ended and none is started again. */
  #isTerminal(): boolean {
    const spec = this.#pod.spec
    for (const container of spec?.initContainers ?? []) {
      const end = this.#managed.get(container.name)?.current
      if (
        !isSidecar(container) &&
        end?.state === 'exited' &&
        end.exitCode !== 0 &&
        !restartsInit(this.#pod, container, end.exitCode ?? 1)
      )
        return true
    }
    const containers = spec?.containers ?? []
    return containers.every((container) => {
      const end = this.#managed.get(container.name)?.current
      return end?.state === 'exited' && !restarts(this.#pod, container, end.exitCode ?? 1)
    })
  }

  /** True when the main containers may start. */
  async #startInits(): Promise<boolean> {
    const begun = (this.#pod.spec?.containers ?? []).some(({ name }) => this.#managed.get(name)?.current !== undefined)
    for (const container of this.#pod.spec?.initContainers ?? []) {
      const managed = this.#managedOf(container.name)
      if (isSidecar(container)) {
        await this.#ensureRunning(container, true)
        await this.#refresh()
        if (!begun && !managed.started) return false
        continue
      }
      if (begun) continue
      const { current } = managed
      if (current?.state === 'exited' && current.exitCode === 0) continue
      if (current?.state !== 'running') await this.#ensureRunning(container, true)
      if (this.#context.runtime.plays) await this.#playInit(container)
      await this.#refresh()
      if (managed.current?.state !== 'exited' || managed.current.exitCode !== 0) return false
    }
    return true
  }

  async #playInit(container: Container): Promise<void> {
    await this.#refresh()
    const id = this.#managedOf(container.name).current?.id
    if (id !== undefined) await this.#context.runtime.stopContainer(id, 0)
  }

  async #ensureRunning(container: Container, isInit: boolean): Promise<void> {
    const managed = this.#managedOf(container.name)
    const { current } = managed
    if (this.#isDone || current?.state === 'running') return
    if (current?.state === 'exited') {
      const exitCode = current.exitCode ?? 1
      const again =
        isInit && !isSidecar(container)
          ? restartsInit(this.#pod, container, exitCode)
          : restarts(this.#pod, container, exitCode)
      if (!again) return
      if (this.#backsOff(container, managed, current)) return
    }
    if (managed.starts.leftMs > 0) {
      this.#wakeAfter(managed.starts.leftMs)
      return
    }
    await this.#start(container)
  }

  /** Each end of a container is counted once; the first restart is immediate. */
  #backsOff(container: Container, managed: ManagedContainer, current: ContainerSnapshot): boolean {
    const { crashes } = managed
    if (managed.countedEnd !== current.id) {
      managed.countedEnd = current.id
      const finishedAt = current.finishedAt ?? this.#context.clock.now()
      if (finishedAt - current.startedAt > BackOff.recoveryMs) crashes.reset()
      crashes.startAt(finishedAt)
      managed.isBackingOff = true
      if (crashes.leftMs > 0) this.#sayBackOff(container, managed, current)
    }
    if (crashes.leftMs > 0) {
      this.#wakeAfter(crashes.leftMs)
      return true
    }
    if (managed.isBackingOff) crashes.grow()
    managed.isBackingOff = false
    return false
  }

  #sayBackOff(container: Container, managed: ManagedContainer, current: ContainerSnapshot): void {
    const what = `restarting failed container ${container.name} in pod ${this.#name}`
    this.#event('Warning', 'BackOff', `Back-off ${what}`, container)
    const text = `back-off ${goDuration(managed.crashes.delayMs)} restarting failed container=${container.name} pod=${this.#name}`
    managed.waiting =
      current.reason === 'PortConflict'
        ? { reason: 'PortConflict', message: `${current.message}; ${text}` }
        : { reason: 'CrashLoopBackOff', message: text }
  }

  async #start(container: Container): Promise<void> {
    const managed = this.#managedOf(container.name)
    const { runtime } = this.#context
    try {
      const config = await this.#config(container, managed)
      if (config === undefined || this.#isDone) return
      if (managed.current?.state === 'exited' && managed.previous?.id !== managed.current.id) {
        const older = managed.previous
        managed.previous = managed.current
        managed.previousMessage = managed.message
        if (older !== undefined) await runtime.removeContainer(older.id)
        if (this.#isDone) return
      }
      const snapshot = await runtime.startContainer(config)
      managed.current = snapshot
      managed.restartCount = snapshot.attempt
      managed.waiting = undefined
      managed.message = undefined
      managed.starts.reset()
      if (runtime.plays) return
      this.#event('Normal', 'Created', 'Container created', container)
      this.#event('Normal', 'Started', 'Container started', container)
      await this.#postStart(container, snapshot)
    } catch (error) {
      this.#startFailed(container, managed, error)
    }
  }

  /** undefined where the image is missing. */
  async #config(container: Container, managed: ManagedContainer): Promise<ContainerConfig | undefined> {
    const { runtime, images, clock, references, services } = this.#context
    const attempt = managed.current === undefined ? 0 : managed.current.attempt + 1
    const request: ContainerRequest = { pod: this.#pod, container, attempt, directory: this.directory }
    if (runtime.plays) return playedConfig(request)
    const say = (type: EventType, reason: string, message: string): void =>
      this.#event(type, reason, message, container)
    const image = await findImage({ images, now: clock.now(), container, managed, say })
    if (image === undefined) this.#wakeAfter(imageLookMs)
    if (image === undefined || this.#isDone) return undefined
    const volumes = this.#paths ?? new Map()
    return containerConfig(request, { image, services: services(), references, facts: this.#facts, volumes })
  }

  #startFailed(container: Container, managed: ManagedContainer, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof MountError) {
      managed.waiting = { reason: 'ContainerCreating' }
      this.#event('Warning', 'FailedMount', message)
    } else {
      const reason =
        error instanceof StartContainerError
          ? error.reason
          : error instanceof ContainerConfigError
            ? 'CreateContainerConfigError'
            : 'CreateContainerError'
      managed.waiting = { reason, message }
      this.#event(
        'Warning',
        reason === 'PortConflict' ? 'PortConflict' : 'Failed',
        reason === 'PortConflict' ? message : `Error: ${message}`,
        container,
      )
    }
    managed.starts.grow()
    managed.starts.startAt(this.#context.clock.now())
    this.#wakeAfter(managed.starts.leftMs)
  }

  async #postStart(container: Container, snapshot: ContainerSnapshot): Promise<void> {
    const hook = container.lifecycle?.postStart
    if (hook === undefined || this.#isDone) return
    const { runtime, clock } = this.#context
    const result = await perform(hook, {
      pod: this.#pod,
      container,
      containerId: snapshot.id,
      runtime,
      clock,
      timeoutMs: postStartMs,
      signal: this.#closing.signal,
    })
    if (result.ok || this.#isDone) return
    this.#event('Warning', 'FailedPostStartHook', 'PostStartHook failed', container)
    this.#event('Normal', 'Killing', 'FailedPostStartHook', container)
    await this.#stopper.stop(container, this.#graceMs, { quietly: true })
  }

  get #graceMs(): number {
    return (this.#pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000
  }

  async #terminate(): Promise<void> {
    const { metadata } = this.#pod
    const { runtime, statuses, client } = this.#context
    const grace = this.#orphan
      ? Math.min(1, metadata.deletionGracePeriodSeconds ?? 1)
      : (metadata.deletionGracePeriodSeconds ?? 30)
    if (!this.#orphan) await this.#stopper.drain(grace * 1000)
    await this.#stopper.stopAll(this.#all(), grace * 1000)
    // What has been told to end is found by the next agent.
    if (this.#isDone) return
    await this.#refresh()
    if (!this.#orphan && !runtime.plays) {
      this.#postStatus(true)
      await statuses.flush(this.uid)
    }
    await runtime.removeSandbox(this.uid)
    if (!runtime.plays) await removePodDirectory(this.directory)
    this.#finished = true
    this.#timer?.cancel()
    statuses.forget(this.uid)
    if (this.#orphan) return
    const key = { namespace: metadata.namespace ?? '', name: metadata.name ?? '' }
    await client
      .delete(pods, key, { gracePeriodSeconds: 0, preconditions: { uid: this.uid } })
      .catch((error: unknown) => {
        if (isNotFound(error)) return
        this.#finished = false
        throw error
      })
  }

  #postStatus(terminating: boolean): void {
    if (this.#isDone && !terminating) return
    const { runtime, statuses, hostIP, clock } = this.#context
    const hostPorts = new Map<string, number>()
    let settled = true
    for (const { current } of this.#managed.values()) {
      if (current?.state !== 'running') continue
      for (const [key, port] of current.hostPorts) hostPorts.set(key, port)
      settled &&= current.portsSettled
    }
    const status = podStatus({
      pod: this.#pod,
      views: this.#managed,
      runtimeName: runtime.name,
      hostIP,
      podIPs: this.#podIPs,
      startTime: this.#startTime,
      now: clock.now(),
      terminating,
      failure: this.#failure,
    })
    // A probe that succeeded has found the port, too: a pod is never Ready before its ports are known.
    const isReady =
      status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false
    statuses.post({ pod: this.#pod, status, hostPorts: settled || isReady ? hostPorts : undefined })
  }
}
