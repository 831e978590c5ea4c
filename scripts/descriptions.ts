// Makes packages/api/generated-docs/descriptions.json, the texts of `kubectl explain`, from the comments in the official
// JavaScript client's declarations. Where that package is not installed the file is made empty, and so are descriptions.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { namedSchema, schemaNames } from '../packages/api/src/schema.ts'

const root = join(import.meta.dirname, '..')
const models = join(root, 'node_modules/@kubernetes/client-node/dist/gen/models')
const output = join(root, 'packages/api/generated-docs/descriptions.json')

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/** `V1Pod`, or `CoreV1Event` where several groups have one of that name. */
function declarationFile(name: string): string | undefined {
  const [group = '', version = '', type = ''] = name.split('.').slice(-3)
  const names = [`${capitalized(group)}${capitalized(version)}${type}`, `${capitalized(version)}${type}`]
  return names.map((model) => join(models, `${model}.d.ts`)).find((file) => existsSync(file))
}

function commentText(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*\s?/, '').trim())
  return lines
    .filter((line) => line !== '')
    .join(' ')
    .replaceAll(/\\(['"])/g, '$1')
    .replaceAll('*_/', '*/')
}

/** Names that are none in JavaScript are written otherwise: `_from`, `x_kubernetes_list_type`. */
function jsonName(property: string): string {
  return property.startsWith('x_kubernetes_') ? property.replaceAll('_', '-') : property.replace(/^_/, '')
}

function describe(source: string): Record<string, string> {
  const texts: Record<string, string> = {}
  const type = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*export declare class/.exec(source)
  if (type?.[1] !== undefined) texts[''] = commentText(type[1])
  for (const [, comment = '', property = ''] of source.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*'([^']+)'\??:/g)) {
    texts[jsonName(property)] = commentText(comment)
  }
  return texts
}

const descriptions: Record<string, Record<string, string>> = {}
for (const name of schemaNames()) {
  const file = declarationFile(name)
  if (file === undefined) continue
  const texts = describe(readFileSync(file, 'utf8'))
  const fields = namedSchema(name).fields
  descriptions[name] = Object.fromEntries(Object.entries(texts).filter(([key]) => key === '' || fields.has(key)))
}
mkdirSync(dirname(output), { recursive: true })
writeFileSync(output, JSON.stringify(descriptions))
