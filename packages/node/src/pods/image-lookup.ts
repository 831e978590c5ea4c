// The image of a container, or why it waits for one: the reasons, events and back-off of the kubelet's image manager.
// Upstream: pkg/kubelet/images/image_manager.go (EnsureImageExists).

import type { Container } from '@binnacle/api'
import type { EventType } from '@binnacle/client'
import type { ImageStore, ResolvedImage } from '../runtime.ts'
import type { ManagedContainer } from './managed-container.ts'

type Say = (type: EventType, reason: string, message: string) => void

export interface ImageLookup {
  images: ImageStore
  /** Milliseconds since the epoch. */
  now: number
  container: Container
  managed: ManagedContainer
  say: Say
}

/**
 * Milliseconds. The store is on this machine, so looking costs nothing: while the status counts down the back-off of a
 * real pull, an image that is built or pushed meanwhile is found all the same.
 */
export const imageLookMs = 2000

/** undefined where the image is missing; `managed.waiting` then says why. */
export async function findImage(lookup: ImageLookup): Promise<ResolvedImage | undefined> {
  const { images, container, managed, say } = lookup
  const reference = container.image ?? ''
  try {
    const found = await images.resolve(reference)
    if (found === undefined) {
      const hint = `make it with \`binnacle build DIR -t ${reference}\` or push it to the engine's registry`
      missing(lookup, `image "${reference}" is not in this engine's store: ${hint}`)
      return undefined
    }
    managed.pulls.reset()
    const where = 'already present on machine and can be accessed by the pod'
    say('Normal', 'Pulled', `Container image "${reference}" ${where}`)
    return found
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    if (error instanceof Error && error.name === 'InvalidReferenceError') {
      const message = `Failed to apply default image tag "${reference}": ${why}`
      managed.waiting = { reason: 'InvalidImageName', message }
      say('Warning', 'InspectFailed', message)
    } else missing(lookup, why)
    return undefined
  }
}

function missing({ container, managed, now, say }: ImageLookup, why: string): void {
  const reference = container.image ?? ''
  const before = managed.waiting?.reason
  if (container.imagePullPolicy === 'Never') {
    if (before === 'ErrImageNeverPull') return
    const message = `Container image "${reference}" is not present with pull policy of Never`
    managed.waiting = { reason: 'ErrImageNeverPull', message }
    say('Warning', 'ErrImageNeverPull', message)
    say('Warning', 'Failed', 'Error: ErrImageNeverPull')
  } else if (managed.pulls.leftMs === 0) {
    managed.pulls.grow()
    managed.pulls.startAt(now)
    managed.waiting = { reason: 'ErrImagePull', message: why }
    say('Normal', 'Pulling', `Pulling image "${reference}"`)
    say('Warning', 'Failed', `Failed to pull image "${reference}": ${why}`)
    say('Warning', 'Failed', 'Error: ErrImagePull')
  } else if (before !== 'ImagePullBackOff') {
    const message = `Back-off pulling image "${reference}"`
    managed.waiting = { reason: 'ImagePullBackOff', message: `${message}: ErrImagePull: ${why}` }
    say('Normal', 'BackOff', message)
    say('Warning', 'Failed', 'Error: ImagePullBackOff')
  }
}
