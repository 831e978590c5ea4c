// Fields that take a number or a string: ports by number or name, counts or percentages (apimachinery pkg/util/intstr).

export type IntOrString = number | string

const percent = /^[0-9]+%$/

export function isPercent(value: IntOrString): value is string {
  return typeof value === 'string' && percent.test(value)
}

/**
 * A count as it is, a percentage of `total` rounded as asked (intstr.GetScaledValueFromIntOrPercent). Throws a
 * RangeError for a string that is no percentage.
 */
export function scaledValue(value: IntOrString, total: number, rounding: 'up' | 'down'): number {
  if (typeof value === 'number') return value
  if (!isPercent(value)) {
    throw new RangeError(`invalid value for IntOrString: invalid type: string is not a percentage`)
  }
  const exact = (Number(value.slice(0, -1)) * total) / 100
  return rounding === 'up' ? Math.ceil(exact) : Math.floor(exact)
}
