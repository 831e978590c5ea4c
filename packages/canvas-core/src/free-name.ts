// Names for new objects.

import { dns1123LabelMaxLength } from '@binnacle/api'

/**
 * The name, or where it is taken the next free one: `api`, `api-2`, … `api-10`. A number at the end counts on:
 * `api-2` is followed by `api-3`.
 */
export function freeName(wanted: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(wanted)) return wanted
  const numbered = /^(.*?)-(\d{1,6})$/.exec(wanted)
  const stem = numbered?.[1] ?? wanted
  for (let number = numbered === null ? 2 : Number(numbered[2]) + 1; ; number++) {
    const suffix = `-${number}`
    const name = stem.slice(0, dns1123LabelMaxLength - suffix.length).replace(/-+$/, '') + suffix
    if (!isTaken(name)) return name
  }
}
