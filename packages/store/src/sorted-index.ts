// An ordered map as a list of short sorted runs. Insertion moves at most one run, and since a run knows its length, the
// rank of a key (and so the count of a prefix, or what remains after a page) costs one addition for each run.

interface Run<V> {
  keys: string[]
  values: V[]
}

const longestRun = 512

export class SortedIndex<V> {
  #runs: Run<V>[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: string): V | undefined {
    const run = this.#runs[this.#runOf(key)]
    if (run === undefined) return undefined
    const at = lowerBound(run.keys, key)
    return run.keys[at] === key ? run.values[at] : undefined
  }

  set(key: string, value: V): void {
    const runs = this.#runs
    const where = this.#runOf(key)
    const run = runs[where]
    if (run === undefined) {
      runs.push({ keys: [key], values: [value] })
      this.#size = 1
      return
    }
    const at = lowerBound(run.keys, key)
    if (run.keys[at] === key) {
      run.values[at] = value
      return
    }
    run.keys.splice(at, 0, key)
    run.values.splice(at, 0, value)
    this.#size++
    if (run.keys.length > longestRun) {
      // Keys that arrive in order (a data folder being read, generated names) leave full runs behind, others halves.
      const keep = at === run.keys.length - 1 ? longestRun : longestRun >> 1
      runs.splice(where + 1, 0, { keys: run.keys.splice(keep), values: run.values.splice(keep) })
    }
  }

  delete(key: string): boolean {
    const runs = this.#runs
    const where = this.#runOf(key)
    const run = runs[where]
    if (run === undefined) return false
    const at = lowerBound(run.keys, key)
    if (run.keys[at] !== key) return false
    run.keys.splice(at, 1)
    run.values.splice(at, 1)
    this.#size--
    const next = runs[where + 1]
    if (run.keys.length === 0) {
      runs.splice(where, 1)
    } else if (next !== undefined && run.keys.length + next.keys.length < longestRun >> 1) {
      run.keys.push(...next.keys)
      run.values.push(...next.values)
      runs.splice(where + 1, 1)
    }
    return true
  }

  /** How many keys sort before `key`. */
  rank(key: string): number {
    const where = this.#runOf(key)
    let before = 0
    for (let index = 0; index < where; index++) before += this.#runs[index]?.keys.length ?? 0
    const run = this.#runs[where]
    return run === undefined ? before : before + lowerBound(run.keys, key)
  }

  /** Calls `visit` in order from the first key at or after `from` until it answers false. The map must not change meanwhile. */
  scan(from: string, visit: (value: V, key: string) => boolean): void {
    let where = this.#runOf(from)
    const first = this.#runs[where]
    let at = first === undefined ? 0 : lowerBound(first.keys, from)
    for (; where < this.#runs.length; where++, at = 0) {
      const { keys, values } = this.#runs[where] as Run<V>
      for (; at < keys.length; at++) {
        if (!visit(values[at] as V, keys[at] as string)) return
      }
    }
  }

  /** The run that holds `key`, or would: the last one whose first key is not above it. */
  #runOf(key: string): number {
    let low = 0
    let high = this.#runs.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (((this.#runs[middle] as Run<V>).keys[0] as string) > key) high = middle - 1
      else low = middle
    }
    return low
  }
}

/** Index of the first of the sorted `keys` that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}
