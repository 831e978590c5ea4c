// `binnacle import FILE|DIR`: what other tools have written, as a project of ours; what could not be mapped is listed.

import { execFile } from 'node:child_process'
import { readFile, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Unstructured } from '@binnacle/api'
import { type Imported, importResources } from '@binnacle/canvas-core/import'
import { apiVersion } from '@binnacle/model'
import { CliError } from '../cli-error.ts'
import { isMicroservice } from '../deploy/project.ts'
import { type Files, documentsOf, writeFiles } from '../export/files.ts'
import { progress } from '../progress.ts'

export interface ImportOptions {
  from?: 'manifests' | 'compose' | 'helm'
  out?: string
  name?: string
  output?: string
}

/** Charts ask for a version, and without a cluster helm answers with that of its own libraries. */
const kubernetesVersion = '1.36.0'

const composeNames = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml']

export async function importProject(path: string, options: ImportOptions): Promise<void> {
  const steps = progress({ json: options.output === 'json' })
  const source = await readSource(path, options.from)
  const application = options.name ?? source.name
  const imported = withoutHooks(importResources(source.text, { namespace: 'default', application }, { lift: true }))
  requireReadable(imported, { path, from: source.from })
  const objects = [
    { apiVersion, kind: 'Application', metadata: { name: application }, spec: {} },
    ...imported.objects
      .filter(({ kind }) => kind !== 'Application')
      .map((object) => withSources(withoutPlace(object), { from: source.directory, to: options.out ?? '.' })),
  ]
  const files: Files = new Map([['app.yaml', documentsOf(objects)]])
  if (options.output !== 'json')
    for (const { path: field, why } of imported.unmapped) steps.warn(`not mapped: ${field}: ${why}`)
  const summary = { application, from: source.from, objects: countKinds(objects), unmapped: imported.unmapped }
  if (options.out !== undefined) await writeFiles(options.out, files)
  if (options.output === 'json') {
    console.log(JSON.stringify(summary))
    return
  }
  if (options.out === undefined) process.stdout.write(documentsOf(objects))
  const counts = Object.entries(summary.objects).map(([kind, count]) => `${count} ${kind}`)
  steps.step(`${application}: ${counts.join(', ')}; ${imported.unmapped.length} things not mapped`)
  if (options.out !== undefined) console.log(`wrote ${join(options.out, 'app.yaml')}: binnacle deploy ${options.out}`)
}

interface Source {
  text: string
  from: NonNullable<ImportOptions['from']>
  name: string
  /** What paths in it are relative to. */
  directory: string
}

/** The kind of source is seen from the files where it is not said. */
async function readSource(path: string, from: ImportOptions['from']): Promise<Source> {
  const there = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      `cannot read ${path}: ${error.code === 'ENOENT' ? 'there is no such file or folder' : error.message}`,
      { cause: error },
    )
  })
  const directory = there.isDirectory() ? resolve(path) : dirname(resolve(path))
  const named = { name: nameOf(directory), directory }
  if (!there.isDirectory()) {
    const isCompose = from === 'compose' || (from === undefined && composeNames.includes(basename(path)))
    return { text: await readFile(path, 'utf8'), from: isCompose ? 'compose' : (from ?? 'manifests'), ...named }
  }
  const entries = (await readdir(path)).toSorted()
  const compose = composeNames.find((file) => entries.includes(file))
  if (from === 'helm' || (from === undefined && entries.includes('Chart.yaml')))
    return { text: await renderChart(path, named.name), from: 'helm', ...named }
  if (from === 'compose' || (from === undefined && compose !== undefined)) {
    if (compose === undefined)
      throw new CliError(`${path} holds no Compose file: expected one of ${composeNames.join(', ')}`)
    return { text: await readFile(join(path, compose), 'utf8'), from: 'compose', ...named }
  }
  const files = entries.filter((file) => /\.(?:ya?ml|json)$/.test(file))
  if (files.length === 0)
    throw new CliError(`${path} holds no manifests: expected files that end in .yaml, .yml or .json`)
  const texts = await Promise.all(files.map((file) => readFile(join(path, file), 'utf8')))
  return { text: texts.join('\n---\n'), from: 'manifests', ...named }
}

/** What the chart becomes with its own values. */
async function renderChart(path: string, name: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(
      'helm',
      ['template', name, path, '--kube-version', kubernetesVersion],
      { maxBuffer: 1 << 26 },
    )
    return stdout
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new CliError(
        `${path} is a Helm chart and helm is not on the PATH: install it, or render the chart elsewhere (\`helm template ${name} ${path} > objects.yaml\`) and import that file`,
        { cause: error },
      )
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
    throw new CliError(`helm cannot render ${path}: ${said.trim().split('\n')[0]}`, { cause: error })
  }
}

function requireReadable({ problem, objects }: Imported, { path, from }: { path: string; from: string }): void {
  if (problem !== undefined) throw new CliError(`cannot import ${path} (${from}): ${problem}`)
  if (objects.length === 0) throw new CliError(`cannot import ${path} (${from}): nothing in it maps to an object`)
}

const hookAnnotation = 'helm.sh/hook'

/** What Helm runs at certain moments (a test, a migration) is no part of what runs for good. */
function withoutHooks({ objects, unmapped, ...rest }: Imported): Imported {
  const hooks = objects.filter(({ metadata }) => metadata.annotations?.[hookAnnotation] !== undefined)
  return {
    ...rest,
    objects: objects.filter((object) => !hooks.includes(object)),
    unmapped: [
      ...unmapped,
      ...hooks.map(({ kind, metadata }) => ({
        path: `${kind} ${metadata.name}`,
        why: `it is a hook of Helm (${metadata.annotations?.[hookAnnotation]}): make it a job of its service where it is needed`,
      })),
    ],
  }
}

/** A project says no namespace: whoever deploys it does. */
function withoutPlace(object: Unstructured): Unstructured {
  const { namespace: _namespace, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** Sources stay where they are: the path to them is said from where the project is written. */
function withSources(object: Unstructured, { from, to }: { from: string; to: string }): Unstructured {
  if (!isMicroservice(object) || object.spec.build === undefined) return object
  const context = relative(resolve(to), resolve(from, object.spec.build.context))
  return {
    ...object,
    spec: { ...object.spec, build: { ...object.spec.build, context: context === '' ? '.' : context } },
  }
}

function countKinds(objects: readonly { kind?: string | undefined }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { kind = '' } of objects) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

function nameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return name === '' ? 'imported' : name.slice(0, 50)
}
