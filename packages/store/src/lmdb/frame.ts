// How a group of commits lies in the log: one frame, with one checksum, so that a group is there whole or not at all.
//
//    0  mark, 8 bytes               24  revision before the group, float64 big-endian
//    8  CRC-32 of all that          32  for each version: length of its key, length of its record (0: removed), key,
//       follows byte 12                 record (record.ts: the bytes that go into the data file, encrypted where they are there)
//   12  length of the frame
//   16  number of versions; 20: zero

import { crc32 } from 'node:zlib'
import type { Version } from '../version.ts'
import type { Encryption } from './record.ts'
import { recordLength, writeRecord } from './record.ts'

/** Begins with a byte that no UTF-8 text contains, so no object of a client's can look like a frame. */
const mark = Buffer.from('ff42696e6c6f67fe', 'hex')
const headerLength = 32
const entryHeader = 8

export interface Entry {
  readonly key: string
  /** Shares the memory of the frame. Absent: removed. */
  readonly record: Buffer | undefined
}

export interface Frame {
  /** The newest revision before the group, and that of its last version; the ones between are the entries in order. */
  readonly after: number
  readonly revision: number
  readonly entries: readonly Entry[]
  readonly bytes: Buffer
}

/** The versions are those of consecutive revisions. */
export function encodeFrame(versions: readonly Version[], encryption: Encryption | undefined): Frame {
  const lengths = versions.map((version) => ({
    key: Buffer.byteLength(version.key),
    record: version.deleted ? 0 : recordLength(version, encryption),
  }))
  const length = lengths.reduce((sum, { key, record }) => sum + entryHeader + key + record, headerLength)
  const after = (versions[0] as Version).revision - 1
  const bytes = Buffer.allocUnsafeSlow(length)
  mark.copy(bytes)
  bytes.writeUInt32BE(length, 12)
  bytes.writeUInt32BE(versions.length, 16)
  bytes.writeUInt32BE(0, 20)
  bytes.writeDoubleBE(after, 24)
  let at = headerLength
  for (const [index, version] of versions.entries()) {
    const { key, record } = lengths[index] as (typeof lengths)[number]
    bytes.writeUInt32BE(key, at)
    bytes.writeUInt32BE(record, at + 4)
    at += entryHeader
    at += bytes.write(version.key, at)
    if (record > 0) writeRecord(bytes.subarray(at, at + record), version, encryption)
    at += record
  }
  bytes.writeUInt32BE(checksum(bytes), 8)
  return { after, revision: after + versions.length, entries: entriesOf(bytes), bytes }
}

/** Every frame that is whole, wherever it lies: behind the newest come torn ones, and those of an earlier use of the file. */
export function findFrames(file: Buffer): Frame[] {
  const frames: Frame[] = []
  for (let at = file.indexOf(mark); at >= 0;) {
    const frame = decodeFrame(file, at)
    if (frame !== undefined) frames.push(frame)
    at = file.indexOf(mark, at + (frame?.bytes.length ?? mark.length))
  }
  return frames
}

function decodeFrame(file: Buffer, start: number): Frame | undefined {
  if (file.length - start < headerLength) return undefined
  const length = file.readUInt32BE(start + 12)
  if (length < headerLength || length > file.length - start) return undefined
  const bytes = file.subarray(start, start + length)
  if (bytes.readUInt32BE(8) !== checksum(bytes)) return undefined
  const after = bytes.readDoubleBE(24)
  return { after, revision: after + bytes.readUInt32BE(16), entries: entriesOf(bytes), bytes }
}

function entriesOf(frame: Buffer): Entry[] {
  const entries: Entry[] = []
  for (let at = headerLength; at < frame.length;) {
    const keyAt = at + entryHeader
    const recordAt = keyAt + frame.readUInt32BE(at)
    const end = recordAt + frame.readUInt32BE(at + 4)
    entries.push({
      key: frame.toString('utf8', keyAt, recordAt),
      record: end === recordAt ? undefined : frame.subarray(recordAt, end),
    })
    at = end
  }
  return entries
}

function checksum(frame: Buffer): number {
  return crc32(frame.subarray(12))
}
