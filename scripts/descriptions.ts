// Makes packages/api/generated-docs/descriptions.json, the texts of `kubectl explain`, from the comments in the
// declarations of the kubernetes-models packages, which are made from upstream's OpenAPI documents. Where they are not
// installed the file is made empty, and so are descriptions.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { namedSchema, schemaNames } from '../packages/api/src/schema.ts'
import { scalarNames } from '../packages/apiserver/src/openapi/definitions.ts'

const root = join(import.meta.dirname, '..')
const kinds = join(root, 'node_modules/kubernetes-models')
const machinery = join(root, 'node_modules/@kubernetes-models/apimachinery')
const output = join(root, 'packages/api/generated-docs/descriptions.json')

/** By the first word of the group, as in OpenAPI names: `rbac` is in the folder rbac.authorization.k8s.io. */
const folders: ReadonlyMap<string, string> = new Map(
  existsSync(kinds) ? readdirSync(kinds).map((folder) => [folder.split('.')[0] ?? '', folder]) : [],
)

function declarationFile(name: string): string {
  const inMachinery = /^io\.k8s\.apimachinery\.(?:pkg\.)?(.+)$/.exec(name)?.[1]
  if (inMachinery !== undefined) return join(machinery, `${inMachinery.replaceAll('.', '/')}.d.ts`)
  const [group = '', version = '', type = ''] = name.split('.').slice(-3)
  return join(kinds, group === 'core' ? '' : (folders.get(group) ?? group), version, `${type}.d.ts`)
}

function commentText(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
  // Escaped, so that nothing ends the comment.
  const text = lines.filter((line) => line !== '@deprecated').join('\n')
  return text.trim().replaceAll(/\\([*/])/g, '$1')
}

/** Texts of the type ('') and of its fields. The class that follows the interface repeats the fields without texts. */
function describe(source: string): Record<string, string> {
  const texts: Record<string, string> = {}
  const type = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*export (?:interface|type) /.exec(source)
  if (type?.[1] !== undefined) texts[''] = commentText(type[1])
  const field = /^ {4}\/\*\*((?:(?!\*\/)[^])*)\*\/\s*"([^"]+)"\??:/gm
  for (const [, comment = '', name = ''] of source.matchAll(field)) texts[name] = commentText(comment)
  return texts
}

function textsOf(name: string): Record<string, string> {
  const file = declarationFile(name)
  return existsSync(file) ? describe(readFileSync(file, 'utf8')) : {}
}

/** Where a declaration has a literal for these two, it has no text. */
const { apiVersion = '', kind = '' } = textsOf('io.k8s.apimachinery.pkg.apis.meta.v1.Status')

const descriptions: Record<string, Record<string, string>> = {}
for (const name of schemaNames()) {
  const texts = textsOf(name)
  if (Object.keys(texts).length === 0) continue
  const fields = namedSchema(name).fields
  const known = Object.entries({ apiVersion, kind, ...texts }).filter(([key]) => key === '' || fields.has(key))
  descriptions[name] = Object.fromEntries(known)
}
for (const name of scalarNames) {
  const text = textsOf(name)['']
  if (text !== undefined) descriptions[name] = { '': text }
}
mkdirSync(dirname(output), { recursive: true })
writeFileSync(output, JSON.stringify(descriptions))
// What makes the file stale: see scripts/setup.mjs.
const inputs = ['scripts/descriptions.ts', 'node_modules/kubernetes-models/package.json']
writeFileSync(`${output}.inputs`, inputs.join('\n'))
