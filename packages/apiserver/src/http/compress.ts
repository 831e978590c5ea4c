// gzip for large answers, on the thread pool. A gzip stream may be several members one after the other (RFC 1952), so a
// large body is cut and its parts are compressed at the same time.

import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'

const compress = promisify(gzip)

/** Smaller answers are sent as they are (upstream's 128 KiB). */
const threshold = 128 * 1024
const memberBytes = 1024 * 1024

export function wantsGzip(acceptEncoding: string | string[] | undefined, bytes: number): boolean {
  return (
    bytes > threshold &&
    String(acceptEncoding ?? '')
      .split(',')
      .some((part) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$))?/.test(part) && !/;\s*q=0(\.0*)?\s*$/.test(part))
  )
}

/** Compressed members in order. Level 1: on loopback, time counts more than size. */
export function gzipParts(parts: readonly Uint8Array[]): Promise<Buffer>[] {
  const members: Promise<Buffer>[] = []
  let group: Uint8Array[] = []
  let size = 0
  const close = (): void => {
    if (group.length === 0) return
    members.push(compress(Buffer.concat(group), { level: constants.Z_BEST_SPEED, memLevel: 9, chunkSize: 256 * 1024 }))
    group = []
    size = 0
  }
  for (const part of parts) {
    group.push(part)
    size += part.length
    if (size >= memberBytes) close()
  }
  close()
  return members
}
