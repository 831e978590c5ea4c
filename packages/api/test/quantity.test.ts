import { describe, expect, it } from 'vitest'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  milliValue,
  parseQuantity,
  quantityFormatError,
  quantityValue,
} from '../src/quantity.ts'

describe('quantities', () => {
  it.each([
    ['0', '0'],
    ['1000m', '1'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['1.', '1'],
    ['1500m', '1500m'],
    ['1000', '1k'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['1025Ki', '1025Ki'],
    ['0.5Ki', '512'],
    ['1023', '1023'],
    ['1e3', '1e3'],
    ['1E3', '1e3'],
    ['1E', '1E'],
    ['1e-3', '1e-3'],
    ['-1', '-1'],
    ['+1', '1'],
    ['0.1n', '1n'],
    ['9999999999999999999Ei', '9223372036854775807'],
  ])('writes %s as %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical)
  })

  it('shows a fraction of bytes in thousandths instead of losing it', () => {
    expect(canonicalQuantity('0.1Gi')).toBe('107374182400m')
  })

  it.each(['', '.', '1x', '1 Gi', 'Gi', '1.2.3', '1KI', '1ki', '--1', '1e', '0x10', 'NaN'])('refuses %j', (text) => {
    expect(() => parseQuantity(text)).toThrow(quantityFormatError)
  })

  it('takes numbers as they stand in YAML', () => {
    expect(canonicalQuantity(1)).toBe('1')
    expect(canonicalQuantity(0.25)).toBe('250m')
  })

  it('does not build a number of a billion digits', () => {
    expect(() => parseQuantity('1e999999999')).not.toThrow()
    expect(() => parseQuantity('1e-999999999')).not.toThrow()
  })

  it('compares and adds exactly, in the notation of the first that is not zero', () => {
    expect(compareQuantities(parseQuantity('1Gi'), parseQuantity('1G'))).toBe(1)
    expect(compareQuantities(parseQuantity('1000m'), parseQuantity('1'))).toBe(0)
    expect(formatQuantity(addQuantities(parseQuantity('1Gi'), parseQuantity('1Gi')))).toBe('2Gi')
    expect(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('1Gi')))).toBe('1Gi')
    expect(formatQuantity(addQuantities(parseQuantity('100m'), parseQuantity('1')))).toBe('1100m')
  })

  it('rounds whole numbers and thousandths up', () => {
    expect(quantityValue('1500m')).toBe(2)
    expect(milliValue('1500u')).toBe(2)
    expect(quantityValue('-1500m')).toBe(-2)
    expect(milliValue('2')).toBe(2000)
  })
})
