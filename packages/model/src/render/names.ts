// Names and hashes that rendered objects carry.

import { managedBy, managedByLabel, nameLabel, partOfLabel } from '../group.ts'

/** `orders-db` → `ORDERS_DB`: the start of the variables of a wire. */
export function variablePrefix(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')
}

/** 32-bit FNV-1a of the text as eight hexadecimal digits. Tells versions apart; protects nothing. */
export function shortHash(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash.toString(16).padStart(8, '0')
}

/** JSON in which an object's fields stand in the order of their names: a server gives them back in another than it got. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}

/** Selects the pods of a resource, and never changes with it. */
export function selectorLabels(name: string): Record<string, string> {
  return { [nameLabel]: name, [managedByLabel]: managedBy }
}

/** Labels of everything that a resource becomes. */
export function objectLabels(name: string, application: string | undefined): Record<string, string> {
  return { ...selectorLabels(name), ...(application === undefined ? {} : { [partOfLabel]: application }) }
}

/** A name of an object that belongs to `owner`, at most 63 characters long. */
export function ownedName(owner: string, suffix: string): string {
  const room = 63 - suffix.length - 1
  return owner.length <= room ? `${owner}-${suffix}` : `${owner.slice(0, room - 9)}-${shortHash(owner)}-${suffix}`
}

/** A path as a key of a ConfigMap: `/etc/app/a.conf` → `etc_app_a.conf`. */
export function fileKey(path: string): string {
  return path.slice(1).replaceAll(/[^-._a-zA-Z0-9]/g, '_')
}

/** An object without the fields that are undefined. */
export function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
