// Amounts of bytes that are no whole number are taken, with a warning.

import { parseQuantity } from '../quantity.ts'

const thousandth = 1_000_000n

/** `value` is a quantity in canonical text. */
export function fractionalByteWarning(warnings: string[], path: string, value: string | number | undefined): void {
  if (value === undefined) return
  const { nano } = parseQuantity(value)
  // As upstream, in thousandths that are rounded up.
  const milli = nano <= 0n ? nano / thousandth : (nano + thousandth - 1n) / thousandth
  if (milli % 1000n === 0n) return
  warnings.push(`${path}: fractional byte value ${JSON.stringify(String(value))} is invalid, must be an integer`)
}
