import { describe, expect, it } from 'vitest'
import { linePath } from '../../src/web/graph/line-path.ts'

const sample = (...pods: [string, number][]) => ({
  usage: new Map(pods.map(([name, cpu]) => [name, { cpu, bytes: 0 }])),
})

describe('the line of a node', () => {
  it('ends at the right with the newest sample, and sums the pods', () => {
    expect(linePath([sample(['a', 1]), sample(['a', 1], ['b', 1])], ['a', 'b'], 'cpu')).toBe('M98 9L100 1')
  })

  it('has a gap where nothing was measured', () => {
    const samples = [sample(['a', 1]), { usage: undefined }, sample(['a', 1])]
    expect(linePath(samples, ['a'], 'cpu')).toBe('M97 1M100 1')
  })

  it('is none where nothing is used or measured', () => {
    expect(linePath([sample(['a', 1]), sample(['a', 1])], ['a'], 'bytes')).toBe('')
    expect(linePath([], ['a'], 'cpu')).toBe('')
  })
})
