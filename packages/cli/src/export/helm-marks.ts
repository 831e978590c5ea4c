// Marks in objects that become expressions of a Helm template once the objects are YAML: a text or a number by itself or
// inside a longer text, and a block that is left out where its value is empty.

import type { KubeObject } from '@binnacle/api'
import { yamlOf } from './files.ts'

export interface Marks {
  text(path: readonly string[]): string
  /** Refused by name where it is empty. */
  required(path: readonly string[]): string
  /** Sixteen digits that change with `text` and with the values at the paths. */
  digest(text: string, paths: readonly (readonly string[])[]): string
  /** `repository:tag@digest`. */
  image(path: readonly string[]): string
  /** A number that stands for the value; no other number of the objects is like it. */
  number(path: readonly string[]): number
  /** An object that is written as `key: value` where the value is not empty. */
  block(key: string, path: readonly string[]): Record<string, never>
  /** The template of an object. */
  write(object: KubeObject): string
}

/** Letters and digits only, so that a mark passes through URL escaping and quoting as it is. */
const sign = 'xMARKx'
/** Beyond any replica count or port. */
const firstNumber = 990_000_000_001

export function createMarks(): Marks {
  const expressions: string[] = []
  const blocks = new Map<string, { key: string; path: readonly string[] }>()
  const add = (expression: string): string => `${sign}${expressions.push(expression) - 1}x`
  return {
    text: (path) => add(valueAt(path)),
    required: (path) =>
      add(`required ${quoted(`set ${path.join('.')}: it has no default`)} ${argument(valueAt(path))}`),
    digest: (text, paths) =>
      add(
        `list ${quoted(text)} ${paths.map((path) => argument(valueAt(path))).join(' ')} | toJson | sha256sum | trunc 16`,
      ),
    image(path) {
      const image = argument(valueAt(path))
      return add(
        `printf "%s%s%s" ${image}.repository (${image}.tag | empty | ternary "" (printf ":%v" ${image}.tag)) (${image}.digest | empty | ternary "" (printf "@%s" ${image}.digest))`,
      )
    },
    number: (path) => firstNumber + expressions.push(valueAt(path)) - 1,
    block(key, path) {
      const mark = add('')
      blocks.set(mark, { key, path })
      return { [mark]: {} } as Record<string, never>
    },
    write(object) {
      // What looks like a template in somebody's text must stay text.
      const text = yamlOf(object).replaceAll('{{', '{{ "{{" }}')
      return text
        .replaceAll(/^( *)(\w+):\n\s+(xMARKx\d+x): \{\}$/gm, (_, indent: string, _key: string, mark: string) => {
          const { key = '', path = [] } = blocks.get(mark) ?? {}
          return `${indent}{{- with ${valueAt(path)} }}\n${indent}${key}: {{ toJson . }}\n${indent}{{- end }}`
        })
        .replaceAll(
          /^(.*: |.*- |\s*)(xMARKx(\d+)x)$/gm,
          (_, before: string, _mark: string, index: string) => `${before}{{ ${expressions[Number(index)]} | quote }}`,
        )
        .replaceAll(
          /^(\s*)(\S.*?: )(.*xMARKx\d+x.*)$/gm,
          (_, indent: string, key: string, rest: string) => `${indent}${key}${inText(rest, expressions)}`,
        )
        .replaceAll(/\b9900\d{8}\b/g, (number) => `{{ ${expressions[Number(number) - firstNumber]} }}`)
    },
  }
}

/** Inside a longer text, which is a URL: what goes in is escaped for it. */
function inText(text: string, expressions: readonly string[]): string {
  const bare = text.replaceAll(/^"|"$/g, '')
  return `"${bare.replaceAll(/xMARKx(\d+)x/g, (_, index: string) => `{{ ${expressions[Number(index)]} | urlquery }}`)}"`
}

/** `.Values.services.web.replicas`; names that are no identifiers by `index`. */
function valueAt(path: readonly string[]): string {
  if (path.every((step) => /^[A-Za-z_]\w*$/.test(step))) return `.Values.${path.join('.')}`
  return `index .Values ${path.map(quoted).join(' ')}`
}

function argument(expression: string): string {
  return expression.startsWith('index ') ? `(${expression})` : expression
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
