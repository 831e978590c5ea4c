// The environment of a service: its own variables, and those that its wires bring.

import { type GraphNode, itemPath, objectOf } from '@binnacle/canvas-core'
import { type EnvVar, type Microservice, bindingKeysOf, type DataSource, variablePrefix } from '@binnacle/model'
import { type JSX, useState } from 'react'
import { act, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'

export function VariablesTab({ node, canEdit }: { node: GraphNode; canEdit: boolean }): JSX.Element {
  const document = useCanvas((state) => state.editor.document)
  const service = (objectOf(document, node.key) ?? node.object) as unknown as Microservice
  const { env = [], uses = [], bindings = [] } = service.spec
  const sources = new Map<string, DataSource>()
  for (const object of document.live.values())
    if (object.kind === 'DataSource') sources.set(object.metadata.name ?? '', object as unknown as DataSource)
  for (const change of document.staged.values())
    if (change.type !== 'delete' && change.object.kind === 'DataSource')
      sources.set(change.object.metadata.name ?? '', change.object as unknown as DataSource)
  const write = (next: readonly EnvVar[]): void => {
    act(
      next.length === 0
        ? { type: 'removeField', key: node.key, path: 'spec.env' }
        : { type: 'setField', key: node.key, path: 'spec.env', value: next },
      { label: texts.variables.title, mergeKey: `env:${node.key}` },
    )
  }
  const fromWires = [
    ...uses.flatMap(({ name, prefix }) =>
      ['URL', 'HOST', 'PORT'].map((part) => ({ variable: `${prefix ?? variablePrefix(name)}_${part}`, name })),
    ),
    ...bindings.flatMap(({ name, prefix, env: further }) => {
      const source = sources.get(name)
      const keys = source === undefined ? [] : bindingKeysOf(source.spec)
      return [
        ...keys.map((key) => ({ variable: `${prefix ?? variablePrefix(name)}_${variablePrefix(key)}`, name })),
        ...Object.keys(further ?? {}).map((variable) => ({ variable, name })),
      ]
    }),
  ]
  return (
    <>
      <section className="sec">
        <h3>{texts.variables.title}</h3>
        {env.length === 0 && fromWires.length === 0 && <p className="quiet">{texts.variables.none}</p>}
        {env.map((variable, index) => (
          <OwnVariable
            key={index}
            variable={variable}
            problems={problemsOf(node, variable, index)}
            canEdit={canEdit}
            onChange={(next) => write(env.with(index, next))}
            onRemove={() => write(env.toSpliced(index, 1))}
          />
        ))}
        {canEdit && <NewVariable taken={env.map(({ name }) => name)} onAdd={(variable) => write([...env, variable])} />}
      </section>
      {fromWires.length > 0 && (
        <section className="sec">
          <h3>{texts.variables.wires}</h3>
          <dl>
            {fromWires.map(({ variable, name }) => (
              <div className="row wide-key" key={variable}>
                <dt className="mono">{variable}</dt>
                <dd className="meta">{texts.variables.fromWire(name)}</dd>
              </div>
            ))}
          </dl>
        </section>
      )}
    </>
  )
}

/** Of a variable, whether its name or its place in the list is told. */
function problemsOf({ problems }: GraphNode, { name }: EnvVar, index: number): GraphNode['problems'] {
  const places = [itemPath('spec.env', name), itemPath('spec.env', String(index))]
  return problems.filter(({ path }) => places.some((place) => path === place || path.startsWith(`${place}.`)))
}

interface OwnVariableProps {
  variable: EnvVar
  problems: GraphNode['problems']
  canEdit: boolean
  onChange: (variable: EnvVar) => void
  onRemove: () => void
}

function OwnVariable({ variable, problems, canEdit, onChange, onRemove }: OwnVariableProps): JSX.Element {
  const { name, value, valueFrom } = variable
  const secret = valueFrom?.secretKeyRef
  const configMap = valueFrom?.configMapKeyRef
  return (
    <div className="pair">
      <input
        className="input mono"
        aria-label={texts.variables.name}
        value={name}
        disabled={!canEdit}
        onChange={(event) => onChange({ ...variable, name: event.target.value })}
      />
      {valueFrom === undefined ? (
        <input
          className="input mono"
          aria-label={texts.form.valueOf(name)}
          value={value ?? ''}
          disabled={!canEdit}
          onChange={(event) => onChange({ name, value: event.target.value })}
        />
      ) : (
        <span className="meta clip">
          {secret !== undefined
            ? texts.variables.fromSecret(secret.name, secret.key)
            : configMap !== undefined
              ? texts.variables.fromConfigMap(configMap.name, configMap.key)
              : valueFrom.fieldRef?.fieldPath}
        </span>
      )}
      {canEdit && (
        <button className="btn bare icon small" aria-label={texts.form.removeField(name)} onClick={onRemove}>
          <Icon name="close" size={12} />
        </button>
      )}
      {problems.map(({ path, message, severity }) => (
        <p key={path + message} className={`problem ${severity}`} role="alert">
          <Icon name={severity === 'error' ? 'bad' : 'warn'} />
          {message}
        </p>
      ))}
    </div>
  )
}

type Source = 'literal' | 'secret' | 'configMap'

function NewVariable({ taken, onAdd }: { taken: readonly string[]; onAdd: (variable: EnvVar) => void }): JSX.Element {
  const [name, setName] = useState('')
  const [source, setSource] = useState<Source>('literal')
  const [value, setValue] = useState('')
  const [key, setKey] = useState('')
  const isGood =
    /^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name) &&
    !taken.includes(name) &&
    (source === 'literal' || (value !== '' && key !== ''))
  return (
    <form
      className="new-variable"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isGood) return
        onAdd(
          source === 'literal'
            ? { name, value }
            : { name, valueFrom: { [source === 'secret' ? 'secretKeyRef' : 'configMapKeyRef']: { name: value, key } } },
        )
        setName('')
        setValue('')
        setKey('')
      }}
    >
      <input
        className="input mono"
        placeholder={texts.variables.name}
        aria-label={texts.variables.name}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <select
        className="select"
        aria-label={texts.variables.source}
        value={source}
        onChange={(event) => setSource(event.target.value as Source)}
      >
        <option value="literal">{texts.variables.literal}</option>
        <option value="secret">{texts.variables.secret}</option>
        <option value="configMap">{texts.variables.configMap}</option>
      </select>
      <input
        className="input mono"
        placeholder={source === 'literal' ? texts.variables.value : texts.variables.objectName}
        aria-label={source === 'literal' ? texts.variables.value : texts.variables.objectName}
        value={value}
        onChange={(event) => setValue(event.target.value)}
      />
      {source !== 'literal' && (
        <input
          className="input mono"
          placeholder={texts.variables.key}
          aria-label={texts.variables.key}
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
      )}
      <button className="btn" disabled={!isGood}>
        <Icon name="plus" size={13} /> {texts.variables.add}
      </button>
    </form>
  )
}
