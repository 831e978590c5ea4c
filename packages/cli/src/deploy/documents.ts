// The YAML that a project is written in: every document of a file, or of the files of a folder in the order of their
// names. Each object keeps where it stands, so that an error, ours or the server's, names file, line and field.

import { readFile, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { Unstructured } from '@binnacle/api'
import { type Document, LineCounter, type Node, isMap, isNode, isScalar, isSeq, parseAllDocuments } from 'yaml'
import { CliError } from '../cli-error.ts'

/** One object of a project, and where it is written. */
export interface SourceObject {
  object: Unstructured
  /** As a person would name it: relative to the working directory. */
  file: string
  /** Folder of the file, which paths in the object are relative to. */
  directory: string
  /** Line, from 1 (0: it has none), on which the field (`spec.ports[0].port`) or the nearest thing around it stands. */
  lineOf: (field: string) => number
  /** Written in no file: follows from the others. */
  isImplied?: boolean
}

/** Folders in a project that hold sources and what is made from them, not objects. */
const passedOver = new Set(['node_modules', 'dist', 'kustomize', 'chart'])

/**
 * The objects of a file, or of a folder's `*.yaml`, `*.yml` and `*.json` (and of `environments/` in it). Members of a
 * List are objects of their own.
 * @throws CliError with file and line of what is no YAML or no object
 */
export async function readProject(path: string): Promise<SourceObject[]> {
  const found: SourceObject[] = []
  for (const file of await projectFiles(path)) found.push(...parseObjects(await readFile(file, 'utf8'), file))
  if (found.length === 0)
    throw new CliError(
      `${path} holds no objects: expected YAML with apiVersion, kind and metadata; \`binnacle init\` writes an example`,
    )
  refuseRepeated(found)
  return found
}

/** Name of a project that has no Application object: its folder's. */
export async function projectName(path: string): Promise<string> {
  const folder = (await stat(path)).isDirectory() ? resolve(path) : dirname(resolve(path))
  return basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63)
}

async function projectFiles(path: string): Promise<string[]> {
  const there = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new CliError(`cannot read ${path}: there is no such file or folder`)
    throw new CliError(`cannot read ${path}: ${error.message}`, { cause: error })
  })
  if (!there.isDirectory()) return [path]
  const names = (await readdir(path, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const files = names.filter((entry) => entry.isFile() && isObjectFile(entry.name)).map(({ name }) => join(path, name))
  const environments = names.find((entry) => entry.isDirectory() && entry.name === 'environments')
  return environments === undefined ? files : [...files, ...(await projectFiles(join(path, environments.name)))]
}

function isObjectFile(name: string): boolean {
  // Files of other tools that lie in the same folder.
  if (/^(?:package(?:-lock)?|tsconfig|kustomization|(?:docker-)?compose)\b/.test(name) || passedOver.has(name))
    return false
  return /\.(?:ya?ml|json)$/.test(name) && !name.startsWith('.')
}

/** `app.yaml:12`, or what the object is from where that has no lines. */
export function placeIn({ file, lineOf: line }: Pick<SourceObject, 'file' | 'lineOf'>, field: string): string {
  const number = line(field)
  return number === 0 ? file : `${file}:${number}`
}

/** The objects of one text; `file` is for messages. */
export function parseObjects(text: string, file: string): SourceObject[] {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true })
  const shown = shownPath(file)
  if (!Array.isArray(documents)) return []
  return documents.flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined)
      throw new CliError(
        `${shown}:${lines.linePos(error.pos[0]).line}: not YAML: ${(error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')}`,
      )
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) return []
    return objectsOf(document, { shown, file, lines })
  })
}

interface Place {
  shown: string
  file: string
  lines: LineCounter
}

function objectsOf(document: Document, { shown, file, lines }: Place): SourceObject[] {
  const value: unknown = document.toJS()
  const base = { file: shown, directory: dirname(resolve(file)) }
  const at = (prefix: readonly (string | number)[]) => (field: string) =>
    lineOf(document, [...prefix, ...pathOf(field)], lines)
  const whole: SourceObject = { ...base, object: value as Unstructured, lineOf: at([]) }
  const items = isRecord(value) && String(value['kind']).endsWith('List') ? value['items'] : undefined
  const found = Array.isArray(items)
    ? items.map((object: Unstructured, index) => ({ ...base, object, lineOf: at(['items', index]) }))
    : [whole]
  for (const one of found) requireObject(one)
  return found
}

function requireObject({ object, file, lineOf: line }: SourceObject): void {
  const missing = (field: string, what: string): CliError =>
    new CliError(`${file}:${line(field)}: ${field}: ${what}: each object needs apiVersion, kind and metadata.name`)
  if (!isRecord(object))
    throw new CliError(`${file}:${line('')}: this document is no object: expected apiVersion, kind and metadata`)
  for (const field of ['apiVersion', 'kind'] as const)
    if (typeof object[field] !== 'string' || object[field] === '') throw missing(field, 'is missing')
  if (!isRecord(object.metadata)) throw missing('metadata', 'is missing')
  if (typeof object.metadata.name !== 'string') throw missing('metadata.name', 'is missing')
}

function refuseRepeated(objects: readonly SourceObject[]): void {
  const first = new Map<string, SourceObject>()
  for (const one of objects) {
    const { apiVersion, kind, metadata } = one.object
    const key = [apiVersion, kind, metadata.namespace ?? '', metadata.name].join(' ')
    const before = first.get(key)
    if (before !== undefined)
      throw new CliError(
        `${one.file}:${one.lineOf('metadata.name')}: metadata.name: ${kind} ${metadata.name} is in ${before.file}:${before.lineOf('metadata.name')} already: rename one of them`,
      )
    first.set(key, one)
  }
}

/** `spec.ports[0].name`, `spec.env[PORT]`, `metadata.labels[a.b/c]` as steps. */
export function pathOf(field: string): (string | number)[] {
  return [...field.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(([text, inner]) => {
    const step = (inner ?? text).replaceAll(/^"|"$/g, '')
    return inner !== undefined && /^\d+$/.test(inner) ? Number(inner) : step
  })
}

function lineOf(document: Document, path: readonly (string | number)[], lines: LineCounter): number {
  let node: unknown = document.contents
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
  for (const step of path) {
    const next = childOf(node, step)
    if (next === undefined) break
    offset = next.offset ?? offset
    node = next.node
  }
  return Math.max(1, lines.linePos(offset).line)
}

function childOf(node: unknown, step: string | number): { node: unknown; offset: number | undefined } | undefined {
  const start = (one: unknown): number | undefined => (isNode(one) ? (one as Node).range?.[0] : undefined)
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
    return pair === undefined ? undefined : { node: pair.value, offset: start(pair.key) }
  }
  if (!isSeq(node)) return undefined
  // A list map names its items by key: env[PORT].
  const item =
    typeof step === 'number' ? node.items[step] : node.items.find((one) => isMap(one) && one.get('name') === step)
  return item === undefined ? undefined : { node: item, offset: start(item) }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shownPath(file: string): string {
  const path = relative(process.cwd(), resolve(file))
  return path.startsWith('..') ? resolve(file) : path
}
