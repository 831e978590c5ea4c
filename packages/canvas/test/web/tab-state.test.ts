import { describe, expect, it } from 'vitest'
import { tabIcon, tabStateOf } from '../../src/web/state/tab-state.ts'

const calm = { isDeploying: false, isLost: false, states: ['ready', 'ready'], staged: 0 } as const

describe('the tab', () => {
  it('says nothing where all is well, but shows it', () => {
    const { word, dot } = tabStateOf(calm)
    expect(word).toBeUndefined()
    expect(dot).toBeDefined()
    expect(tabStateOf({ ...calm, states: [] })).toEqual({ word: undefined, dot: undefined })
  })

  it('says what wants to be known first', () => {
    const states = ['failed', 'progressing', 'ready'] as const
    expect(tabStateOf({ ...calm, states, staged: 2 }).word).toBe('1 failing')
    expect(tabStateOf({ ...calm, states, isDeploying: true }).word).toBe('Deploying…')
    expect(tabStateOf({ ...calm, states, isLost: true }).word).toBe('Reconnecting…')
    expect(tabStateOf({ ...calm, states: ['progressing'], staged: 2 }).word).toBe('2 staged changes')
    expect(tabStateOf({ ...calm, states: ['progressing'] }).word).toBe('1 starting')
  })

  it('draws the dot on the icon', () => {
    expect(decodeURIComponent(tabIcon({ dot: '#e5484d' }))).toContain('fill="#e5484d"')
    expect(decodeURIComponent(tabIcon({ dot: undefined })).match(/<circle/g)).toHaveLength(1)
  })
})
