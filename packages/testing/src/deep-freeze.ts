// Objects that readers share must not be changed; frozen fixtures turn a change into a TypeError where it happens.

/** Freezes the value and everything in it, and gives it back. */
export function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const part of Object.values(value)) deepFrozen(part)
  return value
}

/** The path of the first part that is not frozen, such as `.metadata.labels`; undefined when all is. */
export function unfrozenPath(value: unknown, path = ''): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (!Object.isFrozen(value)) return path === '' ? '.' : path
  for (const [key, part] of Object.entries(value)) {
    const found = unfrozenPath(part, `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}
