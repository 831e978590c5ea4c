// The first address of a CIDR: that of the Service `kubernetes`.

export function firstAddress(cidr: string): string {
  const [base = ''] = cidr.split('/')
  const parts = base.split('.').map(Number)
  parts[3] = (parts[3] ?? 0) + 1
  return parts.join('.')
}
