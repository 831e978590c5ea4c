// Tables as kubectl shows them: which columns a kind has, and the cells of one object.

import type { KubeObject } from '../object.ts'
import { clusterPrinters } from './cluster.ts'
import { corePrinters } from './core.ts'
import { podPrinter } from './pod.ts'
import { columnsOf, nameOf, printer, type Printer, type TableCell, type TableColumn } from './printer.ts'
import { workloadPrinters } from './workloads.ts'

export { customPrinter, type PrinterColumn } from './custom.ts'
export type { Printer, TableCell, TableColumn } from './printer.ts'

const byKind: Readonly<Record<string, Printer>> = {
  ...corePrinters,
  ...workloadPrinters,
  ...clusterPrinters,
  '/Pod': podPrinter,
}

/** For built-in kinds without a printer of their own, such as Role (rest.NewDefaultTableConvertor). */
const defaultPrinter = printer<KubeObject>(columnsOf('Name', 'Created At:date'), (object) => [
  nameOf(object),
  object.metadata.creationTimestamp ?? '',
])

/** The columns and cells of a built-in kind; custom kinds have customPrinter. */
export function printerOf(kind: { group: string; kind: string }): Printer {
  return byKind[`${kind.group}/${kind.kind}`] ?? defaultPrinter
}

export function tableColumns(kind: { group: string; kind: string }): readonly TableColumn[] {
  return printerOf(kind).columns
}

/** How the rows of a table are ordered; undefined where they keep the order of the list. */
export function tableOrder(kind: {
  group: string
  kind: string
}): ((a: KubeObject, b: KubeObject) => number) | undefined {
  return printerOf(kind).compare
}

/** `now` in milliseconds since the epoch. */
export function tableCells(kind: { group: string; kind: string }, object: KubeObject, now: number): TableCell[] {
  return printerOf(kind).cells(object, now)
}
