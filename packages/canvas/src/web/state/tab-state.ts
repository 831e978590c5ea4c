// The browser's tab says how the application is while another page is looked at: a word in the title, a dot on the icon.

import type { NodeState } from '@binnacle/canvas-core'
import { texts } from '../texts.ts'

export interface TabState {
  /** Before the application's name; undefined where all is well. */
  word: string | undefined
  /** Colour of the dot, readable on light and dark tabs; undefined for none. */
  dot: string | undefined
}

interface Facts {
  isDeploying: boolean
  isLost: boolean
  states: readonly NodeState[]
  staged: number
}

const dots = { bad: '#e5484d', warn: '#d9930d', run: '#3b82f6', staged: '#8b6cf0', ok: '#1fa971' } as const

/** What most wants to be known of it. */
export function tabStateOf({ isDeploying, isLost, states, staged }: Facts): TabState {
  const count = (...wanted: NodeState[]): number => states.filter((state) => wanted.includes(state)).length
  const failing = count('failed', 'degraded')
  const starting = count('progressing')
  if (isLost) return { word: texts.cluster.reconnecting, dot: dots.warn }
  if (isDeploying) return { word: texts.staged.deploying, dot: dots.run }
  if (failing > 0) return { word: texts.dock.failing(failing), dot: dots.bad }
  if (staged > 0) return { word: texts.staged.bar(staged), dot: dots.staged }
  if (starting > 0) return { word: texts.dock.starting(starting), dot: dots.run }
  return { word: undefined, dot: count('ready') > 0 ? dots.ok : undefined }
}

/** The mark with the dot, as the address of an image. */
export function tabIcon({ dot }: Pick<TabState, 'dot'>): string {
  const needle = '<path d="m11 4.2 2.4 6.8L11 17.8 8.6 11z" fill="#5b7cf0" fill-opacity=".35"/><path d="M8.6 11h4.8"/>'
  const mark = `<g fill="none" stroke="#5b7cf0" stroke-width="1.9"><circle cx="11" cy="11" r="8.6"/>${needle}</g>`
  const state = dot === undefined ? '' : `<circle cx="17" cy="17" r="4.6" fill="${dot}"/>`
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 22 22">${mark}${state}</svg>`
  return `data:image/svg+xml,${encodeURIComponent(picture)}`
}
