// The forwards as the Canvas's server has them: read every two seconds, and only while something shows them.

import { useEffect } from 'react'
import { create } from 'zustand'
import { type Forward, type ForwardTarget, forwardsApi } from '../data/forwards.ts'
import { isKubeError } from '../data/kube-api.ts'
import { messageOf } from './session.ts'
import { toast } from './store.ts'

/** undefined until they were read. */
const useForwardStore = create<{ forwards: readonly Forward[] | undefined }>()(() => ({ forwards: undefined }))

const periodMs = 2000
let followers = 0
let timer: ReturnType<typeof setTimeout> | undefined
/** An answer that a newer question overtook says what is no longer so. */
let asked = 0

export function useForwards(): readonly Forward[] | undefined {
  useEffect(follow, [])
  return useForwardStore(({ forwards }) => forwards)
}

function follow(): () => void {
  if (++followers === 1) run()
  return () => {
    if (--followers === 0) clearTimeout(timer)
  }
}

function run(): void {
  clearTimeout(timer)
  read()
    .catch((error: unknown) => {
      // Out of reach for now, which the connection's state says.
      if (!isKubeError(error)) throw error
    })
    .finally(() => {
      if (followers > 0) timer = setTimeout(run, periodMs)
    })
}

async function read(): Promise<void> {
  if (document.hidden) return
  const question = ++asked
  const forwards = await forwardsApi.list()
  if (question === asked) useForwardStore.setState({ forwards })
}

/** Rejects with KubeError, whose causes name `localPort` where it cannot be had. */
export async function startForward(target: ForwardTarget, localPort: number | undefined): Promise<void> {
  const forward = await forwardsApi.start({ ...target, ...(localPort === undefined ? {} : { localPort }) })
  asked++
  useForwardStore.setState(({ forwards = [] }) => ({ forwards: [...forwards, forward] }))
}

export async function stopForward(id: string): Promise<void> {
  try {
    await forwardsApi.stop(id)
  } catch (error) {
    // Stopped by another page: that it is gone is what was wanted.
    if (!isKubeError(error) || error.reason !== 'NotFound') {
      toast({ severity: 'bad', title: messageOf(error) })
      return
    }
  }
  asked++
  useForwardStore.setState(({ forwards = [] }) => ({ forwards: forwards.filter((one) => one.id !== id) }))
}
