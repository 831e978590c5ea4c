// What the tables of cases are made of: one request each, most of them a change of an object that is known to be good.

export interface Case {
  /** Unique; what differences.tsv names. */
  name: string
  method: string
  path: string
  body?: unknown
  headers?: Readonly<Record<string, string>>
  /** Only prepares; its answer is not compared. */
  prepares?: boolean
  /** The causes come out of a Go map, whose order is another one each time. */
  anyOrder?: boolean
}

export type Fields = Readonly<Record<string, unknown>>

/** Everything that is compared is in this namespace or in none. */
export const namespace = 'validation'
const mergePatch = { 'content-type': 'application/merge-patch+json' }

export interface Kind {
  apiVersion: string
  kind: string
  resource: string
  /** True for kinds without a namespace. */
  cluster?: boolean
  /** An object that both servers take, without kind and apiVersion. */
  base: Fields
  /** The name under which it is stored for the cases that change it. */
  name?: string
  /** False for objects that admission or another rule keeps from being stored, or that nothing changes. */
  stored?: boolean
}

/** `create` puts the change over the good object; `update` and any sub-resource patch it as it is stored. */
export type Change = readonly [about: string, verb: string, change: Fields, order?: 'any order']

/** What is wrong with metadata is said once for each place upstream that looks at it. */
const badMetadata: Change = [
  'bad metadata',
  'update',
  { metadata: { labels: { 'a b': 'c d' }, annotations: { 'e f': 'g' }, finalizers: ['h'] } },
]

/**
 * The cases of one kind: its good object is stored first, then every change is tried on it without being kept
 * (dryRun=All). A verb is `create`, `update` or a sub-resource such as `status`.
 */
export function casesOf(kind: Kind, changes: readonly Change[]): Case[] {
  const name = kind.name ?? 'base'
  const path = collectionPath(kind)
  const base = { apiVersion: kind.apiVersion, kind: kind.kind, ...kind.base }
  const named = (of: string): Fields => merged(base, { metadata: { name: of } })
  const title = (about: string, verb: string): string => `${kind.kind} ${kind.apiVersion}: ${verb}: ${about}`
  const cases: Case[] = []
  if (kind.stored !== false) {
    cases.push({ name: title('a good one', 'store'), method: 'POST', path, body: named(name) })
  }
  const ownChanges = kind.stored === false ? changes : [...changes, badMetadata]
  for (const [about, verb, change, order] of ownChanges) {
    const common = { name: title(about, verb), anyOrder: order === 'any order' }
    if (verb === 'create') {
      const body = merged(named('fresh'), change)
      cases.push({ ...common, method: 'POST', path: `${path}?dryRun=All`, body })
    } else {
      const at = verb === 'update' ? `${path}/${name}` : `${path}/${name}/${verb}`
      cases.push({ ...common, method: 'PATCH', path: `${at}?dryRun=All`, headers: mergePatch, body: change })
    }
  }
  return cases
}

export function collectionPath({ apiVersion, resource, cluster }: Kind): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return cluster === true ? `${root}/${resource}` : `${root}/namespaces/${namespace}/${resource}`
}

/** RFC 7386, on the client: nulls remove, objects merge, all else replaces. */
function merged(target: Fields, change: Fields): Fields {
  const result: Record<string, unknown> = { ...target }
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete result[name]
    else if (isFields(value)) result[name] = merged(isFields(result[name]) ? result[name] : {}, value)
    else result[name] = value
  }
  return result
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A list of as many items as a limit asks for. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}
