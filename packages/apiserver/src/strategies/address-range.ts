// An IPv4 range in CIDR form, by offset.

export interface AddressRange {
  readonly text: string
  readonly base: number
  readonly size: number
  contains(address: string): boolean
}

/** Throws RangeError for what is not an IPv4 CIDR. */
export function parseRange(text: string): AddressRange {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(text)
  const address = match?.[1] === undefined ? undefined : addressNumber(match[1])
  const bits = Number(match?.[2])
  if (address === undefined || !(bits <= 30)) throw new RangeError(`${text} is not an IPv4 range such as 10.96.0.0/16`)
  const size = 2 ** (32 - bits)
  const base = address - (address % size)
  const contains = (candidate: string): boolean => {
    const number = addressNumber(candidate)
    return number !== undefined && number > base && number < base + size - 1
  }
  return { text, base, size, contains }
}

export function addressText({ base }: AddressRange, offset: number): string {
  const number = base + offset
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
}

function addressNumber(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || parts.some((part) => !/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255))
    return undefined
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0)
}
