// `binnacle deploy FILE|DIR`: builds, shows the difference, applies as one, records a Release, waits.

import { overriddenAnnotation } from '@binnacle/model'
import { join } from 'node:path'
import { ImageStore } from '@binnacle/images'
import { CliError, exitCodes } from '../cli-error.ts'
import { dataPath, openDataDirectory, readRecord } from '../data-directory.ts'
import { buildImages, buildsImages, registryCredentials } from '../deploy/build-images.ts'
import { confirm } from '../deploy/confirm.ts'
import { showDeploy, tryDeploy } from '../deploy/deploy.ts'
import { type Place, placeOf } from '../deploy/environment.ts'
import { plainProject } from '../deploy/plain.ts'
import { type Project, loadProject } from '../deploy/project.ts'
import { unwanted } from '../deploy/prune.ts'
import { type RunOptions, runDeploy } from '../deploy/run.ts'
import { type TargetOptions, connectTarget } from '../deploy/target.ts'
import { type Progress, progress } from '../progress.ts'

export interface DeployOptions extends TargetOptions, RunOptions {
  env?: string
  dryRun?: boolean
  diff?: boolean
  note?: string
  plain?: boolean
  push?: string
  yes?: boolean
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
    const removed = options.prune === true ? await unwanted(scope, tried.objects) : []
    const { text, count } = showDeploy(tried, removed, process.stdout)
    if (options.diff === true && text !== '') process.stdout.write(`${text}\n`)
    if (options.dryRun === true) {
      const all = tried.objects.length + removed.length + (tried.newNamespace === undefined ? 0 : 1)
      if (options.output === 'json')
        console.log(JSON.stringify({ application: project.application, dryRun: true, objects: all, changed: count }))
      else console.log(`${project.application}: ${count} of ${all} objects would change; nothing was changed (dry run)`)
      if (options.diff === true && count > 0) process.exitCode = exitCodes.failed
      return
    }
  }
  if (place.isProtected)
    await confirm(`deploy to the protected environment ${place.environment}`, {
      word: place.environment ?? '',
      yes: options.yes,
    })
  await runDeploy(
    {
      target: place.target,
      project,
      release: options.note === undefined ? {} : { note: options.note },
      annotations: place.overridden === undefined ? {} : { [overriddenAnnotation]: JSON.stringify(place.overridden) },
      steps,
      done: 'deployed',
    },
    options,
  )
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
      `${first.file}:${first.lineOf('spec.build')}: Microservice ${first.object.metadata.name}: spec.build: ${target.name} fetches images from a registry: name one with --push, such as --push registry.example/team`,
    )
  const data = dataPath(options.data)
  await openDataDirectory({ data })
  const store = await ImageStore.open(join(data, 'images'))
  const { push } = options
  if (push === undefined) return buildImages(project, { store, onStep: (text) => steps.step(text) })
  // The engine of this machine may hold images for other clusters, too.
  const own = (await readRecord(data))?.registry
  const credentials = await registryCredentials(push.split('/')[0] ?? '', { data, own })
  return buildImages(project, {
    store,
    push: { registry: push, ...(credentials === undefined ? {} : { credentials }) },
    onStep: (text) => steps.step(text),
  })
}
