// How an object lies in the data file: revision, checksum, and the bytes of the wire, as they are or encrypted.
//
//   0  kind: 0 plain, 1 AES-256-GCM     8  revision, float64 big-endian
//   4  CRC-32 of the key and of all     16  plain: the bytes
//      that follows byte 8                  encrypted: nonce (12), tag (16), ciphertext

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Version } from '../version.ts'

const headerLength = 16
const nonceLength = 12
const tagLength = 16

const Kind = { plain: 0, encrypted: 1 } as const

export interface Encryption {
  /** 32 bytes. */
  readonly key: Buffer
  /** Which keys of the store are encrypted. */
  readonly applies: (key: string) => boolean
}

export interface Decoded {
  readonly revision: number
  /** Shares the memory of the record where that is plain. */
  readonly bytes: Buffer
}

/** The record is not what was written: a bad checksum, an unknown kind, or the wrong encryption key. */
export class RecordError extends Error {}

/** How many bytes `writeRecord` fills. */
export function recordLength({ key, bytes }: Version, encryption: Encryption | undefined): number {
  return headerLength + bytes.byteLength + (encryption?.applies(key) === true ? nonceLength + tagLength : 0)
}

export function writeRecord(record: Buffer, version: Version, encryption: Encryption | undefined): void {
  const { key, revision, bytes } = version
  const encrypted = encryption?.applies(key) === true
  record.writeUInt32BE(encrypted ? Kind.encrypted : Kind.plain, 0)
  record.writeDoubleBE(revision, 8)
  if (encrypted) seal(record, { key, bytes, encryption })
  else bytes.copy(record, headerLength)
  record.writeUInt32BE(checksum(key, record), 4)
}

export function decodeRecord(key: string, record: Buffer, encryption: Encryption | undefined): Decoded {
  if (record.byteLength < headerLength || record.readUInt32BE(4) !== checksum(key, record)) {
    throw new RecordError(`the checksum of ${key} is wrong`)
  }
  const revision = record.readDoubleBE(8)
  const kind = record.readUInt32BE(0)
  if (kind === Kind.plain) return { revision, bytes: record.subarray(headerLength) }
  if (kind !== Kind.encrypted) throw new RecordError(`${key} is of an unknown kind of record`)
  if (encryption === undefined) throw new RecordError(`${key} is encrypted and no encryption key was given`)
  return { revision, bytes: unseal(record, key, encryption) }
}

function checksum(key: string, record: Buffer): number {
  return crc32(record.subarray(8), crc32(key))
}

/** The key name and the revision are authenticated: a value cannot be moved to another name or back in time unnoticed. */
function seal(
  record: Buffer,
  { key, bytes, encryption }: { key: string; bytes: Buffer; encryption: Encryption },
): void {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv('aes-256-gcm', encryption.key, nonce)
  cipher.setAAD(associatedData(key, record))
  const sealed = cipher.update(bytes)
  cipher.final()
  nonce.copy(record, headerLength)
  cipher.getAuthTag().copy(record, headerLength + nonceLength)
  sealed.copy(record, headerLength + nonceLength + tagLength)
}

function unseal(record: Buffer, key: string, encryption: Encryption): Buffer {
  const tagAt = headerLength + nonceLength
  const decipher = createDecipheriv('aes-256-gcm', encryption.key, record.subarray(headerLength, tagAt), {
    authTagLength: tagLength,
  })
  decipher.setAAD(associatedData(key, record))
  decipher.setAuthTag(record.subarray(tagAt, tagAt + tagLength))
  const bytes = decipher.update(record.subarray(tagAt + tagLength))
  try {
    decipher.final()
  } catch (error) {
    throw new RecordError(`${key} does not open with this encryption key`, { cause: error })
  }
  return bytes
}

function associatedData(key: string, record: Buffer): Buffer {
  return Buffer.concat([Buffer.from(key), record.subarray(8, headerLength)])
}
