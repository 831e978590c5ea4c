// Problems of a document before it is deployed, object by object: what its schema refuses, what its neighbours tell, and
// wires in a circle.

import { type FieldError, type Unstructured, deepEqual } from '@binnacle/api'
import { type AnySchema, group } from '@binnacle/model'
import { contentOf } from './content.ts'
import { type CanvasDocument, objectsOf, schemaOf } from './document.ts'
import { getField } from './field-path.ts'
import { type ObjectKey, groupOf, parseKey } from './object-key.ts'
import type { Problem } from './problem.ts'
import { isRecord } from './schemas.ts'
import { removalProblems } from './validate/removal-problems.ts'
import { type Lookup, type ProblemContext, microserviceProblems, nameProblems } from './validate/resource-problems.ts'
import { isTransitionRule } from './validate/rules.ts'
import { problemWords } from './validate/problem-words.ts'
import { schemaErrors } from './validate/schema-errors.ts'

/** By object; an object without problems is not in it. */
export type Problems = ReadonlyMap<ObjectKey, readonly Problem[]>

/** Objects of ours, and others that are staged. */
export function validate(document: CanvasDocument): Problems {
  const objects = objectsOf(document)
  const problems = new Map(removalProblems(document, objects))
  const circles = circlesOfUses(objects)
  for (const [key, object] of objects) {
    if (groupOf(object.apiVersion) !== group && !document.staged.has(key)) continue
    const found = problemsOf(key, object, { document, objects })
    const circle = circles.get(key)
    if (found.length > 0 || circle !== undefined)
      problems.set(key, circle === undefined ? found : [...found, ...circle])
  }
  return problems
}

/** What keeps the staged changes from being deployed. */
export function blockingProblems(document: CanvasDocument, problems: Problems): readonly Problem[] {
  return [...document.staged.keys()].flatMap((key) =>
    (problems.get(key) ?? []).filter(({ severity }) => severity === 'error'),
  )
}

interface Validation {
  document: CanvasDocument
  objects: ReadonlyMap<ObjectKey, Unstructured>
}

/** The problems found of an object, with all that was looked at to find them. */
interface Finding {
  problems: readonly Problem[]
  complete: CanvasDocument['complete']
  schemas: CanvasDocument['schemas']
  isStaged: boolean
  seen: readonly (readonly [ObjectKey, Unstructured | undefined])[]
  seenLive: readonly (readonly [ObjectKey, Unstructured | undefined])[]
}

const findings = new WeakMap<Unstructured, Finding>()

/** An object of which nothing that was looked at has changed has the same problems. */
function problemsOf(key: ObjectKey, object: Unstructured, { document, objects }: Validation): readonly Problem[] {
  const isStaged = document.staged.has(key)
  const known = findings.get(object)
  if (
    known !== undefined &&
    known.isStaged === isStaged &&
    known.complete === document.complete &&
    known.schemas === document.schemas &&
    known.seen.every(([other, was]) => objects.get(other) === was) &&
    known.seenLive.every(([other, was]) => document.live.get(other) === was)
  )
    return known.problems
  const [watched, watchedLive] = [new WatchedLookup(objects), new WatchedLookup(document.live)]
  const { namespace, complete, schemas } = document
  const context: ProblemContext = { document: { namespace, complete, schemas, live: watchedLive }, objects: watched }
  const found = [
    ...nameProblems(object, context),
    ...(object.kind === 'Microservice' && isRecord(object['spec']) ? microserviceProblems(object, context) : []),
  ]
  const problems = [
    ...formProblems(document, object).map((error) => ofFieldError(key, error)),
    ...transitionProblems(document, { key, object, live: watchedLive.get(key) }),
    ...found.map((problem) => ({ key, ...problem })),
  ]
  findings.set(object, {
    problems,
    complete,
    schemas,
    isStaged,
    seen: [...watched.seen],
    seenLive: [...watchedLive.seen],
  })
  return problems
}

/** Remembers what was asked for. */
class WatchedLookup implements Lookup {
  readonly seen = new Map<ObjectKey, Unstructured | undefined>()
  readonly #objects: ReadonlyMap<ObjectKey, Unstructured>

  constructor(objects: ReadonlyMap<ObjectKey, Unstructured>) {
    this.#objects = objects
  }

  get(key: ObjectKey): Unstructured | undefined {
    const object = this.#objects.get(key)
    this.seen.set(key, object)
    return object
  }

  has(key: ObjectKey): boolean {
    return this.get(key) !== undefined
  }
}

const checked = new WeakMap<Unstructured, { schema: AnySchema | undefined; errors: readonly FieldError[] }>()

/** What the schema refuses. Objects are read-only, so that each is checked once. */
function formProblems(document: CanvasDocument, object: Unstructured): readonly FieldError[] {
  const schema = schemaOf(document, object)?.properties?.['spec']
  const known = checked.get(object)
  if (known !== undefined && known.schema === schema) return known.errors
  const value = contentOf(object)['spec']
  const isOurs = groupOf(object.apiVersion) === group
  const errors = schema === undefined ? [] : schemaErrors(schema, (isOurs ? value : withoutNulls(value)) ?? {}, 'spec')
  checked.set(object, { schema, errors })
  return errors
}

/** A field that is null is none to the server. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isRecord(value)) return value
  const set = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(set.map(([name, member]) => [name, withoutNulls(member)]))
}

export function ofFieldError(key: ObjectKey, error: FieldError): Problem {
  return { key, path: error.field, severity: 'error', reason: error.type, message: problemWords(error) }
}

/** Fields that must stay as they are: rules over `oldSelf` of the form `self.x == oldSelf.x`. */
function transitionProblems(
  document: CanvasDocument,
  { key, object, live }: { key: ObjectKey; object: Unstructured; live: Unstructured | undefined },
): Problem[] {
  if (live === undefined || !document.staged.has(key)) return []
  const rules = schemaOf(document, object)?.properties?.['spec']?.['x-kubernetes-validations'] ?? []
  return rules
    .filter(({ rule }) => isTransitionRule(rule))
    .flatMap(({ rule, message }): Problem[] => {
      const [, name, old] = /^self\.(\w+) == oldSelf\.(\w+)$/.exec(rule) ?? []
      if (name === undefined || name !== old) return []
      const path = `spec.${name}`
      if (getField(object, path) === getField(live, path)) return []
      return [{ key, path, severity: 'error', reason: 'FieldValueInvalid', message }]
    })
}

type Edges = ReadonlyMap<ObjectKey, readonly Edge[]>

/** The last answer: most changes of a document are to nobody's uses. */
let lastCircles: { edges: Edges; found: ReadonlyMap<ObjectKey, readonly Problem[]> } | undefined

function sameEdges(left: Edges, right: Edges): boolean {
  if (left.size !== right.size) return false
  for (const [key, edges] of right) {
    const before = left.get(key)
    if (before !== edges && !deepEqual(before, edges)) return false
  }
  return true
}

/** Services that call each other in a circle: legal, and worth knowing. */
function circlesOfUses(objects: ReadonlyMap<ObjectKey, Unstructured>): ReadonlyMap<ObjectKey, readonly Problem[]> {
  const edges = new Map<ObjectKey, readonly { to: ObjectKey; index: number }[]>()
  for (const [key, object] of objects) {
    if (object.kind !== 'Microservice') continue
    const to = usesOf(key, object)
    if (to.length > 0) edges.set(key, to)
  }
  if (lastCircles !== undefined && sameEdges(lastCircles.edges, edges)) return lastCircles.found
  const found = new Map<ObjectKey, readonly Problem[]>()
  for (const circle of stronglyConnected(edges)) {
    const names = circle.map((key) => parseKey(key).name).toSorted()
    for (const key of circle) {
      const { index } = edges.get(key)?.find(({ to }) => circle.includes(to)) ?? { index: 0 }
      const message = `${names.join(', ')} call each other in a circle: none of them can be ready before the others`
      found.set(key, [{ key, path: `spec.uses[${index}]`, severity: 'warning', reason: 'Circle', message }])
    }
  }
  lastCircles = { edges, found }
  return found
}

type Edge = { readonly to: ObjectKey; readonly index: number }
const usesByObject = new WeakMap<Unstructured, readonly Edge[]>()

function usesOf(key: ObjectKey, object: Unstructured): readonly Edge[] {
  let edges = usesByObject.get(object)
  if (edges === undefined) {
    const uses: unknown = getField(object, 'spec.uses')
    const prefix = key.slice(0, key.lastIndexOf('/') + 1)
    edges = (Array.isArray(uses) ? (uses as unknown[]) : []).flatMap((use, index) =>
      isRecord(use) && typeof use['name'] === 'string' && use['namespace'] === undefined
        ? [{ to: prefix + use['name'], index }]
        : [],
    )
    usesByObject.set(object, edges)
  }
  return edges
}

/** Tarjan's algorithm, without recursion; components of more than one. */
function stronglyConnected(edges: ReadonlyMap<ObjectKey, readonly { to: ObjectKey }[]>): ObjectKey[][] {
  const order = new Map<ObjectKey, number>()
  const low = new Map<ObjectKey, number>()
  const open: ObjectKey[] = []
  const isOpen = new Set<ObjectKey>()
  const components: ObjectKey[][] = []
  for (const root of edges.keys()) {
    const work: { key: ObjectKey; next: number }[] = order.has(root) ? [] : [{ key: root, next: 0 }]
    for (let frame = work.at(-1); frame !== undefined; frame = work.at(-1)) {
      const { key } = frame
      if (frame.next === 0) {
        order.set(key, order.size)
        low.set(key, order.get(key) ?? 0)
        open.push(key)
        isOpen.add(key)
      }
      const to = edges.get(key)?.[frame.next++]?.to
      if (to !== undefined) {
        if (!edges.has(to)) continue
        if (!order.has(to)) work.push({ key: to, next: 0 })
        else if (isOpen.has(to)) low.set(key, Math.min(low.get(key) ?? 0, order.get(to) ?? 0))
        continue
      }
      work.pop()
      const parent = work.at(-1)
      if (parent !== undefined) low.set(parent.key, Math.min(low.get(parent.key) ?? 0, low.get(key) ?? 0))
      if (low.get(key) !== order.get(key)) continue
      const component = open.splice(open.lastIndexOf(key))
      for (const member of component) isOpen.delete(member)
      if (component.length > 1) components.push(component)
    }
  }
  return components
}
