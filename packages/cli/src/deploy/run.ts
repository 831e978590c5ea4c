// What every command that deploys does around a deploy: Ctrl-C ends the waiting, and what came of it is said.

import { type KubeObject, systemClock } from '@binnacle/api'
import type { Progress } from '../progress.ts'
import { deploy } from './deploy.ts'
import type { Project } from './project.ts'
import type { DeployOptions } from './deploy.ts'
import type { Target } from './target.ts'

export interface RunOptions {
  wait: boolean
  /** Seconds. */
  timeout: number
  prune?: boolean
  output?: string
}

export interface Run {
  target: Target
  project: Project
  release: DeployOptions['release']
  annotations?: Record<string, string>
  steps: Progress
  /** First word of the line that says what was done. */
  done: string
}

export async function runDeploy({ target, done, ...run }: Run, options: RunOptions): Promise<void> {
  const { client, namespace } = target
  const interrupted = new AbortController()
  const onInterrupt = (): void => interrupted.abort()
  process.once('SIGINT', onInterrupt)
  try {
    const { release, ready } = await deploy({
      ...run,
      client,
      namespace,
      clock: systemClock,
      signal: interrupted.signal,
      prune: options.prune ?? false,
      ...(options.wait ? { waitMs: options.timeout * 1000 } : {}),
    })
    const { application } = run.project
    const revision = release?.spec.revision
    const urls = ready.flatMap(urlOf)
    if (options.output === 'json') {
      console.log(
        JSON.stringify({ application, namespace, revision: revision ?? null, urls: Object.fromEntries(urls) }),
      )
      return
    }
    const what = revision === undefined ? application : `${application} release ${revision}`
    console.log(`${done} ${what} to ${target.name} (namespace ${namespace})`)
    for (const [name, url] of urls) console.log(`${name} answers at ${url}`)
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

function urlOf({ metadata, status }: KubeObject & { status?: { url?: string } }): [string, string][] {
  return status?.url === undefined ? [] : [[metadata.name ?? '', status.url]]
}
