// `binnacle deploy FILE|DIR`: builds, shows the difference, applies as one, records a Release, waits.

import { join } from 'node:path'
import { systemClock } from '@binnacle/api'
import { ImageStore } from '@binnacle/images'
import type { KubeObject } from '@binnacle/api'
import { CliError, exitCodes } from '../cli-error.ts'
import { dataPath, openDataDirectory } from '../data-directory.ts'
import { buildImages, buildsImages, registryCredentials } from '../deploy/build-images.ts'
import { confirm } from '../deploy/confirm.ts'
import { deploy as deployProject, showDeploy, tryDeploy } from '../deploy/deploy.ts'
import { type Place, placeOf } from '../deploy/environment.ts'
import { plainProject } from '../deploy/plain.ts'
import { type Project, loadProject } from '../deploy/project.ts'
import { unwanted } from '../deploy/prune.ts'
import { connectTarget } from '../deploy/target.ts'
import { type Progress, progress } from '../progress.ts'

export interface DeployOptions {
  env?: string
  context?: string
  kubeconfig?: string
  namespace?: string
  data?: string
  dryRun?: boolean
  diff?: boolean
  note?: string
  prune?: boolean
  plain?: boolean
  push?: string
  wait: boolean
  /** Seconds. */
  timeout: number
  yes?: boolean
  output?: string
}

export async function deploy(path: string, options: DeployOptions): Promise<void> {
  const steps = progress({ json: options.output === 'json' })
  const loaded = await loadProject(path)
  using home = await connectTarget(options, (text) => steps.warn(text))
  using place = await placeOf(loaded, { home, ...(options.env === undefined ? {} : { environment: options.env }) })
  const project = await prepared(place, options, steps)
  const { client, namespace } = place.target
  const scope = { client, namespace, project, steps }
  if (options.diff === true || options.dryRun === true) {
    const tried = await tryDeploy(scope)
    const removed = options.prune === true ? await unwanted(scope, tried) : []
    const { text, count } = showDeploy(tried, removed, process.stdout)
    if (options.diff === true && text !== '') process.stdout.write(`${text}\n`)
    if (options.dryRun === true) {
      report(
        options,
        { application: project.application, dryRun: true, changed: count },
        () =>
          `${project.application}: ${count} of ${tried.length + removed.length} objects would change; nothing was changed (dry run)`,
      )
      if (options.diff === true && count > 0) process.exitCode = exitCodes.failed
      return
    }
  }
  if (place.isProtected)
    await confirm(`deploy to the protected environment ${place.environment}`, {
      word: place.environment ?? '',
      yes: options.yes,
    })
  const interrupted = new AbortController()
  const onInterrupt = (): void => interrupted.abort()
  process.once('SIGINT', onInterrupt)
  try {
    const { release, ready } = await deployProject({
      ...scope,
      clock: systemClock,
      signal: interrupted.signal,
      release: options.note === undefined ? {} : { note: options.note },
      prune: options.prune ?? false,
      ...(options.wait ? { waitMs: options.timeout * 1000 } : {}),
    })
    const urls = ready.flatMap(urlOf)
    const result = {
      application: project.application,
      namespace,
      revision: release?.spec.revision ?? null,
      urls: Object.fromEntries(urls),
    }
    report(options, result, () =>
      [
        `deployed ${project.application}${release === undefined ? '' : ` release ${release.spec.revision}`} to ${place.target.name} (namespace ${namespace})`,
        ...urls.map(([name, url]) => `${name} answers at ${url}`),
      ].join('\n'),
    )
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

function report(options: DeployOptions, json: object, text: () => string): void {
  console.log(options.output === 'json' ? JSON.stringify(json) : text())
}

function urlOf({ metadata, status }: KubeObject & { status?: { url?: string } }): [string, string][] {
  return status?.url === undefined ? [] : [[metadata.name ?? '', status.url]]
}

/** With its images built, and as plain objects where that is asked for. */
async function prepared(place: Place, options: DeployOptions, steps: Progress): Promise<Project> {
  const built = await withImages(place, options, steps)
  return options.plain === true ? plainProject(built, place.target) : built
}

async function withImages({ project, target }: Place, options: DeployOptions, steps: Progress): Promise<Project> {
  const [first] = buildsImages(project)
  if (first === undefined) return project
  if (target.engine === undefined && options.push === undefined)
    throw new CliError(
      `${first.file}:${first.lineOf('spec.build')}: Microservice ${first.object.metadata.name}: spec.build: ${target.name} fetches images from a registry: name one with --push, such as --push ghcr.io/me`,
    )
  const data = dataPath(options.data)
  await openDataDirectory({ data })
  const store = await ImageStore.open(join(data, 'images'))
  const { push } = options
  if (push === undefined) return buildImages(project, { store, onStep: (text) => steps.step(text) })
  const credentials = await registryCredentials(push.split('/')[0] ?? '', { data, own: target.engine?.registry })
  return buildImages(project, {
    store,
    push: { registry: push, ...(credentials === undefined ? {} : { credentials }) },
    onStep: (text) => steps.step(text),
  })
}
