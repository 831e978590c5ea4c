// What a server refuses, in words that name the line of the file: each cause of its Status, and what server-side apply
// says of fields that no schema knows.

import { StatusError } from '@binnacle/api'
import { CliError } from '../cli-error.ts'
import { placeIn } from './documents.ts'
import type { Planned } from './plan.ts'

/** `app.yaml:12: Microservice web: spec.replicas: must not be negative`, one line for each cause. */
export function refusalLines({ object, source }: Planned, error: unknown): string[] {
  const what = `${object.kind} ${object.metadata.name}`
  const line = (field: string, message: string): string =>
    `${placeIn(source, field)}: ${what}: ${field === '' ? '' : `${field}: `}${message}`
  if (!(error instanceof StatusError)) throw error
  const unknown = unknownFields(error.message)
  if (unknown.length > 0)
    return unknown.map((field) =>
      line(field, `unknown field: \`kubectl explain ${explainPath(object.kind ?? '', field)}\` lists what there is`),
    )
  const causes = (error.status.details?.causes ?? []).filter(({ field }) => field !== undefined && field !== '')
  if (causes.length > 0)
    return causes.map(({ field = '', message = error.message }) => line(field === '<nil>' ? '' : field, message))
  return [line('', error.message)]
}

/** Prints all but the last line, which the error carries. */
export function refusal(lines: readonly string[], after: string): CliError {
  return new CliError([...lines, ...(lines.length > 1 ? [`${lines.length} errors${after}`] : [])].join('\n'))
}

/** Field paths of `.spec.replica: field not declared in schema` and `unknown field "spec.replica"`. */
function unknownFields(message: string): string[] {
  const matches = [
    ...message.matchAll(/(?:^|[\s:;,[])\.([^\s:]+): field not declared in schema/g),
    ...message.matchAll(/unknown field "([^"]+)"/g),
  ]
  return [...new Set(matches.map(([, field = '']) => stepsOfApply(field)))]
}

/** Apply names list items by their keys (`env[name="PORT"]`); validation, by `env[PORT]`. */
function stepsOfApply(field: string): string {
  return field.replaceAll(/\[(?:\w+=)?"([^"]*)"(?:,[^\]]*)?\]/g, '[$1]')
}

function explainPath(kind: string, field: string): string {
  const parent = field
    .replaceAll(/\[[^\]]*\]/g, '')
    .split('.')
    .slice(0, -1)
  return [kind.toLowerCase(), ...parent].join('.')
}
