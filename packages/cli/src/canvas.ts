// The Canvas for the engine of this process, or for any cluster of a kubeconfig.

import { join } from 'node:path'
import { systemClock } from '@binnacle/api'
import { type CanvasServer, startCanvasServer } from '@binnacle/canvas'
import type { KubeContext } from '@binnacle/client'
import { canvasAssets } from './canvas-assets.ts'
import { listening } from './listening.ts'

export interface CanvasOptions {
  context: KubeContext
  /** The usual one, or any free one where that is taken, unless said. */
  port: number | undefined
  /** Figures of the engine's Service proxy. */
  traffic?: () => Promise<unknown>
  /** File in which logins outlive the server. */
  sessions?: string
  /** What one-time links are sealed with. */
  linkKey?: Uint8Array
  onError: (error: unknown) => void
}

const usualPort = 7070

export async function startCanvas({ context, port, ...options }: CanvasOptions): Promise<CanvasServer> {
  const { cluster, user, name, namespace } = context
  const startAt = (at: number): Promise<CanvasServer> =>
    startCanvasServer({
      ...options,
      cluster,
      user,
      context: { name, namespace },
      port: at,
      assets: canvasAssets(),
      clock: systemClock,
    })
  if (port !== undefined) return listening('Canvas', port, '--canvas-port', () => startAt(port))
  try {
    return await startAt(usualPort)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return startAt(0)
    throw error
  }
}

/** Sealing key of the links to the running engine's Canvas, made anew by each engine. */
export function linkKeyPath(data: string): string {
  return join(data, 'pki', 'canvas-link-key')
}

export function sessionsPath(data: string): string {
  return join(data, 'pki', 'canvas-sessions.json')
}
