// Copies and comparisons of JSON values; several times faster than structuredClone, and of nothing but JSON.

type JsonObject = Record<string, unknown>

/** A deep copy that shares nothing and is not frozen. Undefined members are left out. */
export function cloneJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const copy: unknown[] = []
    for (const item of value) copy.push(cloneJson(item))
    return copy as T
  }
  const copy: JsonObject = {}
  for (const key in value) {
    const member = (value as JsonObject)[key]
    if (member !== undefined) setOwn(copy, key, cloneJson(member))
  }
  return copy as T
}

/** Assigns even the key `__proto__` as a plain member, as JSON.parse does. */
export function setOwn(target: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    target[key] = value
  }
}

/** Freezes the value and all in it; what is frozen already is taken to be so in depth. Returns its argument. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (typeof value !== 'object') return false
  for (const key in value) if (!isEmptyMember(value, key)) return false
  return true
}

function isEmptyMember(value: object, key: string): boolean {
  return !Array.isArray(value) && (value as JsonObject)[key] === undefined
}

/**
 * Semantic equality as equality.Semantic.DeepEqual: absent, null, empty list and empty object are the same; the order of
 * keys does not matter. Quantities are compared as they are written.
 */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return isEmpty(a) && isEmpty(b)
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b)) return isEmpty(a) && isEmpty(b)
    return a.length === b.length && a.every((item, index) => deepEqual(item, b[index]))
  }
  const left = a as JsonObject
  const right = b as JsonObject
  for (const key in left) if (!deepEqual(left[key], right[key])) return false
  for (const key in right) if (!Object.hasOwn(left, key) && !isEmpty(right[key])) return false
  return true
}
