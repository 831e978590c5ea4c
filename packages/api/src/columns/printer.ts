// How one kind becomes a row of a Table: its columns and the cells of an object. Names, types and cell texts are those of
// pkg/printers/internalversion; the server always fills the wide columns too, the client hides them.

import type { KubeObject, ObjectMeta } from '../object.ts'
import { ageText } from '../time.ts'

/** metav1.TableColumnDefinition. */
export interface TableColumn {
  name: string
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  format: string
  description: string
  /** 0: always shown; more: only with `-o wide`. */
  priority: number
}

export type TableCell = string | number | boolean | null

export interface Printer {
  readonly columns: readonly TableColumn[]
  /** In the order of the columns; `now` in milliseconds. */
  readonly cells: (object: KubeObject, now: number) => TableCell[]
  /** Order of the rows; absent where it is that of the list. */
  readonly compare?: (a: KubeObject, b: KubeObject) => number
}

/** Makes a printer of a typed one; the key in the table of kinds vouches for the type. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- callers name their kind; the one cast is here
export function printer<T>(columns: readonly TableColumn[], cells: (object: T, now: number) => TableCell[]): Printer {
  return { columns, cells: cells as unknown as Printer['cells'] }
}

const descriptions: Readonly<Record<string, string>> = {
  Name: 'Name must be unique within a namespace.',
  Age: 'Time since the object was created.',
}

/** `Desired:integer*`: the name, the type where it is not string, and a star for the wide view. */
export function columnsOf(...specifications: string[]): readonly TableColumn[] {
  return specifications.map((specification) => {
    const wide = specification.endsWith('*')
    const [name = '', type = 'string'] = specification.replace('*', '').split(':')
    return {
      name,
      type: type as TableColumn['type'],
      format: name === 'Name' ? 'name' : '',
      description: descriptions[name] ?? name,
      priority: wide ? 1 : 0,
    }
  })
}

export function nameOf(object: { metadata?: ObjectMeta | undefined }): string {
  return object.metadata?.name ?? ''
}

export function ageOf(object: { metadata?: ObjectMeta | undefined }, now: number): string {
  return ageText(object.metadata?.creationTimestamp, now)
}

/** `a=b,c=d` in order, `<none>` for no labels (labels.FormatLabels). */
export function labelsText(labels: Readonly<Record<string, string>> | null | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

/** Two cells: names and images of the containers. */
export function containerCells(
  containers: readonly { name?: string; image?: string | undefined }[] | null | undefined,
): [string, string] {
  const list = containers ?? []
  return [list.map(({ name }) => name ?? '').join(','), list.map(({ image }) => image ?? '').join(',')]
}

/** The first three (or `max`) of a list and how many more there are. */
export function shortened(list: readonly string[], max = 3): string {
  const shown = list.slice(0, max).join(',')
  return list.length > max ? `${shown} + ${list.length - max} more...` : shown
}

export function booleanText(value: boolean | null | undefined): string {
  if (value == null) return '<unset>'
  return value ? 'True' : 'False'
}
