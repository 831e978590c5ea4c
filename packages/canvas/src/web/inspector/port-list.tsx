// The ports of a node, and a way to reach each from this machine.

import type { Container, Pod, Service, Unstructured } from '@binnacle/api'
import type { GraphNode } from '@binnacle/canvas-core'
import { type JSX, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { type ForwardTarget, addressOf } from '../data/forwards.ts'
import { isKubeError } from '../data/kube-api.ts'
import { startForward, stopForward, useForwards } from '../state/forwards.ts'
import { mayForwardPorts } from '../state/permissions.ts'
import { messageOf } from '../state/session.ts'
import { useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { ForwardAddress } from '../ui/forward-address.tsx'
import { Icon } from '../ui/icons.tsx'

interface ForwardablePort extends ForwardTarget {
  portName: string | undefined
}

/** Those of its Services, or where it has none those of a pod that runs. */
export function useForwardablePorts(node: GraphNode): readonly ForwardablePort[] {
  const live = useCanvas((state) => state.editor.document.live)
  const objects = [node.key, ...node.children].flatMap((key) => live.get(key) ?? [])
  const services = objects.filter(({ kind }) => kind === 'Service').flatMap((object) => portsOfService(object))
  if (services.length > 0) return services
  const pod = objects.find((object) => object.kind === 'Pod' && (object as Pod).status?.phase === 'Running')
  return pod === undefined ? [] : portsOfPod(pod)
}

function portsOfService(object: Unstructured): ForwardablePort[] {
  const { spec } = object as unknown as Service
  // Without a selector there is no pod to forward to, and a headless Service is there beside another one.
  if (Object.keys(spec?.selector ?? {}).length === 0 || spec?.clusterIP === 'None') return []
  return (spec?.ports ?? [])
    .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
    .map(({ name, port }) => ({ ...targetIn(object, 'Service'), port, portName: name }))
}

function portsOfPod(object: Unstructured): ForwardablePort[] {
  const { spec } = object as unknown as Pod
  return (spec?.containers ?? [])
    .flatMap(({ ports = [] }: Container) => ports)
    .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
    .map(({ name, containerPort }) => ({ ...targetIn(object, 'Pod'), port: containerPort, portName: name }))
}

function targetIn<K extends 'Pod' | 'Service'>(
  { metadata }: Unstructured,
  kind: K,
): { kind: K; namespace: string; name: string } {
  return { kind, namespace: metadata.namespace ?? '', name: metadata.name ?? '' }
}

export function PortList({ node }: { node: GraphNode }): JSX.Element | undefined {
  const ports = useForwardablePorts(node)
  if (ports.length === 0) return undefined
  return (
    <section className="sec">
      <h3>{texts.forwards.ports}</h3>
      <ul className="list">
        {ports.map((port) => (
          <Port key={`${port.kind}/${port.name}:${port.port}`} target={port} />
        ))}
      </ul>
    </section>
  )
}

function Port({ target }: { target: ForwardablePort }): JSX.Element {
  const { kind, namespace, name, port, portName } = target
  const canForward = useCanvas(mayForwardPorts)
  const forward = useForwards()?.find(
    (one) =>
      one.state === 'Listening' &&
      one.kind === kind &&
      one.namespace === namespace &&
      one.name === name &&
      one.port === port,
  )
  const [isAsking, setIsAsking] = useState(false)
  const row = useRef<HTMLLIElement>(null)
  const hasActed = useRef(false)
  // What was pressed is replaced by what comes of it, and the focus goes there.
  useEffect(() => {
    if (hasActed.current) row.current?.querySelector<HTMLElement>('input, a, button')?.focus()
    hasActed.current = false
  }, [forward?.id, isAsking])
  const ask = (next: boolean): void => {
    hasActed.current = true
    setIsAsking(next)
  }
  return (
    <li ref={row}>
      <div className="list-row wrapping">
        <span className="mono">{port}</span>
        <span className="meta clip grow">
          {portName !== undefined && `${portName} · `}
          {texts.forwards.of(kind, name)}
        </span>
        {forward !== undefined && (
          <>
            <ForwardAddress forward={forward} />
            <button
              className="btn"
              aria-label={texts.forwards.stopPort(addressOf(forward))}
              onClick={() => {
                hasActed.current = true
                void stopForward(forward.id)
              }}
            >
              {texts.forwards.stop}
            </button>
          </>
        )}
        {forward === undefined && canForward && !isAsking && (
          <button className="btn" aria-label={texts.forwards.forwardPort(port, name)} onClick={() => ask(true)}>
            <Icon name="out" size={13} />
            {texts.forwards.forward}
          </button>
        )}
      </div>
      {forward === undefined && isAsking && <PortForm target={target} onDone={() => ask(false)} />}
    </li>
  )
}

/** Which local port; none is as good as any. */
function PortForm({ target, onDone }: { target: ForwardablePort; onDone: () => void }): JSX.Element {
  const [text, setText] = useState('')
  const [problem, setProblem] = useState('')
  const [isBusy, setIsBusy] = useState(false)
  const id = useId()
  const start = async (): Promise<void> => {
    const wanted = text.trim()
    const localPort = wanted === '' ? undefined : Number(wanted)
    if (localPort !== undefined && !(/^\d+$/.test(wanted) && localPort >= 1 && localPort <= 65_535)) {
      setProblem(texts.forwards.badPort)
      return
    }
    setIsBusy(true)
    const { kind, namespace, name, port } = target
    try {
      await startForward({ kind, namespace, name, port }, localPort)
      onDone()
    } catch (error) {
      setProblem(whyNot(error))
      setIsBusy(false)
    }
  }
  const leave = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return
    // Of the form alone, not of the inspector.
    event.stopPropagation()
    onDone()
  }
  return (
    <form
      className="forward-form"
      aria-label={texts.forwards.forwardPort(target.port, target.name)}
      onSubmit={(event) => {
        event.preventDefault()
        if (!isBusy) void start()
      }}
      onKeyDown={leave}
    >
      <label>
        <span className="meta">{texts.forwards.localPort}</span>
        <input
          className="input mono"
          inputMode="numeric"
          placeholder={texts.forwards.anyPort}
          aria-invalid={problem !== ''}
          aria-describedby={id}
          value={text}
          onChange={(event) => {
            setText(event.target.value)
            setProblem('')
          }}
        />
      </label>
      <button className="btn p" type="submit" aria-disabled={isBusy}>
        {texts.forwards.forward}
      </button>
      <button className="btn" type="button" onClick={onDone}>
        {texts.cancel}
      </button>
      <div id={id} role="alert">
        {problem !== '' && (
          <p className="problem error">
            <Icon name="bad" />
            {problem}
          </p>
        )}
      </div>
    </form>
  )
}

/** At the field the number is there already, so that the reason is enough. */
function whyNot(error: unknown): string {
  const cause = isKubeError(error) ? error.causes.find(({ field }) => field === 'localPort')?.message : undefined
  return cause === undefined ? messageOf(error) : cause.replace(/^Invalid value: \d+: /, '')
}
