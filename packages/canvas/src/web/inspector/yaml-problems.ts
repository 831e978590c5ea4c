// What is wrong in the YAML text of an object, and where: with the text, with what the object is, and with its fields.

import { isRecord } from '@binnacle/canvas-core'
import { parseDocument } from 'yaml'
import { texts } from '../texts.ts'
import type { FieldProblem } from './field-problem.ts'
import { type TextRange, rangeOf } from './yaml-places.ts'

export interface TextProblem extends TextRange {
  severity: 'error' | 'warning'
  message: string
}

/** What a text says. */
export interface ReadText {
  /** Undefined where the text is no YAML, no object, or another object. */
  value: Readonly<Record<string, unknown>> | undefined
  /** Why there is no value, and what the parser warns of. */
  problems: readonly TextProblem[]
}

/** Reads the text of an object, which stays the object that it is. */
export function readObject(text: string, whole: Readonly<Record<string, unknown>>): ReadText {
  // Where a problem stands is shown, and need not be in its words.
  const document = parseDocument(text, { prettyErrors: false })
  const problems: TextProblem[] = [...document.errors, ...document.warnings].map((problem) => ({
    from: Math.min(problem.pos[0], text.length),
    to: Math.min(problem.pos[1], text.length),
    severity: problem.name === 'YAMLWarning' ? 'warning' : 'error',
    message: problem.message,
  }))
  if (document.errors.length > 0) return { value: undefined, problems }
  const value: unknown = document.toJS()
  if (!isRecord(value))
    return {
      value: undefined,
      problems: [...problems, { from: 0, to: 0, severity: 'error', message: texts.yaml.noObject }],
    }
  const path = changedIdentity(value, whole)
  if (path === undefined) return { value, problems }
  const message = texts.yaml.identity
  return { value: undefined, problems: [...problems, { ...rangeOf(document, path), severity: 'error', message }] }
}

/** The first field of those that say which object it is, if it says another. */
function changedIdentity(
  value: Readonly<Record<string, unknown>>,
  whole: Readonly<Record<string, unknown>>,
): string | undefined {
  for (const name of ['apiVersion', 'kind']) if (value[name] !== whole[name]) return name
  const [named, before] = [value['metadata'], whole['metadata']]
  if (!isRecord(named) || !isRecord(before)) return 'metadata'
  if (named['name'] !== before['name']) return 'metadata.name'
  const { namespace = before['namespace'] } = named
  return namespace === before['namespace'] ? undefined : 'metadata.namespace'
}

/** Everything to be marked in the text; of the fields only while the text can be read. */
export function problemsInText(
  text: string,
  known: readonly FieldProblem[],
  whole: Readonly<Record<string, unknown>>,
): TextProblem[] {
  const { value, problems } = readObject(text, whole)
  if (value === undefined || known.length === 0) return [...problems]
  const document = parseDocument(text)
  return [
    ...problems,
    ...known.map(({ path, severity, message }) => ({ ...rangeOf(document, path), severity, message })),
  ]
}
