// Reads and checks an LMDB data file page by page, before LMDB maps it. LMDB trusts its pages: a damaged one ends the
// process with an assertion or a signal where this gives an error. As every leaf passes by here anyway, the objects are
// loaded on the way. Structures: MDB_page, MDB_meta, MDB_db, MDB_node and MDB_ovpage of the mdb.c that the npm package has.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { RecordError } from './record.ts'

/** `value` is only good during the call. */
export type VisitRecord = (key: Buffer, value: Buffer) => void

interface Tree {
  depth: number
  entries: number
  root: number
}

interface Meta {
  pageSize: number
  lastPage: number
  transaction: number
  free: Tree
  main: Tree
}

const pageHeader = 24
const nodeHeader = 8
const magic = 0xbeefc0de
const dataVersion = 2
const PageFlag = { branch: 1, leaf: 2, overflow: 4 } as const
const NodeFlag = { overflow: 1, table: 2 } as const
const noRoot = 0xffff_ffff_ffff_ffffn

/** Calls `visit[table]` for the records of each table, in the order of their keys. Throws RecordError for what is not right. */
export function readDataFile(path: string, visit: Record<string, VisitRecord>): void {
  const file = openSync(path, 'r')
  try {
    const reader = new PageReader(file, newestMeta(file))
    reader.tree('the free list', reader.meta.free, () => undefined)
    reader.tree('the list of tables', reader.meta.main, (name, record) => {
      const table = name.toString().replace(/\0$/, '')
      const tree = treeAt(Buffer.from(record), 0)
      reader.tree(`table ${table}`, tree, visit[table] ?? (() => undefined))
    })
  } finally {
    closeSync(file)
  }
}

/** LMDB alternates between two meta pages; a crash can tear at most the one that was being written. */
function newestMeta(file: number): Meta {
  const first = readMeta(file, 0)
  const second = readMeta(file, first?.pageSize ?? 4096)
  const newest =
    first === undefined || (second !== undefined && second.transaction > first.transaction) ? second : first
  if (newest === undefined) throw new RecordError('objects.mdb is not a data file')
  return newest
}

function readMeta(file: number, position: number): Meta | undefined {
  const page = Buffer.alloc(160)
  if (readSync(file, page, 0, page.length, position) < page.length) return undefined
  if (page.readUInt32LE(24) !== magic || page.readUInt32LE(28) !== dataVersion) return undefined
  const pageSize = page.readUInt32LE(48)
  if (pageSize < 512 || pageSize > 0x1_0000) return undefined
  const free = treeAt(page, 48)
  const main = treeAt(page, 96)
  return {
    pageSize,
    free,
    main,
    lastPage: Number(page.readBigUInt64LE(144)),
    transaction: Number(page.readBigUInt64LE(152)),
  }
}

function treeAt(bytes: Buffer, offset: number): Tree {
  if (bytes.length < offset + 48) throw new RecordError('the record of a table is too short')
  const root = bytes.readBigUInt64LE(offset + 40)
  return {
    depth: root === noRoot ? 0 : bytes.readUInt16LE(offset + 6),
    entries: Number(bytes.readBigUInt64LE(offset + 32)),
    root: Number(root),
  }
}

class PageReader {
  readonly meta: Meta
  #file: number
  /** A bit for each page: none belongs to two places. */
  #seen: Uint8Array
  #large = Buffer.alloc(0)

  constructor(file: number, meta: Meta) {
    this.#file = file
    this.meta = meta
    // The last pages that were handed out may never have been written: LMDB leaves out those that the same transaction freed.
    const written = Math.floor(fstatSync(file).size / meta.pageSize)
    this.#seen = new Uint8Array(Math.min(written, meta.lastPage + 1))
  }

  tree(name: string, { depth, entries, root }: Tree, visit: VisitRecord): void {
    let found = 0
    if (depth > 0) {
      found = this.#page({ name, number: root, levels: depth, visit })
    }
    if (found !== entries) throw new RecordError(`${name} has ${found} of ${entries} records`)
  }

  /** Visits the records below a page, `levels` deep; answers how many there were. */
  #page({ name, number, levels, visit }: { name: string; number: number; levels: number; visit: VisitRecord }): number {
    const page = this.#read(number, name)
    const isLeaf = levels === 1
    if (page.readUInt16LE(18) !== (isLeaf ? PageFlag.leaf : PageFlag.branch))
      throw damaged(name, number, 'is of the wrong type')
    const lower = page.readUInt16LE(20)
    const upper = page.readUInt16LE(22) + pageHeader
    if (lower % 2 !== 0 || lower + pageHeader > upper || upper > page.length)
      throw damaged(name, number, 'has wrong bounds')
    let found = 0
    for (let pointer = pageHeader; pointer < pageHeader + lower; pointer += 2) {
      const at = page.readUInt16LE(pointer) + pageHeader
      if (at < upper || at + nodeHeader > page.length) throw damaged(name, number, 'points outside itself')
      const low = page.readUInt16LE(at) + page.readUInt16LE(at + 2) * 0x1_0000
      const flags = page.readUInt16LE(at + 4)
      const data = at + nodeHeader + page.readUInt16LE(at + 6)
      if (data > page.length) throw damaged(name, number, 'has a key that goes beyond it')
      if (isLeaf) {
        visit(page.subarray(at + nodeHeader, data), this.#value({ name, number, page, data, length: low, flags }))
        found++
      } else {
        found += this.#page({ name, number: low + flags * 0x1_0000_0000, levels: levels - 1, visit })
      }
    }
    return found
  }

  #value(node: { name: string; number: number; page: Buffer; data: number; length: number; flags: number }): Buffer {
    const { name, number, page, data, length, flags } = node
    if (flags === 0 || flags === NodeFlag.table) {
      if (data + length > page.length) throw damaged(name, number, 'has a value that goes beyond it')
      return page.subarray(data, data + length)
    }
    if (flags !== NodeFlag.overflow || data + 24 > page.length)
      throw damaged(name, number, 'has a value of an unknown kind')
    const first = Number(page.readBigUInt64LE(data))
    return this.#overflow(name, first, length)
  }

  /** A long value lies in pages of its own, of which only the first has a header. */
  #overflow(name: string, number: number, length: number): Buffer {
    const { pageSize } = this.meta
    const pages = Math.ceil((pageHeader + length) / pageSize)
    if (number + pages > this.#seen.length) throw damaged(name, number, 'is beyond the end of the file')
    if (this.#large.length < pages * pageSize) this.#large = Buffer.allocUnsafeSlow(pages * pageSize)
    const bytes = this.#large.subarray(0, pages * pageSize)
    this.#readInto(bytes, number, name)
    for (let next = number + 1; next < number + pages; next++) this.#claim(next, name)
    if (bytes.readUInt16LE(18) !== PageFlag.overflow || bytes.readUInt32LE(20) < pages)
      throw damaged(name, number, 'is of the wrong type')
    return bytes.subarray(pageHeader, pageHeader + length)
  }

  #read(number: number, name: string): Buffer {
    // Each level of the recursion needs its own page, and a page is short-lived: the pool is right here.
    const page = Buffer.allocUnsafe(this.meta.pageSize)
    this.#readInto(page, number, name)
    return page
  }

  #readInto(bytes: Buffer, number: number, name: string): void {
    this.#claim(number, name)
    const got = readSync(this.#file, bytes, 0, bytes.length, number * this.meta.pageSize)
    if (got < bytes.length) throw damaged(name, number, 'cannot be read whole')
    if (bytes.readBigUInt64LE(0) !== BigInt(number)) throw damaged(name, number, 'is another page')
    if (Number(bytes.readBigUInt64LE(8)) > this.meta.transaction) throw damaged(name, number, 'is from the future')
  }

  #claim(number: number, name: string): void {
    if (number < 2 || number >= this.#seen.length) throw damaged(name, number, 'is outside the file')
    if (this.#seen[number] === 1) throw damaged(name, number, 'is in two places')
    this.#seen[number] = 1
  }
}

function damaged(name: string, page: number, what: string): RecordError {
  return new RecordError(`page ${page} of ${name} ${what}`)
}
