// Rows of custom kinds: the additionalPrinterColumns of their version
// (k8s.io/apiextensions-apiserver pkg/registry/customresource/tableconvertor).

import { compileJsonPath, jsonPathText, type JsonPath } from '../jsonpath.ts'
import type { KubeObject } from '../object.ts'
import { humanDuration, parseTime } from '../time.ts'
import { columnsOf, nameOf, type Printer, type TableCell, type TableColumn } from './printer.ts'

/** CustomResourceColumnDefinition. */
export interface PrinterColumn {
  name: string
  type: string
  format?: string | undefined
  description?: string | undefined
  priority?: number | undefined
  /** Without braces: `.spec.replicas`. */
  jsonPath: string
}

const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since the object was created.',
}

/** Name, then the given columns, or Age where none are given. Throws a SyntaxError for a path that does not parse. */
export function customPrinter(definitions: readonly PrinterColumn[] | null | undefined): Printer {
  const columns = definitions && definitions.length > 0 ? definitions : [ageColumn]
  const paths = columns.map(({ jsonPath }) => compileJsonPath(jsonPath))
  return {
    columns: [...columnsOf('Name'), ...columns.map(definitionOf)],
    cells: (object, now) => [
      nameOf(object),
      ...paths.map((path, index) => cellOf(object, path, columns[index]?.type ?? 'string', now)),
    ],
  }
}

function definitionOf(column: PrinterColumn): TableColumn {
  return {
    name: column.name,
    type: column.type as TableColumn['type'],
    format: column.format ?? '',
    description: column.description ?? `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
    priority: column.priority ?? 0,
  }
}

/** null where the path finds nothing or a value of another type. */
function cellOf(object: KubeObject, path: JsonPath, type: string, now: number): TableCell {
  const found = path(object)
  const value = found[0]
  if (value === undefined) return null
  switch (type) {
    case 'string':
      return found.map(jsonPathText).join(' ')
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return typeof value === 'string' ? dateCell(value, now) : null
    default:
      return null
  }
}

function dateCell(text: string, now: number): string {
  const then = parseTime(text)
  return then === undefined ? '<invalid>' : humanDuration(now - then)
}
