// A map that is copied at the first change, so that what was not changed stays the same value.

export class CopiedMap<K, V> {
  #map: ReadonlyMap<K, V>
  #copy: Map<K, V> | undefined

  constructor(map: ReadonlyMap<K, V>) {
    this.#map = map
  }

  /** With the changes; the map itself where there were none. */
  get map(): ReadonlyMap<K, V> {
    return this.#map
  }

  get(key: K): V | undefined {
    return this.#map.get(key)
  }

  /** Undefined removes. */
  set(key: K, value: V | undefined): void {
    if (this.#map.get(key) === value) return
    this.#copy ??= new Map(this.#map)
    this.#map = this.#copy
    if (value === undefined) this.#copy.delete(key)
    else this.#copy.set(key, value)
  }
}
