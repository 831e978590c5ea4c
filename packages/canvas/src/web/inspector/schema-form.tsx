// A form made from a schema: the same one that the API server validates with, so that what can be said can be filled in.
// Fields that are set come first and open; the rest is offered by name.

import { deepEqual } from '@binnacle/api'
import { type FieldPath, fieldPath, itemKey, itemPath } from '@binnacle/canvas-core'
import type { AnySchema } from '@binnacle/model'
import { type JSX, useId, useState } from 'react'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import type { FieldProblem } from './field-problem.ts'

/** Where a field is: items of lists by position, and as the diff and the checks name them, by their key. */
export interface FieldPlace {
  path: FieldPath
  named: FieldPath
}

interface FormContext {
  problems: readonly FieldProblem[]
  /** Whether the field, by its named path, differs from what runs. */
  staged: (path: FieldPath) => boolean
  readOnly: boolean
  /** The field that a person is at in the YAML or here, items by position. */
  marked?: FieldPath | undefined
  /** `undefined` removes the field. */
  change: (path: FieldPath, value: unknown) => void
}

interface FieldProps {
  name: string
  schema: AnySchema
  value: unknown
  place: FieldPlace
  required: boolean
  form: FormContext
}

function member({ path, named }: FieldPlace, name: string): FieldPlace {
  return { path: fieldPath(path, name), named: fieldPath(named, name) }
}

function item({ path, named }: FieldPlace, index: number, key: string | undefined): FieldPlace {
  return { path: itemPath(path, String(index)), named: itemPath(named, key ?? String(index)) }
}

function problemsAt({ problems }: FormContext, { path, named }: FieldPlace): readonly FieldProblem[] {
  return problems.filter((problem) => problem.path === path || problem.path === named)
}

/** Whether the field, or what a field without parts holds, is the marked one. */
function isMarked({ marked }: FormContext, { path }: FieldPlace, { hasParts = false } = {}): boolean {
  if (marked === undefined) return false
  return marked === path || (!hasParts && (marked.startsWith(`${path}.`) || marked.startsWith(`${path}[`)))
}

/** `minReadySeconds` → `Min ready seconds` */
export function fieldTitle(name: string, schema: AnySchema): string {
  if (schema.title !== undefined) return schema.title
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export function SchemaForm({
  schema,
  value,
  path,
  ...form
}: FormContext & { schema: AnySchema; value: unknown; path: FieldPath }): JSX.Element {
  return <Properties schema={schema} value={value} place={{ path, named: path }} form={form} />
}

function Properties({ schema, value, place, form }: Omit<FieldProps, 'name' | 'required'>): JSX.Element {
  const properties = Object.entries(schema.properties ?? {})
  const object = isRecord(value) ? value : {}
  const required = new Set(schema.required)
  const isShown = ([name]: [string, AnySchema]): boolean => object[name] !== undefined || required.has(name)
  const shown = properties.filter(isShown)
  const offered = properties.filter((property) => !isShown(property))
  return (
    <>
      {shown.map(([name, property]) => (
        <Field
          key={name}
          name={name}
          schema={property}
          value={object[name]}
          place={member(place, name)}
          required={required.has(name)}
          form={form}
        />
      ))}
      {offered.length > 0 && !form.readOnly && (
        <Offer
          fields={offered}
          onAdd={(name, property) => form.change(member(place, name).path, initialValue(property))}
        />
      )}
    </>
  )
}

/** Fields that are not set, by name; each says what it is for. */
function Offer({
  fields,
  onAdd,
}: {
  fields: readonly [string, AnySchema][]
  onAdd: (name: string, schema: AnySchema) => void
}): JSX.Element {
  const [isOpen, setOpen] = useState(false)
  return (
    <details className="offer" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Icon name="plus" size={13} /> {texts.form.addField}
      </summary>
      <ul>
        {fields.map(([name, schema]) => (
          <li key={name}>
            <button
              className="offer-field"
              onClick={() => {
                onAdd(name, schema)
                setOpen(false)
              }}
            >
              <b>{fieldTitle(name, schema)}</b>
              <span className="meta">{schema.description}</span>
            </button>
          </li>
        ))}
      </ul>
    </details>
  )
}

function Field(props: FieldProps): JSX.Element {
  const { schema, value } = props
  const { items, additionalProperties } = schema
  if (schema.type === 'array') {
    if (isScalar(items)) return <WordsField {...props} />
    return items?.properties === undefined ? <JsonField {...props} /> : <ListField {...props} />
  }
  if (schema.type === 'object' && additionalProperties !== undefined)
    return isScalar(additionalProperties) ? <MapField {...props} /> : <JsonField {...props} />
  if (schema.type === 'object' && schema.properties !== undefined) return <GroupField {...props} />
  if (schema.type === 'boolean') return <SwitchField {...props} />
  // What has parts is no word, whatever the schema leaves open.
  if (schema.type === 'object' || isOpen(schema) || typeof value === 'object') return <JsonField {...props} />
  return <ScalarField {...props} />
}

/** Label, input, what is wrong with it, and a way to remove it. */
function Row({
  name,
  schema,
  place,
  required,
  form,
  inputId,
  children,
}: Omit<FieldProps, 'value'> & { inputId: string; children: JSX.Element }): JSX.Element {
  const own = problemsAt(form, place)
  const isStaged = form.staged(place.named)
  return (
    <div
      className="field"
      data-field={place.named}
      data-path={place.path}
      data-staged={isStaged}
      data-marked={isMarked(form, place)}
    >
      <div className="field-head">
        <label htmlFor={inputId} title={schema.description}>
          {fieldTitle(name, schema)}
          {required && (
            <span className="quiet" aria-hidden="true">
              {' '}
              *
            </span>
          )}
        </label>
        {isStaged && <span className="diamond" role="img" aria-label={texts.staged.mark} />}
        <span className="grow" />
        {!required && !form.readOnly && (
          <button
            className="btn bare icon small"
            aria-label={texts.form.removeField(fieldTitle(name, schema))}
            onClick={() => form.change(place.path, undefined)}
          >
            <Icon name="close" size={12} />
          </button>
        )}
      </div>
      {children}
      {own.map((problem) => (
        <p key={problem.message} className={`problem ${problem.severity}`} id={`${inputId}-problem`}>
          <Icon name={problem.severity === 'error' ? 'bad' : 'warn'} />
          {problem.message}
        </p>
      ))}
      {own.length === 0 && schema.description !== undefined && <p className="hint">{schema.description}</p>}
    </div>
  )
}

function isInvalid(form: FormContext, place: FieldPlace): boolean {
  return problemsAt(form, place).some(({ severity }) => severity === 'error')
}

function ScalarField(props: FieldProps): JSX.Element {
  const { schema, value, place, form } = props
  const id = useId()
  const common = {
    id,
    disabled: form.readOnly,
    'aria-invalid': isInvalid(form, place),
    'aria-describedby': `${id}-problem`,
  }
  if (schema.enum !== undefined) {
    return (
      <Row {...props} inputId={id}>
        <select
          {...common}
          className="select"
          value={text(value)}
          onChange={(event) => form.change(place.path, event.target.value)}
        >
          {!schema.enum.includes(value) && <option value={text(value)}>{text(value)}</option>}
          {schema.enum.map((option) => (
            <option key={text(option)} value={text(option)}>
              {text(option)}
            </option>
          ))}
        </select>
      </Row>
    )
  }
  const isNumber = schema.type === 'integer' || schema.type === 'number'
  const isLong = typeof value === 'string' && value.includes('\n')
  const write = (entered: string): void => form.change(place.path, scalarOf(entered, schema))
  return (
    <Row {...props} inputId={id}>
      {isLong ? (
        <textarea
          {...common}
          className="area mono"
          value={text(value)}
          onChange={(event) => write(event.target.value)}
        />
      ) : (
        <input
          {...common}
          className="input"
          inputMode={isNumber ? 'numeric' : 'text'}
          value={text(value)}
          placeholder={schema.default === undefined ? '' : text(schema.default)}
          onChange={(event) => write(event.target.value)}
        />
      )}
    </Row>
  )
}

/** What was typed, as the type that the schema wants; what does not fit stays text, and the check says so at the field. */
function scalarOf(entered: string, schema: AnySchema): unknown {
  const isWhole = /^-?\d+$/.test(entered.trim())
  if (schema.type === 'integer' || schema['x-kubernetes-int-or-string'] === true)
    return isWhole ? Number(entered) : entered
  if (schema.type === 'number')
    return entered.trim() !== '' && Number.isFinite(Number(entered)) ? Number(entered) : entered
  return entered
}

function SwitchField(props: FieldProps): JSX.Element {
  const { value, place, form } = props
  const id = useId()
  return (
    <Row {...props} inputId={id}>
      <input
        id={id}
        type="checkbox"
        role="switch"
        className="switch"
        checked={value === true}
        disabled={form.readOnly}
        onChange={(event) => form.change(place.path, event.target.checked)}
      />
    </Row>
  )
}

function GroupField(props: FieldProps): JSX.Element {
  const { name, schema, value, place, form } = props
  return (
    <fieldset className="form-group" data-path={place.path} data-marked={isMarked(form, place, { hasParts: true })}>
      <legend>
        {fieldTitle(name, schema)}
        {!props.required && !form.readOnly && (
          <button
            className="btn bare icon small"
            aria-label={texts.form.removeField(fieldTitle(name, schema))}
            onClick={() => form.change(place.path, undefined)}
          >
            <Icon name="close" size={12} />
          </button>
        )}
      </legend>
      <Problems place={place} form={form} />
      <Properties schema={schema} value={value} place={place} form={form} />
    </fieldset>
  )
}

function Problems({ place, form }: { place: FieldPlace; form: FormContext }): JSX.Element {
  return (
    <>
      {problemsAt(form, place).map((problem) => (
        <p key={problem.message} className={`problem ${problem.severity}`}>
          <Icon name={problem.severity === 'error' ? 'bad' : 'warn'} />
          {problem.message}
        </p>
      ))}
    </>
  )
}

function ListField(props: FieldProps): JSX.Element {
  const { name, schema, value, place, form } = props
  const items = Array.isArray(value) ? (value as unknown[]) : []
  const itemSchema = schema.items ?? {}
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  return (
    <fieldset className="form-group" data-path={place.path} data-marked={isMarked(form, place, { hasParts: true })}>
      <legend>
        {fieldTitle(name, schema)} <span className="quiet">{items.length}</span>
      </legend>
      <Problems place={place} form={form} />
      {items.map((one, index) => {
        const record = isRecord(one) ? one : {}
        const at = item(place, index, itemKey(one, schema))
        const label = keys.map((key) => text(record[key])).join(' ') || texts.form.item(index + 1)
        return (
          // The position is an item's identity while it is typed: its key is one of the fields.
          <div
            className="form-item"
            key={index}
            data-path={at.path}
            data-marked={isMarked(form, at, { hasParts: true })}
          >
            <div className="form-item-head">
              <b className="clip">{label}</b>
              <span className="grow" />
              {!form.readOnly && (
                <button
                  className="btn bare icon small"
                  aria-label={texts.form.removeItem(label)}
                  onClick={() => form.change(place.path, without(items, index))}
                >
                  <Icon name="trash" size={13} />
                </button>
              )}
            </div>
            <Problems place={at} form={form} />
            <Properties schema={itemSchema} value={one} place={at} form={form} />
          </div>
        )
      })}
      {!form.readOnly && (
        <button className="btn" onClick={() => form.change(place.path, [...items, initialValue(itemSchema)])}>
          <Icon name="plus" size={13} /> {texts.form.addItem(fieldTitle(name, schema))}
        </button>
      )}
    </fieldset>
  )
}

/** A list of words, one a line: commands and arguments hold spaces. */
function WordsField(props: FieldProps): JSX.Element {
  const { value, place, form } = props
  const id = useId()
  const words = Array.isArray(value) ? (value as unknown[]).map(text) : []
  return (
    <Row {...props} inputId={id}>
      <textarea
        id={id}
        className="area mono"
        rows={Math.max(2, words.length)}
        value={words.join('\n')}
        placeholder={texts.form.oneALine}
        disabled={form.readOnly}
        onChange={(event) =>
          form.change(place.path, event.target.value === '' ? undefined : event.target.value.split('\n'))
        }
      />
    </Row>
  )
}

function MapField(props: FieldProps): JSX.Element {
  const { name, schema, value, place, form } = props
  const entries = Object.entries(isRecord(value) ? value : {})
  const rename = (from: string, to: string): void =>
    form.change(place.path, Object.fromEntries(entries.map(([key, one]) => [key === from ? to : key, one])))
  return (
    <fieldset className="form-group" data-path={place.path} data-marked={isMarked(form, place)}>
      <legend>{fieldTitle(name, schema)}</legend>
      <Problems place={place} form={form} />
      {entries.map(([key, one], index) => (
        <div className="pair" key={index}>
          <input
            className="input mono"
            aria-label={texts.form.key}
            value={key}
            disabled={form.readOnly}
            onChange={(event) => rename(key, event.target.value)}
          />
          <input
            className="input mono"
            aria-label={texts.form.valueOf(key)}
            value={text(one)}
            disabled={form.readOnly}
            onChange={(event) =>
              form.change(member(place, key).path, scalarOf(event.target.value, schema.additionalProperties ?? {}))
            }
          />
          {!form.readOnly && (
            <button
              className="btn bare icon small"
              aria-label={texts.form.removeItem(key)}
              onClick={() => form.change(place.path, Object.fromEntries(entries.filter(([other]) => other !== key)))}
            >
              <Icon name="close" size={12} />
            </button>
          )}
        </div>
      ))}
      {!form.readOnly && (
        <button
          className="btn"
          onClick={() => form.change(place.path, { ...Object.fromEntries(entries), [freeKey(entries)]: '' })}
        >
          <Icon name="plus" size={13} /> {texts.form.addPair}
        </button>
      )}
    </fieldset>
  )
}

function JsonField(props: FieldProps): JSX.Element {
  const { schema, value, place, form } = props
  const id = useId()
  /** What was typed, as long as the value is still what was made of it. */
  const [draft, setDraft] = useState<{ text: string; value: unknown; problem: string }>()
  const isOurs = draft !== undefined && deepEqual(draft.value, value)
  const problem = isOurs ? draft.problem : ''
  const write = (entered: string): void => {
    try {
      const parsed: unknown = JSON.parse(entered)
      setDraft({ text: entered, value: parsed, problem: '' })
      form.change(place.path, parsed)
    } catch (error) {
      setDraft({ text: entered, value, problem: error instanceof Error ? error.message : String(error) })
    }
  }
  return (
    <Row {...props} inputId={id}>
      <>
        <textarea
          id={id}
          className="area mono"
          rows={5}
          disabled={form.readOnly}
          aria-invalid={problem !== ''}
          value={isOurs ? draft.text : JSON.stringify(value ?? initialValue(schema), undefined, 2)}
          onChange={(event) => write(event.target.value)}
        />
        {problem !== '' && <p className="problem">{problem}</p>}
        {isOpen(schema) && <p className="hint">{texts.form.open}</p>}
      </>
    </Row>
  )
}

/** A value to begin with: what the schema defaults to, or the least that its type allows. */
export function initialValue(schema: AnySchema): unknown {
  if (schema.default !== undefined) return schema.default
  if (schema.enum !== undefined) return schema.enum[0]
  if (schema.type === 'array')
    // Something that is seen: a field with nothing in it is none.
    return schema.items === undefined ? [] : [isScalar(schema.items) ? '' : initialValue(schema.items)]
  if (schema.type === 'object') {
    const required = schema.required ?? []
    return Object.fromEntries(required.map((name) => [name, initialValue(schema.properties?.[name] ?? {})]))
  }
  if (isOpen(schema)) return {}
  if (schema.type === 'boolean') return true
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 0
  return ''
}

function isScalar(schema: AnySchema | undefined): boolean {
  return schema !== undefined && schema.type !== 'object' && schema.type !== 'array' && !isOpen(schema)
}

/** Whether it may hold anything. */
function isOpen(schema: AnySchema): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true && schema.properties === undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function without(items: readonly unknown[], index: number): unknown[] {
  return items.filter((_item, position) => position !== index)
}

function freeKey(entries: readonly [string, unknown][]): string {
  const taken = new Set(entries.map(([key]) => key))
  let number = 1
  while (taken.has(`key-${number}`)) number += 1
  return `key-${number}`
}
