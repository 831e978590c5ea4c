// Finds the objects that references mean: by name, by labels, or by the prefix of a Service's variables.

import type { Unstructured } from '@binnacle/api'
import { variablePrefix } from '@binnacle/model'
import { type ObjectKey, kindKeyOf } from '../object-key.ts'
import { isRecord } from '../schemas.ts'
import type { WireTarget } from './wire-kind.ts'

type Texts = Readonly<Record<string, string>>

const none: readonly ObjectKey[] = Object.freeze([])

export class WireIndex {
  readonly #objects: ReadonlyMap<ObjectKey, Unstructured>
  /** By `<kind>/<namespace>/<label>=<value>`, of all that has pods. */
  #byLabel: Map<string, ObjectKey[]> | undefined
  #byPrefix: Map<string, ObjectKey> | undefined

  constructor(objects: ReadonlyMap<ObjectKey, Unstructured>) {
    this.#objects = objects
  }

  resolve(target: WireTarget): readonly ObjectKey[] {
    if ('name' in target) {
      for (const kind of target.kinds) {
        const key = `${kind}/${target.namespace}/${target.name}`
        if (this.#objects.has(key)) return [key]
      }
      return none
    }
    if ('variablePrefix' in target) {
      this.#byPrefix ??= this.#prefixes()
      const key = this.#byPrefix.get(`${target.namespace}/${target.variablePrefix}`)
      return key === undefined ? none : [key]
    }
    return this.#selected(target.selector, target)
  }

  #selected(selector: Texts, { kinds, namespace }: WireTarget): readonly ObjectKey[] {
    const [[label, value] = ['', ''], ...others] = Object.entries(selector)
    if (label === '') return none
    this.#byLabel ??= this.#labels()
    return kinds.flatMap((kind) =>
      (this.#byLabel?.get(`${kind}/${namespace}/${label}=${value}`) ?? none).filter((key) => {
        const labels = podLabels(this.#objects.get(key))
        return others.every(([name, wanted]) => labels?.[name] === wanted)
      }),
    )
  }

  #labels(): Map<string, ObjectKey[]> {
    const index = new Map<string, ObjectKey[]>()
    for (const [key, object] of this.#objects) {
      const prefix = `${kindKeyOf(object)}/${object.metadata.namespace ?? ''}/`
      const labels = podLabels(object)
      for (const label in labels) {
        const place = `${prefix}${label}=${labels[label]}`
        const there = index.get(place)
        if (there === undefined) index.set(place, [key])
        else there.push(key)
      }
    }
    return index
  }

  #prefixes(): Map<string, ObjectKey> {
    const index = new Map<string, ObjectKey>()
    for (const [key, object] of this.#objects)
      if (object.kind === 'Service' && object.apiVersion === 'v1')
        index.set(`${object.metadata.namespace ?? ''}/${variablePrefix(object.metadata.name ?? '')}`, key)
    return index
  }
}

/** Labels of the pods that an object makes, of a pod its own; undefined for what has no pods. */
export function podLabels(object: Unstructured | undefined): Texts | undefined {
  if (object === undefined) return undefined
  if (object.kind === 'Pod') return object.metadata.labels
  const spec = object['spec']
  const template = isRecord(spec) ? spec['template'] : undefined
  const metadata = isRecord(template) ? template['metadata'] : undefined
  const labels = isRecord(metadata) ? metadata['labels'] : undefined
  return isRecord(labels) ? (labels as Texts) : undefined
}
