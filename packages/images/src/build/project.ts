// What a source folder is, and so how its image is made. One file for each language beside this one; the first that
// recognises the folder builds it.

import type { LayerEntry } from '../archive.ts'
import type { ContainerConfig } from '../oci.ts'

/** Why a folder cannot be built, in words that say what to do. */
export class BuildError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BuildError'
  }
}

export interface BuildContext {
  /** Absolute path of the source folder. */
  directory: string
  /** A scratch folder that is removed afterwards. */
  scratch: string
  /** Files of the folder that .dockerignore leaves in, relative, sorted. */
  files: readonly string[]
  readText(relative: string): Promise<string>
  /** Runs a tool in the folder (or in `cwd`); rejects with BuildError that ends with what the tool said. */
  run(
    command: string,
    args: readonly string[],
    options?: { cwd?: string; env?: Record<string, string> },
  ): Promise<string>
  /** One line about what is being done. */
  step(text: string): void
}

export interface BuildPlan {
  language: string
  /** Bottom first: what changes least. */
  layers: { createdBy: string; entries: readonly LayerEntry[] }[]
  config: ContainerConfig
}

export interface Builder {
  language: string
  recognises(context: BuildContext): boolean | Promise<boolean>
  plan(context: BuildContext): Promise<BuildPlan>
}
