// One pod's life on this node: what is wanted, what is there, the next steps. One sync at a time for a pod; whatever
// happens meanwhile makes it run once more. Upstream: pkg/kubelet/pod_workers.go, kuberuntime_manager.go (computePodActions).

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Clock, type Container, type Pod, type Service, isNotFound, quantityValue } from '@binnacle/api'
import { type Client, type EventRecorder, type EventType, pods } from '@binnacle/client'
import {
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerSnapshot,
  type ImageConfig,
  type ImageStore,
  type Mount,
  MountError,
  StartContainerError,
} from '../runtime.ts'
import { PodVolumes, VolumeError, removePodDirectory } from '../volumes/pod-volumes.ts'
import { perform } from './actions.ts'
import { ContainerConfigError, type NodeFacts, type References, containerEnvironment, expand } from './environment.ts'
import { type ContainerView, isSidecar, podStatus, restarts, restartsInit } from './pod-status.ts'
import { Prober } from './prober.ts'
import type { StatusManager } from './status-manager.ts'

export interface PodWorkerContext {
  client: Client
  clock: Clock
  runtime: ContainerRuntime
  images: ImageStore
  references: References
  services(): readonly Service[]
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

/** kubelet's MaxContainerBackOff and the step before it; the count starts anew after a run of twice the maximum. */
const backOffFirstMs = 10_000
const backOffMaxMs = 300_000
const volumeRetryMs = 1000
const minimumGraceMs = 2000

interface Managed extends ContainerView {
  prober?: Prober | undefined
  /** 0: the next failure starts again at once. */
  backOffMs: number
  notBefore: number
  imageBackOffMs: number
  imageNotBefore: number
  stopping?: Promise<void> | undefined
}

type AnyContainer = Container

/** Milliseconds: many times what an endpoint's removal takes to reach the proxy. */
const drainMs = 200

export class PodWorker {
  readonly uid: string
  readonly directory: string
  readonly #context: PodWorkerContext
  readonly #managed = new Map<string, Managed>()
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
  #drained = false
  #deadlineSet = false
  #cutGrace: (() => void) | undefined

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
    if (grace !== undefined && before !== undefined && grace < before) this.#cutGrace?.()
    this.kick()
  }

  /** The pod is gone from the API: end what is left of it. */
  remove(): void {
    this.#orphan = true
    this.#cutGrace?.()
    this.kick()
  }

  kick(): void {
    if (this.#finished) return
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

  /** Stops timers; the containers stay. */
  async close(): Promise<void> {
    this.#finished = true
    this.#timer?.cancel()
    this.#cutGrace?.()
    for (const { prober } of this.#managed.values()) prober?.stop()
    await this.#running
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
    const at = this.#context.clock.now() + delayMs
    if (this.#timer !== undefined && this.#timer.at <= at && this.#timer.at > this.#context.clock.now()) return
    this.#timer?.cancel()
    const cancel = this.#context.clock.after(delayMs, () => {
      this.#timer = undefined
      this.kick()
    })
    this.#timer = { at, cancel }
  }

  #event(type: EventType, reason: string, message: string, container?: AnyContainer): void {
    const path = container === undefined ? undefined : this.#fieldPath(container)
    this.#context.events.record({ ...this.#pod, kind: 'Pod', apiVersion: 'v1' }, type, reason, message, path)
  }

  #fieldPath({ name }: AnyContainer): string {
    const spec = this.#pod.spec
    if (spec?.initContainers?.some((each) => each.name === name)) return `spec.initContainers{${name}}`
    if (spec?.ephemeralContainers?.some((each) => each.name === name)) return `spec.ephemeralContainers{${name}}`
    return `spec.containers{${name}}`
  }

  #all(): AnyContainer[] {
    const spec = this.#pod.spec
    return [
      ...(spec?.initContainers ?? []),
      ...(spec?.containers ?? []),
      ...((spec?.ephemeralContainers ?? []) as Container[]),
    ]
  }

  #managedOf(name: string): Managed {
    let managed = this.#managed.get(name)
    if (managed === undefined) {
      managed = {
        restartCount: 0,
        started: false,
        ready: false,
        backOffMs: 0,
        notBefore: 0,
        imageBackOffMs: 0,
        imageNotBefore: 0,
      }
      this.#managed.set(name, managed)
    }
    return managed
  }

  async #sync(): Promise<void> {
    if (this.#finished) return
    await this.#refresh()
    if (this.#orphan || this.#pod.metadata.deletionTimestamp !== undefined) return this.#terminate()
    const phase = this.#pod.status?.phase
    if ((phase === 'Succeeded' || phase === 'Failed') && this.#context.runtime.containers(this.uid).length === 0) return
    this.#watchDeadline()
    if (this.#failure !== undefined) {
      await this.#stopAll((this.#pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000)
      await this.#refresh()
      this.#postStatus(true)
      return
    }
    if (!(await this.#prepare())) return this.#postStatus(false)
    if (this.#isTerminal()) {
      await this.#stopAll((this.#pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000)
      await this.#refresh()
    } else {
      if (await this.#startInits())
        for (const container of this.#pod.spec?.containers ?? []) await this.#ensureRunning(container, false)
      for (const container of (this.#pod.spec?.ephemeralContainers ?? []) as Container[])
        if (this.#managedOf(container.name).current === undefined) await this.#start(container)
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

  #probe(container: AnyContainer, managed: Managed, current: ContainerSnapshot): void {
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
        const grace = graceSeconds ?? this.#pod.spec?.terminationGracePeriodSeconds ?? 30
        void this.#stopContainer(container, managed, grace * 1000, false)
      },
    })
    managed.prober.start()
  }

  async #terminationMessage(container: AnyContainer, current: ContainerSnapshot): Promise<string> {
    const { runtime } = this.#context
    if (runtime.plays) return ''
    const written = await readFile(this.#messageFile(current.name, current.attempt), 'utf8').catch(() => '')
    if (written !== '') return written.slice(0, 4096)
    if (container.terminationMessagePolicy !== 'FallbackToLogsOnError' || current.exitCode === 0)
      return current.message ?? ''
    let text = ''
    const options = { follow: false, timestamps: false, tailLines: 80 }
    for await (const chunk of runtime.readLog(current.id, options, new AbortController().signal))
      text += chunk.toString()
    return text.slice(-2048)
  }

  #messageFile(name: string, attempt: number): string {
    return join(this.directory, 'termination', name, String(attempt))
  }

  #watchDeadline(): void {
    const seconds = this.#pod.spec?.activeDeadlineSeconds
    if (seconds === undefined) return
    const left = this.#startTime + seconds * 1000 - this.#context.clock.now()
    if (left > 0) {
      if (!this.#deadlineSet) this.#context.clock.after(left, () => this.kick())
      this.#deadlineSet = true
    } else
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
      const config = { podUid: this.uid, namespace, name, hostname: this.#hostname(), directory: this.directory }
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

  #hostname(): string {
    return (this.#pod.spec?.hostname ?? this.#pod.metadata.name ?? '').slice(0, 63)
  }

  /** Written in place, since the containers have these very files mounted. */
  async writeNames(): Promise<void> {
    if (this.#podIPs.length === 0 || this.#finished) return
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

  async #playInit(container: AnyContainer): Promise<void> {
    await this.#refresh()
    const id = this.#managedOf(container.name).current?.id
    if (id !== undefined) await this.#context.runtime.stopContainer(id, 0)
  }

  async #ensureRunning(container: AnyContainer, isInit: boolean): Promise<void> {
    const { clock } = this.#context
    const managed = this.#managedOf(container.name)
    const { current } = managed
    if (current?.state === 'running') return
    if (current?.state === 'exited') {
      const exitCode = current.exitCode ?? 1
      const again =
        isInit && !isSidecar(container)
          ? restartsInit(this.#pod, container, exitCode)
          : restarts(this.#pod, container, exitCode)
      if (!again) return
      if (this.#backsOff(container, managed, current)) return
    }
    if (managed.imageNotBefore > clock.now()) {
      this.#wakeAfter(managed.imageNotBefore - clock.now())
      return
    }
    await this.#start(container)
  }

  /** Each end of a container is counted once; the first restart is immediate. */
  #backsOff(container: AnyContainer, managed: Managed, current: ContainerSnapshot): boolean {
    const { clock } = this.#context
    const finishedAt = current.finishedAt ?? clock.now()
    if (managed.waiting === undefined) {
      if (finishedAt - current.startedAt > 2 * backOffMaxMs) managed.backOffMs = 0
      managed.notBefore = finishedAt + managed.backOffMs
    }
    if (managed.notBefore <= clock.now()) {
      managed.backOffMs = managed.backOffMs === 0 ? backOffFirstMs : Math.min(backOffMaxMs, managed.backOffMs * 2)
      return false
    }
    if (managed.waiting === undefined) {
      this.#event(
        'Warning',
        'BackOff',
        `Back-off restarting failed container ${container.name} in pod ${this.#name}`,
        container,
      )
      const text = `back-off ${goDuration(managed.backOffMs)} restarting failed container=${container.name} pod=${this.#name}`
      managed.waiting =
        current.reason === 'PortConflict'
          ? { reason: 'PortConflict', message: `${current.message}; ${text}` }
          : { reason: 'CrashLoopBackOff', message: text }
    }
    this.#wakeAfter(managed.notBefore - clock.now())
    return true
  }

  async #start(container: AnyContainer): Promise<void> {
    const managed = this.#managedOf(container.name)
    const { runtime } = this.#context
    try {
      const config = runtime.plays ? this.#playedConfig(container, managed) : await this.#config(container, managed)
      if (config === undefined) return
      if (managed.current?.state === 'exited') {
        const older = managed.previous
        managed.previous = managed.current
        managed.previousMessage = managed.message
        if (older !== undefined) await runtime.removeContainer(older.id)
      }
      const snapshot = await runtime.startContainer(config)
      managed.current = snapshot
      managed.restartCount = snapshot.attempt
      managed.waiting = undefined
      managed.message = undefined
      if (runtime.plays) return
      this.#event('Normal', 'Created', 'Container created', container)
      this.#event('Normal', 'Started', 'Container started', container)
      await this.#postStart(container, managed, snapshot)
    } catch (error) {
      this.#startFailed(container, managed, error)
    }
  }

  #startFailed(container: AnyContainer, managed: Managed, error: unknown): void {
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
    managed.imageBackOffMs = Math.min(backOffMaxMs, Math.max(volumeRetryMs, managed.imageBackOffMs * 2))
    managed.imageNotBefore = this.#context.clock.now() + managed.imageBackOffMs
    this.#wakeAfter(managed.imageBackOffMs)
  }

  #playedConfig(container: AnyContainer, managed: Managed): ContainerConfig {
    const { name = '', namespace = '' } = this.#pod.metadata
    return {
      podUid: this.uid,
      podNamespace: namespace,
      podName: name,
      hostname: name,
      directory: this.directory,
      name: container.name,
      attempt: managed.current === undefined ? 0 : managed.current.attempt + 1,
      image: container.image ?? '',
      imageId: container.image ?? '',
      argv: [],
      workingDirectory: '/',
      environment: {},
      mounts: [],
      stdin: false,
      stdinOnce: false,
      tty: false,
      ports: [],
    }
  }

  /** undefined where the image is missing. */
  async #config(container: AnyContainer, managed: Managed): Promise<ContainerConfig | undefined> {
    const image = await this.#image(container, managed)
    if (image === undefined) return undefined
    const { digest, config } = image
    const attempt = managed.current === undefined ? 0 : managed.current.attempt + 1
    const environment = await containerEnvironment({
      pod: this.#pod,
      container,
      imageEnvironment: config.Env ?? [],
      services: this.#context.services(),
      references: this.#context.references,
      facts: this.#facts,
    })
    environment['HOSTNAME'] ??= this.#hostname()
    const words = (list: readonly string[] | undefined): string[] =>
      (list ?? []).map((word) => expand(word, environment))
    const command = container.command?.length ? words(container.command) : undefined
    const args = container.args?.length ? words(container.args) : undefined
    // Kubernetes' table of command and args over Entrypoint and Cmd: a command of the pod drops the image's Cmd.
    const argv =
      command !== undefined
        ? [...command, ...(args ?? [])]
        : [...(config.Entrypoint ?? []), ...(args ?? config.Cmd ?? [])]
    const user = this.#user(container, config)
    const literal = container.env?.find(({ name }) => name === 'PORT')
    const limit = container.resources?.limits?.['memory']
    return {
      podUid: this.uid,
      podNamespace: this.#pod.metadata.namespace ?? '',
      podName: this.#pod.metadata.name ?? '',
      hostname: this.#hostname(),
      directory: this.directory,
      name: container.name,
      attempt,
      image: container.image ?? '',
      imageId: `${(container.image ?? '').replace(/[:@][^/]*$/, '')}@${digest}`,
      rootfs: await image.rootfs(),
      argv,
      workingDirectory: container.workingDir || config.WorkingDir || '/',
      environment,
      literalPort: literal?.value,
      mounts: await this.#mounts(container, attempt, environment),
      user,
      stdin: container.stdin === true,
      stdinOnce: container.stdinOnce === true,
      tty: container.tty === true,
      memoryLimitBytes: limit === undefined ? undefined : quantityValue(limit),
      ports: (container.ports ?? []).map(({ name, containerPort, protocol = 'TCP', hostPort }) => ({
        name,
        containerPort,
        protocol,
        hostPort: this.#pod.spec?.hostNetwork === true ? containerPort : hostPort,
      })),
    }
  }

  #user(container: AnyContainer, config: ImageConfig): ContainerConfig['user'] {
    const pod = this.#pod.spec?.securityContext
    const own = container.securityContext
    const [imageUser = '', imageGroup = ''] = (config.User ?? '').split(':')
    const uid = own?.runAsUser ?? pod?.runAsUser ?? (/^\d+$/.test(imageUser) ? Number(imageUser) : undefined)
    const asRoot = uid === 0 || (uid === undefined && process.getuid?.() === 0)
    if ((own?.runAsNonRoot ?? pod?.runAsNonRoot) === true && asRoot)
      throw new ContainerConfigError(
        `container has runAsNonRoot and image will run as root (pod: "${this.#name}", container: ${container.name})`,
      )
    if (uid === undefined) return undefined
    const gid = own?.runAsGroup ?? pod?.runAsGroup ?? (/^\d+$/.test(imageGroup) ? Number(imageGroup) : 0)
    return {
      uid,
      gid,
      groups: [...(pod?.supplementalGroups ?? []), ...(pod?.fsGroup === undefined ? [] : [pod.fsGroup])],
    }
  }

  async #mounts(container: AnyContainer, attempt: number, environment: Record<string, string>): Promise<Mount[]> {
    const automatic = (name: string): boolean => name.startsWith('kube-api-access-')
    const mounts: Mount[] = []
    for (const { name, mountPath, readOnly, subPath, subPathExpr } of container.volumeMounts ?? []) {
      const path = this.#paths?.get(name)
      if (path === undefined) throw new ContainerConfigError(`volume "${name}" is not there`)
      const below = subPathExpr === undefined ? (subPath ?? '') : expand(subPathExpr, environment)
      if (below.split('/').includes('..')) throw new ContainerConfigError(`subPath "${below}" must not contain '..'`)
      const source = join(path, below)
      if (below !== '' && this.#pod.spec?.volumes?.find((volume) => volume.name === name)?.emptyDir)
        await mkdir(source, { recursive: true })
      mounts.push({ source, target: mountPath, readOnly: readOnly === true, optional: automatic(name) })
    }
    const message = this.#messageFile(container.name, attempt)
    await mkdir(dirname(message), { recursive: true })
    await writeFile(message, '', { mode: 0o666 })
    mounts.push({
      source: message,
      target: container.terminationMessagePath ?? '/dev/termination-log',
      readOnly: false,
      optional: true,
    })
    for (const [file, target] of [
      ['etc-hosts', '/etc/hosts'],
      ['resolv.conf', '/etc/resolv.conf'],
    ] as const)
      if (!mounts.some((mount) => mount.target === target))
        mounts.push({ source: join(this.directory, file), target, readOnly: false, optional: true })
    return mounts
  }

  async #image(container: AnyContainer, managed: Managed): ReturnType<ImageStore['resolve']> {
    const reference = container.image ?? ''
    let why: string
    try {
      const found = await this.#context.images.resolve(reference)
      if (found !== undefined) {
        managed.imageBackOffMs = 0
        this.#event(
          'Normal',
          'Pulled',
          `Container image "${reference}" already present on machine and can be accessed by the pod`,
          container,
        )
        return found
      }
      why = `image "${reference}" is not in this engine's store: make it with \`binnacle build DIR -t ${reference}\` or push it to the engine's registry`
    } catch (error) {
      why = error instanceof Error ? error.message : String(error)
      managed.waiting = {
        reason: 'InvalidImageName',
        message: `Failed to apply default image tag "${reference}": ${why}`,
      }
      this.#event('Warning', 'InspectFailed', managed.waiting.message ?? '', container)
      return undefined
    }
    this.#imageMissing(container, managed, { reference, why })
    return undefined
  }

  #imageMissing(
    container: AnyContainer,
    managed: Managed,
    { reference, why }: { reference: string; why: string },
  ): void {
    const { clock } = this.#context
    if (container.imagePullPolicy === 'Never') {
      const message = `Container image "${reference}" is not present with pull policy of Never`
      managed.waiting = { reason: 'ErrImageNeverPull', message }
      this.#event('Warning', 'ErrImageNeverPull', message, container)
      this.#event('Warning', 'Failed', 'Error: ErrImageNeverPull', container)
    } else if (managed.waiting?.reason === 'ErrImagePull') {
      const message = `Back-off pulling image "${reference}": ErrImagePull: ${why}`
      managed.waiting = { reason: 'ImagePullBackOff', message }
      this.#event('Normal', 'BackOff', `Back-off pulling image "${reference}"`, container)
      this.#event('Warning', 'Failed', 'Error: ImagePullBackOff', container)
    } else if (managed.waiting?.reason !== 'ImagePullBackOff') {
      managed.waiting = { reason: 'ErrImagePull', message: why }
      this.#event('Normal', 'Pulling', `Pulling image "${reference}"`, container)
      this.#event('Warning', 'Failed', `Failed to pull image "${reference}": ${why}`, container)
      this.#event('Warning', 'Failed', 'Error: ErrImagePull', container)
    }
    // The store is on this machine, so looking costs nothing: a pushed image is found within two seconds.
    managed.imageNotBefore = clock.now() + 2000
    this.#wakeAfter(2000)
  }

  async #postStart(container: AnyContainer, managed: Managed, snapshot: ContainerSnapshot): Promise<void> {
    const hook = container.lifecycle?.postStart
    if (hook === undefined) return
    const { runtime, clock } = this.#context
    const result = await perform(hook, {
      pod: this.#pod,
      container,
      containerId: snapshot.id,
      runtime,
      clock,
      timeoutMs: backOffMaxMs,
    })
    if (result.ok) return
    this.#event('Warning', 'FailedPostStartHook', 'PostStartHook failed', container)
    this.#event('Normal', 'Killing', 'FailedPostStartHook', container)
    await this.#stopContainer(container, managed, (this.#pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000, false)
  }

  /** preStop, SIGTERM, SIGKILL, all within the grace period. */
  #stopContainer(container: AnyContainer, managed: Managed, graceMs: number, say = true): Promise<void> {
    const { current } = managed
    if (current?.state !== 'running') return Promise.resolve()
    managed.stopping ??= this.#stopRunning(container, current, graceMs, say).finally(() => {
      managed.stopping = undefined
      this.kick()
    })
    return managed.stopping
  }

  async #stopRunning(
    container: AnyContainer,
    current: ContainerSnapshot,
    graceMs: number,
    say: boolean,
  ): Promise<void> {
    const { runtime, clock } = this.#context
    if (say && !runtime.plays) this.#event('Normal', 'Killing', `Stopping container ${container.name}`, container)
    this.#managed.get(container.name)?.prober?.stop()
    let left = graceMs
    const hook = container.lifecycle?.preStop
    if (hook !== undefined && graceMs > 0 && !runtime.plays) {
      const began = clock.now()
      let stop = (): void => {}
      const late = new Promise<void>((resolve) => (stop = clock.after(graceMs, resolve)))
      const done = (async () => {
        const target = { pod: this.#pod, container, containerId: current.id, runtime, clock, timeoutMs: graceMs }
        const result = await perform(hook, target)
        if (!result.ok) this.#event('Warning', 'FailedPreStopHook', 'PreStopHook failed', container)
      })()
      await Promise.race([done, late])
      stop()
      left = Math.max(minimumGraceMs, graceMs - (clock.now() - began))
    }
    await runtime.stopContainer(current.id, left)
  }

  /** Main containers together, then sidecars in reverse order. */
  async #stopAll(graceMs: number): Promise<void> {
    const running = this.#all().filter(({ name }) => this.#managed.get(name)?.current?.state === 'running')
    if (running.length === 0) return
    const end = this.#context.clock.now() + graceMs
    const left = (): number => Math.max(graceMs === 0 ? 0 : minimumGraceMs, end - this.#context.clock.now())
    const stop = async (container: AnyContainer): Promise<void> => {
      const managed = this.#managedOf(container.name)
      await this.#stopContainer(container, managed, left())
    }
    const cut = new Promise<void>((resolve) => (this.#cutGrace = resolve)).then(() => {
      // Those that wait for their grace end at once; stopContainer above then resolves too.
      return Promise.all(
        this.#context.runtime.containers(this.uid).map(({ id }) => this.#context.runtime.stopContainer(id, 0)),
      )
    })
    const sidecars = running.filter(isSidecar).toReversed()
    const orderly = (async () => {
      await Promise.all(running.filter((container) => !isSidecar(container)).map(stop))
      for (const sidecar of sidecars) await stop(sidecar)
    })()
    await Promise.race([orderly, cut])
    await orderly
    this.#cutGrace = undefined
  }

  /**
   * A moment for Services to stop sending new connections before the program is told to end: it closes its socket at
   * once then, and connections that wait in it would be reset. Upstream has the same gap and leaves it to preStop hooks.
   */
  async #drain(graceMs: number): Promise<void> {
    const { runtime, clock } = this.#context
    const serves = this.#pod.spec?.containers.some(({ ports = [] }) => ports.length > 0) ?? false
    if (runtime.plays || this.#orphan || !serves || this.#drained) return
    this.#drained = true
    await new Promise<void>((resolve) => clock.after(Math.min(drainMs, graceMs / 2), resolve))
  }

  async #terminate(): Promise<void> {
    const { metadata } = this.#pod
    const { runtime, statuses, client } = this.#context
    const grace = this.#orphan
      ? Math.min(1, metadata.deletionGracePeriodSeconds ?? 1)
      : (metadata.deletionGracePeriodSeconds ?? 30)
    await this.#drain(grace * 1000)
    await this.#stopAll(grace * 1000)
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
    if (this.#finished && !terminating) return
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

/** As Go prints a duration: 10s, 1m20s, 5m0s. */
function goDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
