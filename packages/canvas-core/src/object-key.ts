// The name under which an object is known on the Canvas: `Microservice.binnacle.dev/shop/api`, `Service/shop/cache`.

import type { KubeObject } from '@binnacle/api'

/** `<kind>.<group>/<namespace>/<name>`; the group is left out for core, the namespace is empty where there is none. */
export type ObjectKey = string

/** `<kind>.<group>`, `<kind>` for core, as upstream prints a GroupKind. */
export type KindKey = string

export interface ObjectName {
  kind: string
  /** '' for core. */
  group: string
  /** '' where the object has none. */
  namespace: string
  name: string
}

export function groupOf(apiVersion: string | undefined): string {
  const slash = apiVersion?.indexOf('/') ?? -1
  return slash === -1 ? '' : (apiVersion ?? '').slice(0, slash)
}

export function kindKey(kind: string, group: string): KindKey {
  return group === '' ? kind : `${kind}.${group}`
}

export function kindKeyOf(object: Pick<KubeObject, 'apiVersion' | 'kind'>): KindKey {
  return kindKey(object.kind ?? '', groupOf(object.apiVersion))
}

export function objectKey({ kind, group, namespace, name }: ObjectName): ObjectKey {
  return `${kindKey(kind, group)}/${namespace}/${name}`
}

const known = new WeakMap<KubeObject, ObjectKey>()

/** Objects are read-only, so that the key of one is made once. */
export function keyOf(object: KubeObject): ObjectKey {
  let key = known.get(object)
  if (key === undefined) {
    const { namespace = '', name = '' } = object.metadata
    key = `${kindKeyOf(object)}/${namespace}/${name}`
    known.set(object, key)
  }
  return key
}

export function parseKey(key: ObjectKey): ObjectName {
  const [qualified = '', namespace = '', name = ''] = key.split('/')
  const dot = qualified.indexOf('.')
  return dot === -1
    ? { kind: qualified, group: '', namespace, name }
    : { kind: qualified.slice(0, dot), group: qualified.slice(dot + 1), namespace, name }
}
