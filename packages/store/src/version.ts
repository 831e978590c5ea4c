// One version of one object: its bytes, and its parsed form for as long as somebody uses it.

import type { KubeObject } from '@binnacle/api'
import { freezeJson } from './freeze.ts'
import type { StoredObject } from './store.ts'

/**
 * The parsed form is five to ten times the size of the bytes, and most objects are written, framed for watchers and never
 * looked into again. So it is held weakly: informers that keep it share one copy with every other reader, and what
 * nobody keeps goes with the next full garbage collection.
 */
export class Version implements StoredObject {
  readonly key: string
  readonly revision: number
  readonly bytes: Buffer
  /** A deletion; the bytes are the last state. */
  readonly deleted: boolean
  /** The version before, while history reaches back to it. */
  older: Version | undefined
  #object: WeakRef<KubeObject> | undefined

  constructor(fields: { key: string; revision: number; bytes: Buffer; deleted: boolean; older?: Version | undefined }) {
    this.key = fields.key
    this.revision = fields.revision
    this.bytes = fields.bytes
    this.deleted = fields.deleted
    this.older = fields.older
    this.#object = undefined
  }

  /** The version that a write makes: serialised here, once, for the disk and for every reader. Takes `object` over. */
  static write(fields: {
    key: string
    revision: number
    object: KubeObject
    deleted: boolean
    older: Version | undefined
  }): Version {
    const { key, revision, object, deleted, older } = fields
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
    const version = new Version({ key, revision, bytes: encode(stored), deleted, older })
    if (freezeJson(stored)) version.#object = new WeakRef(stored)
    return version
  }

  get object(): KubeObject {
    const kept = this.#object?.deref()
    if (kept !== undefined) return kept
    const parsed = JSON.parse(this.bytes.toString()) as KubeObject
    freezeJson(parsed)
    this.#object = new WeakRef(parsed)
    return parsed
  }
}

/** Buffer.from would cut short values out of a shared 8 KiB slab, which then lives as long as its longest-lived part. */
function encode(object: KubeObject): Buffer {
  const text = JSON.stringify(object)
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}
