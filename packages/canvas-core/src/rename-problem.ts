// What is wrong with a new name before it is given, for the field in which it is typed.

import { CommandError, apply } from './commands.ts'
import type { CanvasDocument } from './document.ts'
import { type ObjectKey, objectKey, parseKey } from './object-key.ts'
import { validate } from './validate.ts'

/** Why an object cannot have the name; undefined where it can. */
export function renameProblem(document: CanvasDocument, key: ObjectKey, name: string): string | undefined {
  try {
    const renamed = apply(document, { type: 'renameResource', key, name }).document
    const problems = validate(renamed).get(objectKey({ ...parseKey(key), name })) ?? []
    return problems.find(({ path }) => path === 'metadata.name')?.message
  } catch (error) {
    if (error instanceof CommandError) return error.message
    throw error
  }
}
