// Equality as upstream's apiequality.Semantic sees it: unset, null and empty collections are the same thing. Quantities
// are expected in canonical text, as defaulting leaves them.

/** Whether a client would mean the same by both values. */
export function semanticallyEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (left == null || right == null) return isUnset(left ?? right)
  if (typeof left !== 'object' || typeof right !== 'object') return false
  if (Array.isArray(left)) return Array.isArray(right) && equalLists(left, right)
  return !Array.isArray(right) && equalFields(left as Fields, right as Fields)
}

type Fields = Record<string, unknown>

function equalLists(left: readonly unknown[], right: readonly unknown[]): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) {
    if (!semanticallyEqual(left[index], right[index])) return false
  }
  return true
}

function equalFields(left: Fields, right: Fields): boolean {
  for (const name in left) {
    if (!semanticallyEqual(left[name], right[name])) return false
  }
  for (const name in right) {
    if (!Object.hasOwn(left, name) && !isUnset(right[name])) return false
  }
  return true
}

function isUnset(value: unknown): boolean {
  if (value == null) return true
  if (typeof value !== 'object') return false
  if (Array.isArray(value)) return value.length === 0
  for (const _ in value) return false
  return true
}
