// `binnacle export FILE|DIR|APP`: plain YAML, Kustomize or a Helm chart, which need nothing of ours afterwards.

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ImageStore } from '@binnacle/images'
import type { Credentials } from '@binnacle/model'
import packageJson from '../../package.json' with { type: 'json' }
import { CliError, exitCodes } from '../cli-error.ts'
import { dataPath, openDataDirectory, readRecord } from '../data-directory.ts'
import { buildImages, buildsImages, registryCredentials } from '../deploy/build-images.ts'
import { type Project, inEnvironment, isEnvironment, loadProject } from '../deploy/project.ts'
import { type TargetOptions, connectTarget } from '../deploy/target.ts'
import { exportCredentials } from '../export/credentials.ts'
import { type Files, documentsOf, writeFiles } from '../export/files.ts'
import { helmFiles } from '../export/helm.ts'
import { kustomizeFiles } from '../export/kustomize.ts'
import { liveCredentials, liveProject } from '../export/live-project.ts'
import { renderProject } from '../export/render-project.ts'
import { type Progress, progress } from '../progress.ts'

export interface ExportOptions extends TargetOptions {
  format: 'yaml' | 'kustomize' | 'helm'
  out?: string
  env?: string
  push?: string
}

export async function exportProject(what: string, options: ExportOptions): Promise<void> {
  const steps = progress({ json: false })
  if (options.format !== 'yaml' && options.out === undefined)
    throw new CliError(`--format ${options.format} writes several files: name a folder for them with --out`, {
      exitCode: exitCodes.usage,
    })
  const { project, known } = await load(what, options, steps)
  const files = filesOf(project, { known, options, steps })
  if (options.out === undefined) {
    process.stdout.write(files.values().next().value ?? '')
    return
  }
  await writeFiles(options.out, files)
  console.log(`wrote ${files.size} files to ${options.out}: ${next(project, options)}`)
}

interface Loaded {
  project: Project
  /** Credentials that are in use. */
  known: ReadonlyMap<string, Credentials>
}

/** A path where there is one, else an application of the cluster. */
async function load(what: string, options: ExportOptions, steps: Progress): Promise<Loaded> {
  const isPath = (await stat(what).catch(() => undefined)) !== undefined
  if (isPath || /[/.]/.test(what)) {
    const project = atEnvironment(await loadProject(what), options.env)
    return { project: await withImages(project, options, steps), known: new Map() }
  }
  using target = await connectTarget(options, (text) => steps.warn(text))
  const project = atEnvironment(await liveProject(what, target), options.env)
  return { project, known: options.format === 'helm' ? new Map() : await liveCredentials(project, target) }
}

function atEnvironment(project: Project, name: string | undefined): Project {
  if (name === undefined) return project
  const all = project.environments.flatMap(({ object }) => (isEnvironment(object) ? [object] : []))
  const found = all.find(({ metadata }) => metadata.name === name)
  if (found !== undefined) return inEnvironment(project, name, found.spec)
  const names = all.map(({ metadata }) => metadata.name).join(', ')
  throw new CliError(
    `${project.application} has no environment ${name}${names === '' ? ': write one as environments/' + name + '.yaml' : `: there are ${names}`}`,
  )
}

/** Images that are built here are named by what they are. */
async function withImages(project: Project, { push, ...options }: ExportOptions, steps: Progress): Promise<Project> {
  if (buildsImages(project).length === 0) return project
  const data = dataPath(options.data)
  await openDataDirectory({ data })
  const store = await ImageStore.open(join(data, 'images'))
  const onStep = (text: string): void => steps.step(text)
  if (push === undefined) {
    steps.warn(
      'the images are in the image store of this machine only: --push REGISTRY puts them where a cluster fetches them',
    )
    return buildImages(project, { store, onStep })
  }
  const own = (await readRecord(data))?.registry
  const credentials = await registryCredentials(push.split('/')[0] ?? '', { data, own })
  return buildImages(project, {
    store,
    push: { registry: push, ...(credentials === undefined ? {} : { credentials }) },
    onStep,
  })
}

function filesOf(
  project: Project,
  { known, options, steps }: { known: Loaded['known']; options: ExportOptions; steps: Progress },
): Files {
  if (options.format === 'helm') return helmFiles(project, { version: packageJson.version })
  const credentials = exportCredentials(project, known)
  if (options.format === 'kustomize') return kustomizeFiles(project, credentials)
  const namespace = options.namespace ?? 'default'
  const objects = renderProject(project, { namespace, credentials }).map(({ object }) => object)
  if (objects.some(({ kind }) => kind === 'Secret'))
    steps.warn(
      'the YAML holds passwords: keep it out of version control, or export Kustomize or Helm, which keep them apart',
    )
  return new Map([[`${project.application}.yaml`, documentsOf(objects)]])
}

function next({ application, environments }: Project, { format, out }: ExportOptions): string {
  const [first] = environments
  const overlay = first === undefined ? 'base' : `overlays/${first.object.metadata.name}`
  const commands = {
    yaml: `kubectl apply -f ${out}`,
    kustomize: `kubectl apply -k ${out}/${overlay}`,
    helm: `helm install ${application} ${out}`,
  }
  return commands[format]
}
