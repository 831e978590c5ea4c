// One request on its way through the server, and what comes out of it.

import type { KubeObject, RequestOptions, ResourceRequest, Status, StatusError, UserInfo } from '@binnacle/api'
import type { StoredObject } from '@binnacle/store'
import type { Row } from './registry.ts'

export interface Call {
  readonly request: ResourceRequest
  readonly options: RequestOptions
  readonly row: Row
  readonly user: UserInfo
  /** Name under which changes are recorded in managedFields. */
  readonly fieldManager: string
  readonly dryRun: boolean
  /** Adds a Warning header. */
  warn(message: string): void
  /** Unknown or duplicate fields that the decoder of the body found before (JSON text only). */
  readonly decodeErrors: readonly string[]
  /** The text in which they were found, where their order is that of the text. */
  readonly text: string | undefined
}

/** An object at the row's version: as stored bytes where these are it, else as a value. */
export type Item = StoredObject | { readonly object: KubeObject; readonly revision: number; readonly bytes?: undefined }

export type Outcome =
  | { type: 'object'; code: 200 | 201 | 202; item: Item; row: Row }
  | { type: 'list'; items: readonly Item[]; revision: number; continueToken?: string; remaining?: number; row: Row }
  | { type: 'status'; code: 200; status: Status }
  | { type: 'watch'; watch: Watch; row: Row }

/** A change as watchers see it. `source` is one object for all watchers of one change, so that its frame is made once. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly item: Item
}

export interface WatchObserver {
  /** All that happened in one commit, in order. */
  changes(batch: readonly Change[]): void
  bookmark(resourceVersion: string, initialEventsEnd: boolean): void
  /** Sent as an ERROR event; the watch is over. */
  failed(error: StatusError): void
  /** The server ends the watch in good order. */
  ended(): void
}

export interface Watch {
  /** Starts the flow; nothing is lost between the request and this. The returned function ends the watch. */
  start(observer: WatchObserver): () => void
}
