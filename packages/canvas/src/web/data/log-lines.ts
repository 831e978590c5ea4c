// Logs of all replicas of a workload as one stream in the order of time, each line with the pod that wrote it.

import type { Stream, TextStreams } from './text-streams.ts'

export interface LogSource {
  pod: string
  container: string
  /** Changes when the container starts anew, so that a stream that ended is opened again. */
  restarts: number
}

export interface LogLine {
  /** Grows by one with each line of the page. */
  id: number
  /** RFC 3339 with nanoseconds, as the API server says it. */
  time: string
  pod: string
  container: string
  text: string
  level: 'error' | 'warn' | 'plain'
}

const maxLines = 20_000

/** What a line says of itself; only words that programs use for it. */
export function levelOf(text: string): LogLine['level'] {
  if (/\b(error|fatal|panic|exception|traceback)\b|"level":"(error|fatal)"|^\s+at\s/i.test(text)) return 'error'
  if (/\bwarn(ing)?\b|"level":"warn/i.test(text)) return 'warn'
  return 'plain'
}

export interface LogFollowerOptions {
  streams: TextStreams
  namespace: string
  /** 500 without it. */
  tailLines?: number | undefined
  previous?: boolean
  changed: () => void
}

/** Keeps the newest 20,000 lines. `lines` is replaced, never changed. */
export class LogFollower {
  lines: readonly LogLine[] = []
  /** Why lines of a pod are not shown, by pod. */
  readonly problems = new Map<string, string>()
  readonly #options: LogFollowerOptions
  readonly #open = new Map<string, Stream>()
  #lastId = 0
  #pending: LogLine[] = []
  #frame = 0

  constructor(options: LogFollowerOptions) {
    this.#options = options
  }

  /** Follows exactly these; a source that is gone keeps its lines. */
  follow(sources: readonly LogSource[]): void {
    const wanted = new Map(sources.map((source) => [`${source.pod}/${source.container}/${source.restarts}`, source]))
    for (const [key, stream] of this.#open) {
      if (wanted.has(key)) continue
      stream.stop()
      this.#open.delete(key)
    }
    for (const [key, source] of wanted) {
      if (!this.#open.has(key)) this.#open.set(key, this.#start(source))
    }
  }

  clear(): void {
    this.lines = []
    this.#options.changed()
  }

  close(): void {
    for (const stream of this.#open.values()) stream.stop()
    this.#open.clear()
    cancelAnimationFrame(this.#frame)
  }

  #start({ pod, container }: LogSource): Stream {
    const { streams, namespace, tailLines = 500, previous = false } = this.#options
    const query = new URLSearchParams({
      container,
      timestamps: 'true',
      tailLines: String(tailLines),
      ...(previous ? { previous: 'true' } : { follow: 'true' }),
    })
    let rest = ''
    return streams.open(`/api/v1/namespaces/${namespace}/pods/${pod}/log?${query}`, {
      text: (chunk) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) this.#add(pod, container, line)
      },
      end: () => {
        if (rest !== '') this.#add(pod, container, rest)
        rest = ''
      },
      error: (status) => {
        this.problems.set(pod, status.message ?? '')
        this.#options.changed()
      },
    })
  }

  #add(pod: string, container: string, line: string): void {
    const space = line.indexOf(' ')
    const time = space < 0 ? '' : line.slice(0, space)
    const text = space < 0 ? line : line.slice(space + 1)
    this.#pending.push({ id: ++this.#lastId, time, pod, container, text, level: levelOf(text) })
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#flush())
  }

  #flush(): void {
    this.#frame = 0
    const added = this.#pending
    this.#pending = []
    const last = this.lines.at(-1)?.time ?? ''
    const inOrder = added.every((line, index) => line.time >= (index === 0 ? last : (added[index - 1]?.time ?? '')))
    const all = [...this.lines, ...added]
    if (!inOrder) all.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.id - b.id))
    this.lines = all.length > maxLines ? all.slice(-maxLines) : all
    this.#options.changed()
  }
}
