// Objects with only those fields that are set.

/** An object without the fields that are undefined. */
export function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

/** The value without fields that are null, which say nothing to a server of the kind and are refused by a schema. */
export function withoutNulls<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutNulls(item)) as T
  if (typeof value !== 'object' || value === null) return value
  const set = Object.entries(value).filter(([, item]) => item !== null)
  return Object.fromEntries(set.map(([name, item]) => [name, withoutNulls<unknown>(item)])) as T
}
