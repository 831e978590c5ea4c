// Problems of a document before it is deployed, object by object: what its schema refuses, what its neighbours tell, and
// wires in a circle.

import { type FieldError, type Unstructured, fieldErrorText } from '@binnacle/api'
import { group } from '@binnacle/model'
import { contentOf } from './content.ts'
import { type CanvasDocument, objectsOf, schemaOf } from './document.ts'
import { getField } from './field-path.ts'
import { type ObjectKey, groupOf, parseKey } from './object-key.ts'
import type { Problem } from './problem.ts'
import { isRecord } from './schemas.ts'
import { type ProblemContext, microserviceProblems, nameProblems } from './validate/resource-problems.ts'
import { isTransitionRule } from './validate/rules.ts'
import { schemaErrors } from './validate/schema-errors.ts'

/** By object; an object without problems is not in it. */
export type Problems = ReadonlyMap<ObjectKey, readonly Problem[]>

/** Objects of ours, and others that are staged. */
export function validate(document: CanvasDocument): Problems {
  const objects = objectsOf(document)
  const context: ProblemContext = { document, objects }
  const problems = new Map<ObjectKey, readonly Problem[]>()
  const circles = circlesOfUses(objects)
  for (const [key, object] of objects) {
    if (groupOf(object.apiVersion) !== group && !document.staged.has(key)) continue
    const found = [...problemsOf(key, object, context), ...(circles.get(key) ?? [])]
    if (found.length > 0) problems.set(key, found)
  }
  return problems
}

/** What keeps the staged changes from being deployed. */
export function blockingProblems(document: CanvasDocument, problems: Problems): readonly Problem[] {
  return [...document.staged.keys()].flatMap((key) =>
    (problems.get(key) ?? []).filter(({ severity }) => severity === 'error'),
  )
}

function problemsOf(key: ObjectKey, object: Unstructured, context: ProblemContext): Problem[] {
  const { document } = context
  const found = [
    ...nameProblems(object, context),
    ...(object.kind === 'Microservice' && isRecord(object['spec']) ? microserviceProblems(object, context) : []),
  ]
  return [
    ...formProblems(document, object).map((error) => ofFieldError(key, error)),
    ...transitionProblems(document, key, object),
    ...found.map((problem) => ({ key, ...problem })),
  ]
}

const checked = new WeakMap<Unstructured, readonly FieldError[]>()

/** What the schema refuses. Objects are read-only, so that each is checked once. */
function formProblems(document: CanvasDocument, object: Unstructured): readonly FieldError[] {
  let errors = checked.get(object)
  if (errors === undefined) {
    const schema = schemaOf(document, object)
    const { spec } = schema?.properties ?? {}
    const value = contentOf(object)['spec']
    errors = spec === undefined ? [] : schemaErrors(spec, value ?? {}, 'spec')
    checked.set(object, errors)
  }
  return errors
}

/** A field error in the words after its path, as the server's causes have them. */
export function ofFieldError(key: ObjectKey, error: FieldError): Problem {
  const text = fieldErrorText(error).slice(error.field.length + 2)
  return { key, path: error.field, severity: 'error', reason: error.type, message: text }
}

/** Fields that must stay as they are: rules over `oldSelf` of the form `self.x == oldSelf.x`. */
function transitionProblems(document: CanvasDocument, key: ObjectKey, object: Unstructured): Problem[] {
  const live = document.live.get(key)
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

/** Services that call each other in a circle: legal, and worth knowing. */
function circlesOfUses(objects: ReadonlyMap<ObjectKey, Unstructured>): ReadonlyMap<ObjectKey, readonly Problem[]> {
  const edges = new Map<ObjectKey, readonly { to: ObjectKey; index: number }[]>()
  for (const [key, object] of objects) {
    if (object.kind !== 'Microservice') continue
    const uses: unknown = getField(object, 'spec.uses')
    if (!Array.isArray(uses) || uses.length === 0) continue
    const own = parseKey(key)
    const prefix = key.slice(0, -own.name.length)
    edges.set(
      key,
      uses.flatMap((use: unknown, index) =>
        isRecord(use) && typeof use['name'] === 'string' && use['namespace'] === undefined
          ? [{ to: prefix + use['name'], index }]
          : [],
      ),
    )
  }
  const found = new Map<ObjectKey, readonly Problem[]>()
  for (const circle of stronglyConnected(edges)) {
    const names = circle.map((key) => parseKey(key).name).toSorted()
    for (const key of circle) {
      const { index } = edges.get(key)?.find(({ to }) => circle.includes(to)) ?? { index: 0 }
      const message = `${names.join(', ')} call each other in a circle: none of them can be ready before the others`
      found.set(key, [{ key, path: `spec.uses[${index}]`, severity: 'warning', reason: 'Circle', message }])
    }
  }
  return found
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
