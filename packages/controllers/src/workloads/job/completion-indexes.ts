// Sets of completion indexes as a Job's status writes them: `0,2-5,9`. Upstream: pkg/controller/job/indexed_job_utils.go.

import type { Job, Pod } from '@binnacle/api'

export const completionIndexAnnotation = 'batch.kubernetes.io/job-completion-index'
export const failureCountAnnotation = 'batch.kubernetes.io/job-index-failure-count'
export const ignoredFailureCountAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count'

interface Interval {
  first: number
  last: number
}

/** Ordered intervals that do not touch. */
export class IndexSet {
  readonly intervals: readonly Interval[]

  private constructor(intervals: readonly Interval[]) {
    this.intervals = intervals
  }

  /** Parts that are no numbers, and indexes that are not below `completions`, are left out. */
  static parse(text: string | undefined, completions: number): IndexSet {
    const parts: Interval[] = []
    for (const part of (text ?? '').split(',')) {
      const match = /^(\d+)(?:-(\d+))?$/.exec(part)
      if (match === null) continue
      const first = Number(match[1])
      if (first >= completions) break
      parts.push({ first, last: Math.min(Number(match[2] ?? first), completions - 1) })
    }
    return IndexSet.#merged(parts)
  }

  static of(indexes: Iterable<number>): IndexSet {
    return IndexSet.#merged([...indexes].map((index) => ({ first: index, last: index })))
  }

  static #merged(parts: readonly Interval[]): IndexSet {
    const merged: Interval[] = []
    for (const { first, last } of [...parts].sort((a, b) => a.first - b.first)) {
      const previous = merged.at(-1)
      if (previous === undefined || first > previous.last + 1) merged.push({ first, last })
      else previous.last = Math.max(previous.last, last)
    }
    return new IndexSet(merged)
  }

  union(other: IndexSet): IndexSet {
    return IndexSet.#merged([...this.intervals, ...other.intervals])
  }

  has(index: number): boolean {
    return this.intervals.some(({ first, last }) => first <= index && index <= last)
  }

  get size(): number {
    return this.intervals.reduce((total, { first, last }) => total + last - first + 1, 0)
  }

  /** How many indexes both have. */
  overlap(other: IndexSet): number {
    let count = 0
    for (const a of this.intervals)
      for (const b of other.intervals) count += Math.max(0, Math.min(a.last, b.last) - Math.max(a.first, b.first) + 1)
    return count
  }

  /** The lowest `count` indexes below `end` that are not in the set. */
  firstMissing(count: number, end: number): number[] {
    const missing: number[] = []
    let candidate = 0
    for (const { first, last } of [...this.intervals, { first: end, last: end }]) {
      for (; candidate < Math.min(first, end) && missing.length < count; candidate++) missing.push(candidate)
      candidate = Math.max(candidate, last + 1)
    }
    return missing
  }

  toString(): string {
    return this.intervals
      .map(({ first, last }) =>
        first === last ? String(first) : last === first + 1 ? `${first},${last}` : `${first}-${last}`,
      )
      .join(',')
  }
}

export function isIndexed({ spec }: Job): boolean {
  return spec?.completionMode === 'Indexed'
}

export function hasBackoffLimitPerIndex({ spec }: Job): boolean {
  return spec?.backoffLimitPerIndex !== undefined
}

/** The pod's completion index; undefined where it has none that is a number. */
export function completionIndexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[completionIndexAnnotation]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** The pod's completion index, if the Job still has it. */
export function validIndexOf(pod: Pod, { spec }: Job): number | undefined {
  const index = completionIndexOf(pod)
  return index !== undefined && index < (spec?.completions ?? 0) ? index : undefined
}

export function indexesOf(pods: readonly Pod[]): IndexSet {
  return IndexSet.of(pods.map(completionIndexOf).filter((index) => index !== undefined))
}

export function indexFailureCount({ metadata }: Pod): number {
  return countIn(metadata.annotations?.[failureCountAnnotation])
}

export function ignoredIndexFailureCount({ metadata }: Pod): number {
  return countIn(metadata.annotations?.[ignoredFailureCountAnnotation])
}

function countIn(text: string | undefined): number {
  const count = Number(text ?? 0)
  return Number.isInteger(count) && count >= 0 && count <= 0x7fff_ffff ? count : 0
}
