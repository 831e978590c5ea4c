// Sets of field paths and their JSON form, FieldsV1 (structured-merge-diff's fieldpath package). A path element is kept in
// its serialised form: `f:name` a field, `k:{"name":"x"}` an item of a list by its keys, `v:"x"` an item of a set.

export interface FieldsV1 {
  readonly [element: string]: FieldsV1
}

/** A parent is not a member because its child is one: membership is said for each path. */
export class FieldSet {
  readonly members: Set<string> = new Set()
  readonly children: Map<string, FieldSet> = new Map()

  static of(...paths: readonly (readonly string[])[]): FieldSet {
    const set = new FieldSet()
    for (const path of paths) set.insert(path)
    return set
  }

  insert(path: readonly string[]): void {
    const [element, ...rest] = path
    if (element === undefined) return
    if (rest.length === 0) this.members.add(element)
    else this.descend(element).insert(rest)
  }

  descend(element: string): FieldSet {
    let child = this.children.get(element)
    if (!child) {
      child = new FieldSet()
      this.children.set(element, child)
    }
    return child
  }

  get empty(): boolean {
    if (this.members.size > 0) return false
    for (const child of this.children.values()) if (!child.empty) return false
    return true
  }

  has(path: readonly string[]): boolean {
    const [element, ...rest] = path
    if (element === undefined) return false
    return rest.length === 0 ? this.members.has(element) : (this.children.get(element)?.has(rest) ?? false)
  }

  union(other: FieldSet): FieldSet {
    const result = new FieldSet()
    for (const element of this.members) result.members.add(element)
    for (const element of other.members) result.members.add(element)
    for (const [element, child] of this.children) {
      const same = other.children.get(element)
      result.children.set(element, same ? child.union(same) : child)
    }
    for (const [element, child] of other.children) {
      if (!this.children.has(element)) result.children.set(element, child)
    }
    return result
  }

  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet()
    for (const element of this.members) if (other.members.has(element)) result.members.add(element)
    for (const [element, child] of this.children) {
      const same = other.children.get(element)
      const both = same && child.intersection(same)
      if (both && !both.empty) result.children.set(element, both)
    }
    return result
  }

  /** Without the members of `other`; what is below one of them stays. */
  difference(other: FieldSet): FieldSet {
    const result = new FieldSet()
    for (const element of this.members) if (!other.members.has(element)) result.members.add(element)
    for (const [element, child] of this.children) {
      const same = other.children.get(element)
      const rest = same ? child.difference(same) : child
      if (!rest.empty) result.children.set(element, rest)
    }
    return result
  }

  /** Without the members of `other` and all below them. */
  recursiveDifference(other: FieldSet): FieldSet {
    const result = new FieldSet()
    for (const element of this.members) if (!other.members.has(element)) result.members.add(element)
    for (const [element, child] of this.children) {
      if (other.members.has(element)) continue
      const same = other.children.get(element)
      const rest = same ? child.recursiveDifference(same) : child
      if (!rest.empty) result.children.set(element, rest)
    }
    return result
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).empty && other.difference(this).empty
  }

  /** All members, parents before children, in the order of FieldsV1. */
  *paths(prefix: readonly string[] = []): Generator<string[]> {
    for (const element of this.#elements()) {
      if (this.members.has(element)) yield [...prefix, element]
      yield* this.children.get(element)?.paths([...prefix, element]) ?? []
    }
  }

  toJSON(): FieldsV1 {
    const result: Record<string, FieldsV1> = {}
    for (const element of this.#elements()) {
      const below = this.children.get(element)?.toJSON()
      if (below === undefined || isEmptyObject(below)) {
        if (this.members.has(element)) result[element] = {}
      } else {
        result[element] = this.members.has(element) ? { '.': {}, ...below } : below
      }
    }
    return result
  }

  #elements(): string[] {
    const elements = [...this.members]
    for (const element of this.children.keys()) if (!this.members.has(element)) elements.push(element)
    return elements.sort(compareElements)
  }
}

function isEmptyObject(value: object): boolean {
  for (const _ in value) return false
  return true
}

const decoded = new WeakMap<object, FieldSet>()

/** Sets read from one (frozen, shared) object are read once. The result must not be changed. */
export function fieldSetOf(fields: FieldsV1): FieldSet {
  let set = decoded.get(fields)
  if (!set) {
    set = decode(fields)
    if (Object.isFrozen(fields)) decoded.set(fields, set)
  }
  return set
}

function decode(fields: FieldsV1): FieldSet {
  const set = new FieldSet()
  for (const [element, below] of Object.entries(fields)) {
    if (element === '.') continue
    if (!/^[fkvi]:/.test(element)) throw new Error(`unknown path element type: ${element}`)
    if (isEmptyObject(below) || '.' in below) set.members.add(element)
    const child = decode(below)
    if (child.members.size > 0 || child.children.size > 0) set.children.set(element, child)
  }
  return set
}

/** Fields first, then items by keys, then values; numbers by size, as value.Compare orders them. */
function compareElements(a: string, b: string): number {
  if (a.charCodeAt(0) !== b.charCodeAt(0) || a.startsWith('f:')) return a < b ? -1 : a > b ? 1 : 0
  const [left, right] = [JSON.parse(a.slice(2)) as unknown, JSON.parse(b.slice(2)) as unknown]
  if (!isRecord(left) || !isRecord(right)) return compareScalars(left, right)
  const [leftKeys, rightKeys] = [Object.keys(left), Object.keys(right)]
  for (const [index, key] of leftKeys.entries()) {
    const other = rightKeys[index]
    if (other === undefined) return 1
    if (key !== other) return key < other ? -1 : 1
    const order = compareScalars(left[key], right[key])
    if (order !== 0) return order
  }
  return leftKeys.length - rightKeys.length
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function compareScalars(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [JSON.stringify(a) ?? '', JSON.stringify(b) ?? '']
  return left < right ? -1 : left > right ? 1 : 0
}

/** A scalar as Go writes it into a path element: JSON with `<`, `>` and `&` escaped. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)
}

export function fieldElement(name: string): string {
  return `f:${name}`
}

export function valueElement(value: unknown): string {
  return `v:${goJson(value)}`
}

export function keyElement(keys: Readonly<Record<string, unknown>>): string {
  const members = Object.keys(keys)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${goJson(keys[key])}`)
  return `k:{${members.join(',')}}`
}

/** `.spec.containers[name="web"].image`, as conflicts are reported. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('')
}

export function elementText(element: string): string {
  const content = element.slice(2)
  if (element.startsWith('f:')) return `.${content}`
  if (element.startsWith('v:')) return `[=${content}]`
  if (element.startsWith('i:')) return `[${content}]`
  const keys = Object.entries(JSON.parse(content) as Record<string, unknown>)
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`
}
