// The admin jobs of a service: when they run, how they ended, and a way to run one now.

import type { CronJob, Unstructured } from '@binnacle/api'
import { type GraphNode, statusOf } from '@binnacle/canvas-core'
import type { JSX } from 'react'
import { kube, pathOf } from '../data/kube-api.ts'
import { mayDo } from '../state/permissions.ts'
import { messageOf } from '../state/session.ts'
import { toast, useCanvas } from '../state/store.ts'
import { texts } from '../texts.ts'
import { age } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'

const jobs = { group: 'batch', version: 'v1', resource: 'jobs' }
const shownJobs = 5

export function JobList({ node }: { node: GraphNode }): JSX.Element | undefined {
  const live = useCanvas((state) => state.editor.document.live)
  const canRun = useCanvas((state) => mayDo(state, 'create', { apiVersion: 'batch/v1', kind: 'Job', metadata: {} }))
  const children = node.kind === 'CronJob' ? [node.key, ...node.children] : node.children
  const found = children.flatMap((key) => live.get(key) ?? [])
  const cron = found.filter(({ kind }) => kind === 'CronJob')
  const ran = found.filter(({ kind }) => kind === 'Job').toSorted((a, b) => createdAt(b) - createdAt(a))
  if (cron.length === 0 && ran.length === 0) return undefined
  return (
    <section className="sec">
      <h3>{texts.jobs.title}</h3>
      <ul className="list">
        {cron.map((object) => (
          <li key={object.metadata.name} className="list-row">
            <span className="clip grow">{object.metadata.name}</span>
            <span className="meta">{whenOf(object)}</span>
            {canRun && (
              <button className="btn" onClick={() => void runNow(object)}>
                <Icon name="play" size={13} /> {texts.jobs.run}
              </button>
            )}
          </li>
        ))}
        {ran.slice(0, shownJobs).map((object) => (
          <li key={object.metadata.name} className="list-row">
            <span className="mono clip grow">{object.metadata.name}</span>
            <span className="meta">{statusOf(object).word}</span>
            <span className="meta">{age(createdAt(object), Date.now())}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function createdAt({ metadata }: Unstructured): number {
  return Date.parse(metadata.creationTimestamp ?? '')
}

function specOf(object: Unstructured): CronJob['spec'] | undefined {
  return object['spec'] as CronJob['spec'] | undefined
}

function whenOf(object: Unstructured): string {
  const spec = specOf(object)
  return spec?.suspend === true ? texts.jobs.onDemand : (spec?.schedule ?? '')
}

/** A Job of the CronJob's template, as `kubectl create job --from` makes it. */
async function runNow(object: Unstructured): Promise<void> {
  const { name = '', namespace, uid = '' } = object.metadata
  const template = specOf(object)?.jobTemplate
  const job = `${name.slice(0, 52)}-${Date.now().toString(36)}`
  try {
    await kube.create(pathOf(jobs, { namespace }), {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: job,
        namespace,
        labels: template?.metadata?.labels,
        annotations: { ...template?.metadata?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true }],
      },
      spec: template?.spec,
    })
    toast({ severity: 'info', title: texts.jobs.runs(job) })
  } catch (error) {
    toast({ severity: 'bad', title: messageOf(error) })
  }
}
