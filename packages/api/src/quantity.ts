// Resource quantities (k8s.io/apimachinery pkg/api/resource): a fixed-point number with at most nine decimals and the
// notation in which it is to be written again. Exact: all arithmetic is on BigInt counts of 10⁻⁹.

/** How a quantity is written: `500m`, `64Mi` or `1e3`. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

export interface Quantity {
  /** The amount times 10⁹. */
  readonly nano: bigint
  readonly format: QuantityFormat
}

/** The one text with which upstream refuses every malformed quantity. */
export const quantityFormatError =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

const unit = 1_000_000_000n
/** Upstream caps binary quantities that do not fit a signed 64-bit integer. */
const largest = (2n ** 63n - 1n) * unit

/** Suffix to power of ten. */
const decimalSuffixes = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
])
const suffixOfExponent = new Map([...decimalSuffixes].map(([suffix, exponent]) => [exponent, suffix]))
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const

const shape = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+)?$/

/** Keeps `1e999999999` from building a number of that size. */
const largestShift = 60

/** Parses the text or number of a quantity; throws a RangeError with upstream's text. Values finer than 10⁻⁹ round up. */
export function parseQuantity(value: string | number): Quantity {
  const text = typeof value === 'number' ? String(value) : value
  const match = shape.exec(text)
  const whole = match?.[2] ?? ''
  const fraction = match?.[3] ?? ''
  if (!match || whole.length + fraction.length === 0) throw new RangeError(quantityFormatError)
  const suffix = match[4] ?? ''
  const { exponent, factor, format } = readSuffix(suffix)

  let mantissa = BigInt(whole + fraction) * factor
  const shift = 9 + exponent - fraction.length
  if (mantissa !== 0n && shift > largestShift) mantissa = largest
  else if (shift >= 0) mantissa *= 10n ** BigInt(shift)
  else mantissa = divideUp(mantissa, shift < -1000 ? 10n ** 1000n : 10n ** BigInt(-shift))
  if (format === 'BinarySI' && mantissa > largest) mantissa = largest
  const nano = match[1] === '-' ? -mantissa : mantissa
  // A fraction of a byte is written with a decimal suffix, as upstream does to avoid a misleading 0.
  return { nano, format: format === 'BinarySI' && mantissa > 0n && mantissa < unit ? 'DecimalSI' : format }
}

function readSuffix(suffix: string): { exponent: number; factor: bigint; format: QuantityFormat } {
  const decimal = decimalSuffixes.get(suffix)
  if (decimal !== undefined) return { exponent: decimal, factor: 1n, format: 'DecimalSI' }
  if (suffix.endsWith('i')) {
    const power = binarySuffixes.indexOf(suffix as (typeof binarySuffixes)[number])
    return { exponent: 0, factor: 1024n ** BigInt(power), format: 'BinarySI' }
  }
  return { exponent: Number(suffix.slice(1)), factor: 1n, format: 'DecimalExponent' }
}

/** Rounds away from zero; both are non-negative. */
function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}

/** Whether the text is one that parseQuantity takes. */
export function isQuantity(value: unknown): value is string | number {
  if (typeof value !== 'string' && typeof value !== 'number') return false
  try {
    parseQuantity(value)
    return true
  } catch {
    return false
  }
}

/** Quantities repeat (`100m`, `128Mi`): remembering their canonical text spares the arithmetic. */
const canonicalTexts = new Map<string, string>()
const rememberedTexts = 2000

/** The text as upstream stores it: `1000m` → `1`, `0.5` → `500m`, `1024Mi` → `1Gi`. Throws as parseQuantity. */
export function canonicalQuantity(value: string | number): string {
  const text = typeof value === 'number' ? String(value) : value
  const known = canonicalTexts.get(text)
  if (known !== undefined) return known
  const canonical = formatQuantity(parseQuantity(text))
  if (canonicalTexts.size >= rememberedTexts) canonicalTexts.clear()
  canonicalTexts.set(text, canonical)
  return canonical
}

/** Writes the quantity without loss, with the largest suffix that needs no fraction (Quantity.CanonicalizeBytes). */
export function formatQuantity(quantity: Quantity): string {
  const { nano } = quantity
  if (nano === 0n) return '0'
  const sign = nano < 0n ? '-' : ''
  const size = nano < 0n ? -nano : nano
  // Whole numbers from 1Ki on; everything else would lose precision or confuse.
  if (quantity.format === 'BinarySI' && size >= 1024n * unit && size % unit === 0n)
    return sign + binaryText(size / unit)
  const [digits, exponent] = decimalParts(size, quantity.format === 'DecimalExponent' ? largestShift : 18)
  if (quantity.format === 'DecimalExponent') return sign + digits + (exponent === 0 ? '' : `e${exponent}`)
  return sign + digits + (suffixOfExponent.get(exponent) ?? '')
}

function binaryText(size: bigint): string {
  let whole = size
  let power = 0
  while (power < binarySuffixes.length - 1 && whole % 1024n === 0n) {
    whole /= 1024n
    power++
  }
  return `${whole}${binarySuffixes[power]}`
}

function decimalParts(size: bigint, largestExponent: number): [digits: string, exponent: number] {
  let digits = size
  let exponent = -9
  while (exponent < largestExponent && digits % 1000n === 0n) {
    digits /= 1000n
    exponent += 3
  }
  return [String(digits), exponent]
}

export function compareQuantities(left: Quantity, right: Quantity): number {
  if (left.nano === right.nano) return 0
  return left.nano < right.nano ? -1 : 1
}

/** The notation is that of `left`, unless it is zero (Quantity.Add). */
export function addQuantities(left: Quantity, right: Quantity): Quantity {
  return { nano: left.nano + right.nano, format: left.nano === 0n ? right.format : left.format }
}

export function subtractQuantities(left: Quantity, right: Quantity): Quantity {
  return { nano: left.nano - right.nano, format: left.nano === 0n ? right.format : left.format }
}

/** The whole number, rounded up (Quantity.Value); exact up to 2⁵³. */
export function quantityValue(value: string | number | Quantity): number {
  return scaled(value, unit)
}

/** Thousandths, rounded up (Quantity.MilliValue): CPU shares. */
export function milliValue(value: string | number | Quantity): number {
  return scaled(value, 1_000_000n)
}

function scaled(value: string | number | Quantity, divisor: bigint): number {
  const { nano } = typeof value === 'object' ? value : parseQuantity(value)
  return nano < 0n ? -Number(divideUp(-nano, divisor)) : Number(divideUp(nano, divisor))
}

/** Rounds up to thousandths (SetDefaults_ResourceList). */
export function roundUpToMilli(quantity: Quantity): Quantity {
  const step = 1_000_000n
  if (quantity.nano % step === 0n) return quantity
  const size = quantity.nano < 0n ? -quantity.nano : quantity.nano
  const rounded = divideUp(size, step) * step
  return { nano: quantity.nano < 0n ? -rounded : rounded, format: quantity.format }
}
