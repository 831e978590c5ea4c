import { describe, expect, it } from 'vitest'
import { CpuRates } from '../src/server/cpu-rates.ts'

describe('CPU in use', () => {
  it('is the time used between two readings', () => {
    const rates = new CpuRates()
    expect(rates.rate('a', 1e9, 0)).toBeUndefined()
    expect(rates.rate('a', 1.5e9, 1000)).toBe(5e8)
  })

  it('is the one before where readings are too close', () => {
    const rates = new CpuRates()
    rates.rate('a', 0, 0)
    rates.rate('a', 1e9, 1000)
    expect(rates.rate('a', 1.4e9, 1100)).toBe(1e9)
    expect(rates.rate('a', 2e9, 2000)).toBe(1e9)
  })

  it('is not known of a container that was started anew, or that was gone', () => {
    const rates = new CpuRates()
    rates.rate('a', 5e9, 0)
    expect(rates.rate('a', 1e8, 1000)).toBeUndefined()
    rates.keep(new Set())
    expect(rates.rate('a', 2e8, 2000)).toBeUndefined()
  })
})
