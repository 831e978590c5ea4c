// What a person wants to know first: the cause of trouble, what is staged, figures, and what belongs together.

import { type GraphNode, conditionOf, conflictsOf, objectDiff, parseKey, wireKindOf } from '@binnacle/canvas-core'
import { restartedAtAnnotation, testConnectionAnnotation } from '@binnacle/model'
import { type JSX, useState } from 'react'
import { ask, kube, pathOf } from '../data/kube-api.ts'
import { resourceOf } from '../data/resources.ts'
import { Change } from '../dialogs/change.tsx'
import { ConflictRow } from '../dialogs/conflict-row.tsx'
import { duplicate, removeSelected } from '../graph/stage-keys.ts'
import { mayCallServices, mayDo, mayEndPods, mayRemove } from '../state/permissions.ts'
import { messageOf } from '../state/session.ts'
import { act, chooseEnd, openDialog, select, setView, toast, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { age } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'
import { logBeginOf } from '../state/trouble.ts'
import { FiguresNow, LastLines } from './glance.tsx'
import { JobList } from './job-list.tsx'
import { PortList, useForwardablePorts } from './port-list.tsx'
import { PodList, usePods } from './pod-list.tsx'

interface PartProps {
  node: GraphNode
  canEdit: boolean
}

export function Overview(props: PartProps): JSX.Element {
  return (
    <>
      <Trouble {...props} />
      <Staged {...props} />
      <FiguresNow node={props.node} />
      <Facts {...props} />
      <LastLines node={props.node} />
      <PortList node={props.node} />
      <PodList node={props.node} canEdit={props.canEdit} />
      <JobList node={props.node} />
      <Wires {...props} />
      <Actions {...props} />
    </>
  )
}

const toneOf = { failed: '', degraded: ' warn', progressing: ' run' } as const

/** The cause in a sentence, and links that lead to what fixes it. */
function Trouble({ node }: PartProps): JSX.Element | undefined {
  const { state, word, reason, message } = node.status
  const problems = node.problems
  if (problems.length === 0 && !(state in toneOf)) return undefined
  return (
    <section className="sec">
      {state in toneOf && (
        <div className={`why${toneOf[state as keyof typeof toneOf]}`} role="status">
          <Icon name={state === 'progressing' ? 'run' : state === 'failed' ? 'bad' : 'warn'} />
          <div>
            <b>{word}</b>
            {message !== undefined && <p>{message}</p>}
            <TroubleLinks reason={reason} node={node} />
          </div>
        </div>
      )}
      {problems.map((problem) => (
        <p key={problem.path + problem.message} className={`problem ${problem.severity}`}>
          <Icon name={problem.severity === 'error' ? 'bad' : 'warn'} />
          <span>
            {problem.path !== '' && <code className="mono">{problem.path}</code>} {problem.message}
          </span>
        </p>
      ))}
    </section>
  )
}

function TroubleLinks({ node, reason = '' }: { node: GraphNode; reason: string | undefined }): JSX.Element {
  const isCrash = logBeginOf(reason) === 'previous'
  return (
    <div className="links">
      {node.children.length > 0 && (
        <button onClick={() => setView({ tab: 'logs', logBegin: logBeginOf(reason) })}>
          {isCrash ? texts.trouble.lastCrash : texts.trouble.logs}
        </button>
      )}
      {node.kind === 'Microservice' && isCrash && (
        <button onClick={() => setView({ tab: 'variables' })}>{texts.trouble.addVariable}</button>
      )}
      <button onClick={() => setView({ tab: 'settings' })}>{texts.trouble.settings}</button>
      <button onClick={() => setView({ tab: 'events' })}>{texts.trouble.events}</button>
    </div>
  )
}

function Staged({ node }: PartProps): JSX.Element | undefined {
  const document = useCanvas((state) => state.editor.document)
  const diff = node.staged === undefined ? undefined : objectDiff(document, node.key)
  if (diff === undefined) return undefined
  return (
    <section className="sec">
      <h3>{texts.inspector.staged}</h3>
      {conflictsOf(document, node.key).map((conflict) => (
        <ConflictRow key={conflict.path} conflict={conflict} />
      ))}
      {diff.type !== 'update' && <p>{diff.type === 'create' ? texts.staged.creates : texts.staged.deletes}</p>}
      {diff.type === 'update' &&
        diff.lines.map((line) => (
          <div className="row" key={line.path}>
            <span title={line.path}>{line.label}</span>
            <Change line={line} />
          </div>
        ))}
      <div className="links">
        <button onClick={() => openDialog('details')}>{texts.staged.details}</button>
        <button onClick={() => act({ type: 'discard', key: node.key }, { label: texts.staged.discard })}>
          {texts.staged.discard}
        </button>
      </div>
    </section>
  )
}

function Facts({ node, canEdit }: PartProps): JSX.Element {
  const canCall = useCanvas(mayCallServices)
  const isListed = useForwardablePorts(node).length > 0
  const { object, url } = node
  const spec = (object['spec'] ?? {}) as {
    replicas?: unknown
    autoscaling?: object
    ports?: { name: string; port: number }[]
  }
  const status = (object['status'] ?? {}) as { image?: string; address?: string; binding?: { name: string } }
  return (
    <section className="sec">
      {url !== undefined && (
        <div className="row">
          <span>{texts.inspector.address}</span>
          <span className="v">
            <a href={url} target="_blank" rel="noreferrer">
              {url}
            </a>
            {canCall && <TestRequest url={url} node={node} />}
          </span>
        </div>
      )}
      {status.address !== undefined && (
        <div className="row">
          <span>{texts.inspector.address}</span>
          <span className="v mono">{status.address}</span>
        </div>
      )}
      {status.image !== undefined && (
        <div className="row">
          <span>{texts.inspector.image}</span>
          <span className="v mono">{status.image}</span>
        </div>
      )}
      {spec.ports !== undefined && !isListed && (
        <div className="row">
          <span>{texts.inspector.port}</span>
          <span className="v">{spec.ports.map(({ name, port }) => `${name} ${port}`).join(', ')}</span>
        </div>
      )}
      {node.kind === 'Microservice' && spec.autoscaling === undefined && (
        <div className="row">
          <span>{texts.inspector.replicas}</span>
          <Stepper node={node} replicas={typeof spec.replicas === 'number' ? spec.replicas : 1} canEdit={canEdit} />
        </div>
      )}
      {node.kind === 'DataSource' && node.staged !== 'create' && <Connection node={node} />}
    </section>
  )
}

/** Whether the data source answers, as its controller found; and a way to have it tried now. */
function Connection({ node }: { node: GraphNode }): JSX.Element {
  const canPatch = useCanvas((state) => mayDo(state, 'patch', node.object))
  const asked = Date.parse(node.object.metadata.annotations?.[testConnectionAnnotation] ?? '')
  const { lastTestTime } = (node.object['status'] ?? {}) as { lastTestTime?: string }
  const tested = Date.parse(lastTestTime ?? '')
  const reachable = conditionOf(node.object, 'Reachable')
  // The time of a test is told in whole seconds.
  const isTesting = asked - (tested || 0) >= 1000 && Date.now() - asked < testPatienceMs
  const answer = isTesting
    ? texts.inspector.testing
    : reachable?.status === 'True' && tested > 0
      ? texts.inspector.connected(age(tested, Date.now()))
      : (reachable?.message ?? '')
  return (
    <div className="row">
      <span>{texts.inspector.connection}</span>
      <span className="v">
        <span role="status" className={reachable?.status === 'False' && !isTesting ? 'problem-text' : 'meta'}>
          {answer}
        </span>
        {canPatch && (
          <button className="btn" disabled={isTesting} onClick={() => void note(node, testConnectionAnnotation)}>
            {texts.inspector.testConnection}
          </button>
        )}
      </span>
    </div>
  )
}

/** How long an answer is waited for: a controller may be away, or not be able to reach pods. */
const testPatienceMs = 15_000

/** Scaling from the node: staged as any other edit. */
function Stepper({ node, replicas, canEdit }: PartProps & { replicas: number }): JSX.Element {
  const set = (value: number): void => {
    act(
      { type: 'setField', key: node.key, path: 'spec.replicas', value: Math.max(0, value) },
      { label: texts.inspector.scale, mergeKey: `scale:${node.key}` },
    )
  }
  return (
    <span className="stepper">
      <button
        className="btn icon"
        aria-label={texts.inspector.fewer}
        disabled={!canEdit || replicas === 0}
        onClick={() => set(replicas - 1)}
      >
        <Icon name="minus" size={14} />
      </button>
      <output aria-label={texts.inspector.replicas}>{replicas}</output>
      <button
        className="btn icon"
        aria-label={texts.inspector.moreReplicas}
        disabled={!canEdit}
        onClick={() => set(replicas + 1)}
      >
        <Icon name="plus" size={14} />
      </button>
    </span>
  )
}

/** A request to the service through the API server, so that it works wherever the page is opened. */
function TestRequest({ node }: { url: string; node: GraphNode }): JSX.Element {
  const [answer, setAnswer] = useState('')
  const send = async (): Promise<void> => {
    const { namespace } = node.object.metadata
    const [port] = ((node.object['spec'] ?? {}) as { ports?: { name: string }[] }).ports ?? []
    const began = performance.now()
    const path = `/k8s/api/v1/namespaces/${namespace}/services/${node.title}:${port?.name ?? ''}/proxy/`
    try {
      const response = await fetch(path)
      await response.arrayBuffer()
      setAnswer(texts.inspector.answered(response.status, Math.round(performance.now() - began)))
    } catch (error) {
      setAnswer(texts.inspector.noAnswer(messageOf(error)))
    }
  }
  return (
    <>
      <button className="btn" onClick={() => void send()}>
        {texts.inspector.sendRequest}
      </button>
      <span role="status" className="meta">
        {answer}
      </span>
    </>
  )
}

function Wires({ node, canEdit }: PartProps): JSX.Element {
  const wires = useCanvas((state) => state.graph.wires)
  const out = wires.filter(({ from }) => from === node.key)
  const into = wires.filter(({ to }) => to === node.key)
  return (
    <section className="sec">
      <h3>{texts.inspector.wires}</h3>
      <ul className="list">
        {[...out.map((wire) => ({ wire, end: wire.to })), ...into.map((wire) => ({ wire, end: wire.from }))].map(
          ({ wire, end }) => {
            const verb = wireKindOf(wire.kind)?.verb ?? ''
            const isOut = wire.from === node.key
            const [first] = wire.wires
            return (
              <li key={wire.id} className="list-row">
                <Icon name="link" size={14} />
                <span className="meta">{isOut ? verb : texts.inspector.usedBy}</span>
                <button className="link grow clip" onClick={() => select([end])}>
                  {parseKey(end).name}
                </button>
                {wire.label !== undefined && <span className="meta">{wire.label}</span>}
                {canEdit && wire.isDrawn && wire.staged !== 'removed' && (
                  <button
                    className="btn bare icon small"
                    aria-label={
                      isOut
                        ? texts.graph.leadTitle(node.title, parseKey(end).name)
                        : texts.graph.beginTitle(parseKey(end).name, node.title)
                    }
                    data-tip={texts.graph.leadElsewhere}
                    onClick={() => chooseEnd({ end: isOut ? 'to' : 'from', other: node.key, wire })}
                  >
                    <Icon name="out" size={12} />
                  </button>
                )}
                {first !== undefined && canEdit && isOut && wire.isDrawn && wire.staged !== 'removed' && (
                  <button
                    className="btn bare icon small"
                    aria-label={`${texts.graph.removeWire}: ${parseKey(end).name}`}
                    onClick={() => act({ type: 'disconnect', wire: first }, { label: texts.graph.removeWire })}
                  >
                    <Icon name="close" size={12} />
                  </button>
                )}
              </li>
            )
          },
        )}
        {out.length + into.length === 0 && <li className="quiet">{texts.inspector.none}</li>}
      </ul>
    </section>
  )
}

function Actions({ node, canEdit }: PartProps): JSX.Element | undefined {
  const pod = usePods(node).find(({ status }) => status?.phase === 'Running')?.metadata.name
  const canAdd = useCanvas((state) => mayDo(state, 'create', node.object))
  const canRemove = useCanvas((state) => mayRemove(state, node.key))
  const canPatch = useCanvas((state) => mayDo(state, 'patch', node.object))
  const canBreak = useCanvas(mayEndPods) && pod !== undefined
  if (!canEdit && !canAdd && !canRemove && !canPatch && !canBreak) return undefined
  return (
    <section className="sec actions">
      {canEdit && (
        <button className="btn" onClick={() => openDialog('connect')}>
          <Icon name="link" size={14} />
          {texts.inspector.connect}
        </button>
      )}
      {canAdd && (
        <button className="btn" onClick={duplicate}>
          <Icon name="copy" size={14} />
          {texts.inspector.duplicate}
        </button>
      )}
      {canAdd && canRemove && (
        <button className="btn" onClick={() => openDialog('rename')}>
          {texts.inspector.rename}
        </button>
      )}
      {node.children.length > 0 && canPatch && (
        <button className="btn" onClick={() => void note(node, restartedAtAnnotation)}>
          <Icon name="run" size={14} />
          {texts.inspector.restart}
        </button>
      )}
      {canBreak && (
        <button className="btn" onClick={() => void breakIt(node, pod)}>
          <Icon name="break" size={14} />
          {texts.inspector.breakIt}
        </button>
      )}
      {canRemove && (
        <button className="btn bad" onClick={removeSelected}>
          <Icon name="trash" size={14} />
          {texts.remove}
        </button>
      )}
    </section>
  )
}

/** A controller sees the new value and does what it asks for, now: this is no edit that waits for a deploy. */
async function note({ object }: GraphNode, annotation: string): Promise<void> {
  const { namespace, name = '' } = object.metadata
  try {
    await kube.mergePatch(pathOf(resourceOf(object), { namespace, name }), {
      metadata: { annotations: { [annotation]: new Date().toISOString() } },
    })
  } catch (error) {
    toast({ severity: 'bad', title: messageOf(error) })
  }
}

/** Ends one pod at once, to see it come back. */
async function breakIt({ object }: GraphNode, pod: string): Promise<void> {
  const { namespace } = object.metadata
  try {
    await ask(pathOf({ group: '', version: 'v1', resource: 'pods' }, { namespace, name: pod }), {
      method: 'DELETE',
      query: { gracePeriodSeconds: '0' },
    })
    toast({ severity: 'info', title: texts.inspector.broken(pod) })
  } catch (error) {
    toast({ severity: 'bad', title: messageOf(error) })
  }
}
