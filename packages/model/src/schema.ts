// The OpenAPI v3 schemas of our kinds are written beside their interfaces. `SchemaFor` ties the two: a property without a
// schema, a schema without a property, a wrong type or a wrong `required` does not compile.

/** An `x-kubernetes-validations` rule. */
export interface ValidationRule {
  /** CEL over `self` (and `oldSelf` on update). */
  rule: string
  message: string
  fieldPath?: string
  reason?: 'FieldValueRequired' | 'FieldValueForbidden' | 'FieldValueInvalid' | 'FieldValueDuplicate'
}

interface Common {
  /** Shown by `kubectl explain` and beside the field in the inspector. */
  description: string
  /** Shown instead of the field's name in forms. */
  title?: string
  'x-kubernetes-validations'?: readonly ValidationRule[]
}

export interface StringSchema<T extends string = string> extends Common {
  type: 'string'
  enum?: readonly T[]
  default?: T
  pattern?: string
  format?: string
  minLength?: number
  maxLength?: number
}

export interface NumberSchema extends Common {
  type: 'integer' | 'number'
  format?: 'int32' | 'int64'
  default?: number
  minimum?: number
  maximum?: number
}

export interface BooleanSchema extends Common {
  type: 'boolean'
  default?: boolean
}

/** A number or a percentage such as `25%`. */
export interface IntOrStringSchema extends Common {
  'x-kubernetes-int-or-string': true
}

export interface ArraySchema<T> extends Common {
  type: 'array'
  items: SchemaFor<T>
  minItems?: number
  maxItems?: number
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  'x-kubernetes-list-map-keys'?: readonly (keyof T & string)[]
}

export interface MapSchema<T> extends Common {
  type: 'object'
  additionalProperties: SchemaFor<T>
  maxProperties?: number
}

export interface ObjectSchema<T> extends Common {
  type: 'object'
  properties: { readonly [K in keyof T]-?: SchemaFor<NonNullable<T[K]>> }
  required?: readonly RequiredKey<T>[]
}

/** An object whose fields are another kind's, kept as they are. */
export interface OpenSchema extends Common {
  type: 'object'
  'x-kubernetes-preserve-unknown-fields': true
  'x-kubernetes-embedded-resource'?: true
}

type RequiredKey<T> = { [K in keyof T & string]-?: undefined extends T[K] ? never : K }[keyof T & string]

export type SchemaFor<T> = [T] extends [boolean]
  ? BooleanSchema
  : [T] extends [string]
    ? StringSchema<T>
    : [T] extends [number]
      ? NumberSchema
      : [T] extends [string | number]
        ? IntOrStringSchema
        : T extends readonly (infer Item)[]
          ? ArraySchema<Item>
          : string extends keyof T
            ? unknown extends T[keyof T]
              ? OpenSchema
              : MapSchema<NonNullable<T[keyof T]>>
            : ObjectSchema<T>

/** Any schema, for those who walk one whose kind they do not know: forms, diffs, references. Custom kinds of others fit too. */
export interface AnySchema {
  readonly type?: string
  readonly title?: string
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly pattern?: string
  readonly format?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly properties?: { readonly [field: string]: AnySchema }
  readonly required?: readonly string[]
  readonly items?: AnySchema
  readonly additionalProperties?: AnySchema
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[]
}
