// Asks the control plane's thread about containers; it answers by message.

import type { ProxyReport, WorkloadAnswer } from '../frontend.ts'
import type { WorkloadContainer, Workloads } from './traffic-meter.ts'

/** Containers whose pods are remembered: ids are never used again, so an answer stays true. */
const remembered = 10_000

export class WorkloadQueries implements Workloads {
  readonly marker: string
  readonly #report: (report: ProxyReport) => void
  readonly #known = new Map<string, WorkloadContainer>()
  readonly #asked = new Map<number, (answer: WorkloadAnswer) => void>()
  #next = 0

  constructor(marker: string, report: (report: ProxyReport) => void) {
    this.marker = marker
    this.#report = report
  }

  async containerOf(id: string): Promise<WorkloadContainer | undefined> {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const { container } = await this.#ask({ containerId: id })
    if (container === undefined) return undefined
    if (this.#known.size >= remembered) this.#known.clear()
    this.#known.set(id, container)
    return container
  }

  async hasPod(uid: string): Promise<boolean> {
    return (await this.#ask({ podUid: uid })).hasPod ?? false
  }

  #ask(about: { containerId: string } | { podUid: string }): Promise<WorkloadAnswer> {
    const question = this.#next++
    return new Promise((resolve) => {
      this.#asked.set(question, resolve)
      this.#report({ type: 'whose', question, ...about })
    })
  }

  answer(question: number, answer: WorkloadAnswer): void {
    this.#asked.get(question)?.(answer)
    this.#asked.delete(question)
  }
}
