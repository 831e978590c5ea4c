// Files of an export, by their path in it; and how objects are written in them.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { KubeObject } from '@binnacle/api'
import { stringify } from 'yaml'

export type Files = Map<string, string>

export async function writeFiles(directory: string, files: Files): Promise<void> {
  for (const [path, content] of files) {
    const file = join(directory, path)
    await mkdir(dirname(file), { recursive: true })
    // Secrets are for their owner.
    await writeFile(file, content, path.includes('secrets/') ? { mode: 0o600 } : {})
  }
}

/** Long lines stay whole, no anchors, and `yes` is quoted: the tools that read it take it for YAML 1.1. */
export function yamlOf(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' })
}

export function documentsOf(objects: readonly KubeObject[]): string {
  return objects.map((object) => yamlOf(object)).join('---\n')
}

/** `deployment-web.yaml`. */
export function fileName({ kind, metadata }: KubeObject): string {
  return `${(kind ?? '').toLowerCase()}-${(metadata.name ?? '').replaceAll(/[^a-zA-Z0-9.-]/g, '-')}.yaml`
}
