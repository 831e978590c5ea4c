// The OpenAPI v2 document as the protobuf messages of gnostic (openapiv2/OpenAPIv2.proto), which kubectl asks for when
// it validates a kind that it does not find in v3. Values of any type travel as YAML; JSON is YAML.

import type { Json } from './definitions.ts'

type Fields = Readonly<Record<string, (value: unknown) => Buffer[]>>

export const openApiV2ProtoType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

export function encodeOpenApiV2(document: Json): Buffer {
  return message(documentFields, document)
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return Buffer.from([...bytes, rest])
}

function delimited(number: number, body: Buffer): Buffer[] {
  return [varint(number * 8 + 2), varint(body.length), body]
}

function text(number: number): Fields[string] {
  return (value) => delimited(number, Buffer.from(String(value)))
}

function texts(number: number): Fields[string] {
  return (value) => (value as readonly unknown[]).flatMap((one) => delimited(number, Buffer.from(String(one))))
}

function flag(number: number): Fields[string] {
  return (value) => (value === true ? [varint(number * 8), varint(1)] : [])
}

/** Lengths and counts; never negative. */
function count(number: number): Fields[string] {
  return (value) => [varint(number * 8), varint(Number(value))]
}

function double(number: number): Fields[string] {
  return (value) => {
    const body = Buffer.alloc(8)
    body.writeDoubleLE(Number(value))
    return [varint(number * 8 + 1), body]
  }
}

function any(value: unknown): Buffer {
  return Buffer.concat(delimited(2, Buffer.from(`${JSON.stringify(value)}\n`)))
}

function one(number: number, encode: (value: unknown) => Buffer): Fields[string] {
  return (value) => delimited(number, encode(value))
}

function each(number: number, encode: (value: unknown) => Buffer): Fields[string] {
  return (value) => (value as readonly unknown[]).flatMap((item) => delimited(number, encode(item)))
}

/** A message of Named… entries: what JSON writes as an object. */
function named(entry: number, encode: (value: unknown) => Buffer): (value: unknown) => Buffer {
  return (value) =>
    Buffer.concat(Object.entries(value as Json).flatMap(([name, of]) => delimited(entry, namedValue(name, encode(of)))))
}

function namedValue(name: string, value: Buffer): Buffer {
  return Buffer.concat([...delimited(1, Buffer.from(name)), ...delimited(2, value)])
}

/** Fields by their JSON names; `x-…` are vendor extensions, whose number differs between messages. */
function message(fields: Fields, value: unknown, extensions = 0): Buffer {
  return Buffer.concat(
    Object.entries(value as Json).flatMap(([name, of]) => {
      if (of === undefined) return []
      if (extensions > 0 && name.startsWith('x-')) return delimited(extensions, namedValue(name, any(of)))
      return fields[name]?.(of) ?? []
    }),
  )
}

const schemaFields: Fields = {
  $ref: text(1),
  format: text(2),
  title: text(3),
  description: text(4),
  default: one(5, any),
  multipleOf: double(6),
  maximum: double(7),
  exclusiveMaximum: flag(8),
  minimum: double(9),
  exclusiveMinimum: flag(10),
  maxLength: count(11),
  minLength: count(12),
  pattern: text(13),
  maxItems: count(14),
  minItems: count(15),
  uniqueItems: flag(16),
  maxProperties: count(17),
  minProperties: count(18),
  required: texts(19),
  enum: each(20, any),
  additionalProperties: one(21, (value) =>
    Buffer.concat(typeof value === 'boolean' ? [varint(2 * 8), varint(Number(value))] : delimited(1, schema(value))),
  ),
  type: one(22, (value) => Buffer.concat(texts(1)?.([value].flat()) ?? [])),
  items: one(23, (value) => Buffer.concat(delimited(1, schema(value)))),
  allOf: each(24, schema),
  properties: one(25, named(1, schema)),
  readOnly: flag(27),
  example: one(30, any),
}

function schema(value: unknown): Buffer {
  return message(schemaFields, value, 31)
}

function reference(value: unknown): Buffer {
  return message({ $ref: text(1), description: text(2) }, value)
}

/** ParametersItem: a reference, or a parameter in the body, the query, the path or a header. */
function parameter(value: unknown): Buffer {
  const { $ref, in: place } = value as { $ref?: string; in?: string }
  if ($ref !== undefined) return Buffer.concat(delimited(2, reference(value)))
  const inside = place === 'body' ? delimited(1, bodyParameter(value)) : delimited(2, otherParameter(value, place))
  return Buffer.concat(delimited(1, Buffer.concat(inside)))
}

function bodyParameter(value: unknown): Buffer {
  return message(
    { description: text(1), name: text(2), in: text(3), required: flag(4), schema: one(5, schema) },
    value,
    6,
  )
}

/** In the query a value may be empty, so that the numbers from `type` on are one higher. */
function otherParameter(value: unknown, place: string | undefined): Buffer {
  const isQuery = place === 'query'
  const type = isQuery ? 6 : 5
  const fields = {
    required: flag(1),
    in: text(2),
    description: text(3),
    name: text(4),
    type: text(type),
    format: text(type + 1),
    default: one(type + 4, any),
    enum: each(type + 15, any),
    uniqueItems: flag(type + 14),
  }
  const kind = { header: 1, query: 3, path: 4 }[place ?? ''] ?? 3
  return Buffer.concat(delimited(kind, message(fields, value, type + 17)))
}

function response(value: unknown): Buffer {
  const fields = { description: text(1), schema: one(2, (of) => Buffer.concat(delimited(1, schema(of)))) }
  return Buffer.concat(delimited(1, message(fields, value, 5)))
}

function security(value: unknown): Buffer {
  return named(1, (scopes) => Buffer.concat(texts(1)?.(scopes) ?? []))(value)
}

const operationFields: Fields = {
  tags: texts(1),
  summary: text(2),
  description: text(3),
  operationId: text(5),
  produces: texts(6),
  consumes: texts(7),
  parameters: each(8, parameter),
  responses: one(9, named(1, response)),
  schemes: texts(10),
  deprecated: flag(11),
  security: each(12, security),
}

function operation(value: unknown): Buffer {
  return message(operationFields, value, 13)
}

const pathFields: Fields = {
  $ref: text(1),
  get: one(2, operation),
  put: one(3, operation),
  post: one(4, operation),
  delete: one(5, operation),
  options: one(6, operation),
  head: one(7, operation),
  patch: one(8, operation),
  parameters: each(9, parameter),
}

const documentFields: Fields = {
  swagger: text(1),
  info: one(2, (value) => message({ title: text(1), version: text(2), description: text(3) }, value, 7)),
  host: text(3),
  basePath: text(4),
  schemes: texts(5),
  consumes: texts(6),
  produces: texts(7),
  paths: one(
    8,
    named(2, (value) => message(pathFields, value, 10)),
  ),
  definitions: one(9, named(1, schema)),
  security: each(12, security),
  securityDefinitions: one(
    13,
    named(1, (value) =>
      Buffer.concat(
        delimited(2, message({ type: text(1), name: text(2), in: text(3), description: text(4) }, value, 5)),
      ),
    ),
  ),
}
