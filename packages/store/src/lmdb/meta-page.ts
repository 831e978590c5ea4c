// A look at the data file before LMDB maps it: LMDB checks little, and a file that is cut short would end the process
// with SIGBUS at the first touch of a missing page instead of with an error.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { RecordError } from './record.ts'

/** Offsets in a meta page: a header of 24 bytes, then MDB_meta of liblmdb's mdb.c in the byte order of the machine. */
const offsets = { magic: 24, version: 28, pageSize: 48, lastPage: 144, transaction: 152 } as const
const magic = 0xbeefc0de

/** Throws RecordError when the file is no LMDB file or shorter than its newest transaction says. */
export function checkDataFile(path: string): void {
  const file = openSync(path, 'r')
  try {
    const first = readMeta(file, 0)
    const size = fstatSync(file).size
    const second = readMeta(file, first?.pageSize ?? 4096)
    // Of two meta pages a crash can tear at most the older one.
    const newest = [first, second]
      .filter((meta) => meta !== undefined)
      .sort((one, other) => other.transaction - one.transaction)[0]
    if (newest === undefined) throw new RecordError('objects.mdb is not a data file')
    const expected = (newest.lastPage + 1) * newest.pageSize
    if (size < expected) throw new RecordError(`objects.mdb has ${size} bytes where ${expected} are expected`)
  } finally {
    closeSync(file)
  }
}

function readMeta(
  file: number,
  position: number,
): { pageSize: number; lastPage: number; transaction: number } | undefined {
  const page = Buffer.alloc(160)
  if (readSync(file, page, 0, page.length, position) < page.length) return undefined
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength)
  const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
  if (view.getUint32(offsets.magic, littleEndian) !== magic) return undefined
  return {
    pageSize: view.getUint32(offsets.pageSize, littleEndian),
    lastPage: Number(view.getBigUint64(offsets.lastPage, littleEndian)),
    transaction: Number(view.getBigUint64(offsets.transaction, littleEndian)),
  }
}
