// Releases among what the cluster told.

import type { KubeObject } from '@binnacle/api'
import type { Release } from '@binnacle/model'

function isRelease(object: { kind?: string | undefined }): object is Release {
  return object.kind === 'Release'
}

export function newestRelease(objects: Iterable<KubeObject>, application: string): Release | undefined {
  let newest: Release | undefined
  for (const object of objects) {
    if (!isRelease(object) || object.spec.application !== application) continue
    if (newest === undefined || object.spec.revision > newest.spec.revision) newest = object
  }
  return newest
}
