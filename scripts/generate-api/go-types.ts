// Runs the Go program that reads the upstream declarations, and indexes what it prints.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const moduleVersion = 'v0.36.3'

const modules: Readonly<Record<string, readonly string[]>> = {
  'k8s.io/api': [
    'admissionregistration/v1',
    'apps/v1',
    'authentication/v1',
    'authorization/v1',
    'autoscaling/v1',
    'autoscaling/v2',
    'batch/v1',
    'certificates/v1',
    'coordination/v1',
    'core/v1',
    'discovery/v1',
    'events/v1',
    'flowcontrol/v1',
    'networking/v1',
    'node/v1',
    'policy/v1',
    'rbac/v1',
    'resource/v1',
    'scheduling/v1',
    'storage/v1',
  ],
  'k8s.io/apimachinery': [
    'pkg/api/resource',
    'pkg/apis/meta/v1',
    'pkg/runtime',
    'pkg/types',
    'pkg/util/intstr',
    'pkg/version',
  ],
  'k8s.io/apiextensions-apiserver': ['pkg/apis/apiextensions/v1'],
  'k8s.io/kube-aggregator': ['pkg/apis/apiregistration/v1'],
}

/** As main.go prints it. */
export interface GoField {
  name: string
  type: string
  inline?: boolean
  omitEmpty?: boolean
  protobuf?: string
  patchStrategy?: string
  patchMergeKey?: string
  markers?: string[]
}

export interface GoType {
  package: string
  model: string
  name: string
  struct: boolean
  of?: string
  fields?: GoField[]
  markers?: string[]
  enum?: string[]
}

/** All types by `import/path.Name`. */
export type GoTypes = ReadonlyMap<string, GoType>

function moduleDirectory(cache: string, name: string): string {
  return join(cache, `${name}@${moduleVersion}`)
}

/** Why the declarations cannot be read here; undefined where they can. */
export function missingPrerequisite(): string | undefined {
  try {
    const cache = execFileSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' }).trim()
    const missing = Object.keys(modules).find((name) => !existsSync(moduleDirectory(cache, name)))
    return missing === undefined ? undefined : `the Go module ${missing}@${moduleVersion} is not in the module cache`
  } catch {
    return 'Go is not installed'
  }
}

/** Needs Go; modules that the module cache lacks are downloaded. */
export function readGoTypes(): GoTypes {
  const cache = execFileSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' }).trim()
  const packages: string[] = []
  for (const [name, paths] of Object.entries(modules)) {
    const directory = moduleDirectory(cache, name)
    if (!existsSync(directory)) execFileSync('go', ['mod', 'download', `${name}@${moduleVersion}`], { cwd: cache })
    for (const path of paths) packages.push(`${join(directory, path)} ${name}/${path}`)
  }
  const program = join(import.meta.dirname, 'main.go')
  const output = execFileSync('go', ['run', program], {
    input: packages.join('\n'),
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  const types = JSON.parse(output) as GoType[]
  return new Map(types.map((type) => [`${type.package}.${type.name}`, type]))
}
