import { describe, expect, it } from 'vitest'
import { lineDiff } from '../../src/web/dialogs/line-diff.ts'

function shown(before: string, after: string): string {
  const signs = { same: ' ', added: '+', removed: '-' }
  return lineDiff(before.split(''), after.split(''))
    .map(({ text, type }) => signs[type] + text)
    .join('')
}

describe('two texts line by line', () => {
  it('keep what they have in common', () => {
    expect(shown('abc', 'abc')).toBe(' a b c')
    expect(shown('abc', 'axc')).toBe(' a-b+x c')
    expect(shown('abc', 'xbcd')).toBe('-a+x b c+d')
    expect(shown('', 'ab')).toBe('+a+b')
    expect(shown('ab', '')).toBe('-a-b')
    expect(shown('abcabba', 'cbabac').replaceAll(/[+-]./g, '')).toHaveLength(8)
  })
})
