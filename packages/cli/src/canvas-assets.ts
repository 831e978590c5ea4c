// Where the build puts the Canvas's page.

import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Folder of the built page: beside the bundle, or where the bundle would be. */
export function canvasAssets(): string {
  const beside = join(import.meta.dirname, 'canvas')
  return isBuilt(beside) ? beside : join(import.meta.dirname, '..', '..', '..', 'dist', 'canvas')
}

export function isBuilt(assets: string): boolean {
  return existsSync(join(assets, 'index.html'))
}
