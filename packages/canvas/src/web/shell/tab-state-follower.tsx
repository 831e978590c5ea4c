// Keeps the browser's tab in step with the application.

import { useEffect } from 'react'
import { useShownNodes } from '../state/shown-nodes.ts'
import { stagedEdits, useCanvas } from '../state/store.ts'
import { tabIcon, tabStateOf } from '../state/tab-state.ts'
import { texts } from '../texts.ts'

export function TabStateFollower(): undefined {
  const application = useCanvas(({ place }) => place?.application)
  const isDeploying = useCanvas(({ deployment }) => deployment.phase === 'running')
  const isLost = useCanvas(
    ({ place, connection, isSynced }) => place !== undefined && isSynced && connection !== 'open',
  )
  const staged = useCanvas(({ graph }) => stagedEdits(graph))
  const nodes = useShownNodes()
  const isOpen = application !== undefined
  const { word, dot } = tabStateOf({
    isDeploying,
    isLost,
    states: isOpen ? nodes.map(({ status }) => status.state) : [],
    staged: isOpen ? staged : 0,
  })
  useEffect(() => {
    document.title = [word, application, texts.product].filter((part) => part !== undefined).join(' · ')
  }, [word, application])
  useEffect(() => {
    document.querySelector('link[rel=icon]')?.setAttribute('href', tabIcon({ dot }))
  }, [dot])
  return undefined
}
