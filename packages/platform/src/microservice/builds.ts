// Images of Microservices that are built from sources: one build for each spec and wish, beside the reconciling.

import { rebuildAnnotation } from '@binnacle/model'
import type { Microservice } from '@binnacle/model'
import { type Finding, conditionOf } from '../conditions.ts'
import type { BuiltImage, ImageBuilder } from '../context.ts'
import type { Trouble } from '../pod-trouble.ts'

/** Builds want all of the machine: so many at a time. */
const atOnce = 2
/** Lines of a failed build in a message. */
const lastLines = 12

interface Build {
  /** What was built: another spec or a new wish is another build. */
  subject: string
  image?: string
  trouble?: Trouble
}

export interface BuildState {
  /** What runs meanwhile, or for good. */
  image?: string
  /** Why the image that is wanted is not there (yet). */
  trouble?: Trouble
  finding: Finding
}

export class Builds {
  readonly #builder: ImageBuilder | undefined
  readonly #onDone: (key: string) => void
  readonly #builds = new Map<string, Build>()
  readonly #waiting: (() => Promise<void>)[] = []
  #running = 0

  constructor(builder: ImageBuilder | undefined, onDone: (key: string) => void) {
    this.#builder = builder
    this.#onDone = onDone
  }

  /** undefined where the image is not built. `running` is the image of the workload that is there. */
  of(service: Microservice, running: string | undefined): BuildState | undefined {
    const { build } = service.spec
    if (build === undefined) return undefined
    const { uid = '', namespace = '', name = '', annotations = {} } = service.metadata
    if (this.#builder === undefined)
      return failed(running, {
        reason: 'NoBuilder',
        message: 'nothing builds images in this cluster: `binnacle deploy` builds it, pushes it and sets the image',
      })
    const subject = JSON.stringify([build, annotations[rebuildAnnotation]])
    let known = this.#builds.get(uid)
    // After a restart: what was built for this very spec is not built again.
    if (known === undefined && running !== undefined && wasBuilt(service)) {
      known = { subject, image: running }
      this.#builds.set(uid, known)
    }
    if (known?.subject !== subject) {
      const image = known?.image ?? running
      known = { subject, ...(image === undefined ? {} : { image }), trouble: building(build.context) }
      this.#builds.set(uid, known)
      this.#start(this.#builder, { service, key: `${namespace}/${name}`, build: known })
    }
    if (known.trouble !== undefined) return failed(known.image, known.trouble)
    const message = `built from ${build.context}`
    return {
      ...(known.image === undefined ? {} : { image: known.image }),
      finding: { type: 'Built', status: 'True', reason: 'Built', message },
    }
  }

  forget(uid: string): void {
    this.#builds.delete(uid)
  }

  #start(builder: ImageBuilder, { service, key, build }: { service: Microservice; key: string; build: Build }): void {
    const { context, base, tag } = service.spec.build ?? { context: '' }
    this.#waiting.push(async () => {
      // Wanted no more: another build of it waits.
      if (this.#builds.get(service.metadata.uid ?? '') !== build) return
      const outcome = await builder
        .build({
          context,
          repository: key,
          ...(base === undefined ? {} : { base }),
          ...(tag === undefined ? {} : { tag }),
        })
        .then(
          (image) => ({ image }),
          (error: unknown) => ({ trouble: buildFailure(error) }),
        )
      settle(build, outcome)
      this.#onDone(key)
    })
    void this.#work()
  }

  async #work(): Promise<void> {
    if (this.#running >= atOnce) return
    this.#running++
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) await next()
    this.#running--
  }
}

function settle(build: Build, outcome: { image: BuiltImage } | { trouble: Trouble }): void {
  if ('trouble' in outcome) {
    build.trouble = outcome.trouble
    return
  }
  build.image = `${outcome.image.image}@${outcome.image.digest}`
  delete build.trouble
}

function failed(image: string | undefined, trouble: Trouble): BuildState {
  return {
    ...(image === undefined ? {} : { image }),
    trouble,
    finding: { type: 'Built', status: 'False', ...trouble },
  }
}

function building(context: string): Trouble {
  return { reason: 'Building', message: `the image is being built from ${context}` }
}

function wasBuilt(service: Microservice): boolean {
  const built = conditionOf(service, 'Built')
  return built?.status === 'True' && built.observedGeneration === service.metadata.generation
}

function buildFailure(error: unknown): Trouble {
  const text = error instanceof Error ? error.message : String(error)
  const lines = text.trim().split('\n').slice(-lastLines).join('\n')
  return { reason: 'BuildFailed', message: `the image cannot be built: ${lines}` }
}
