// Objects of the store are shared by all their readers, so they are frozen to the last leaf.

/**
 * Freezes a tree of plain objects and arrays. Answers whether it is exactly what JSON.parse would give back: a tree with
 * `undefined`, a date or a toJSON would read differently from its own bytes, and must not stand in for them.
 */
export function freezeJson(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'string' || typeof value === 'boolean' || value === null || Number.isFinite(value)
  }
  let exact = true
  if (Array.isArray(value)) {
    for (const item of value) exact = freezeJson(item) && exact
  } else {
    const prototype: unknown = Object.getPrototypeOf(value)
    exact = prototype === Object.prototype || prototype === null
    for (const key in value) exact = freezeJson((value as Record<string, unknown>)[key]) && exact
  }
  Object.freeze(value)
  return exact
}
