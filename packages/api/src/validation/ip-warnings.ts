// Addresses that are taken, but should be written otherwise (apimachinery pkg/util/validation/ip.go). Notations that
// validation refuses since 1.36 need no warning.

import { canonicalIPv6, isIPv6 } from './fields.ts'

export function ipWarnings(warnings: string[], path: string, value: string | null | undefined): void {
  if (!value || !isIPv6(value)) return
  const canonical = canonicalIPv6(value)
  if (canonical === value) return
  warnings.push(
    `${path}: IPv6 address ${JSON.stringify(value)} should be in RFC 5952 canonical format ("${canonical}")`,
  )
}

export function cidrWarnings(warnings: string[], path: string, value: string): void {
  const [address = '', prefix = ''] = value.split('/')
  if (!isIPv6(address)) return
  const canonical = `${canonicalIPv6(address)}/${prefix}`
  if (canonical === value) return
  const format = 'should be in RFC 5952 canonical format'
  warnings.push(`${path}: IPv6 CIDR value ${JSON.stringify(value)} ${format} ("${canonical}")`)
}
