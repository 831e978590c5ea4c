// Numbers with their units, as people read them.

export function rate(perSecond: number): string {
  if (perSecond === 0) return '0 req/s'
  return `${perSecond < 10 ? trimmed(perSecond, 1) : Math.round(perSecond).toLocaleString('en')} req/s`
}

export function percent(share: number): string {
  const value = share * 100
  return `${value === 0 ? '0' : value < 10 ? trimmed(value, 1) : Math.round(value)} %`
}

export function milliseconds(value: number): string {
  if (value >= 10_000) return `${trimmed(value / 1000, 1)} s`
  return `${value < 10 ? trimmed(value, 1) : Math.round(value).toLocaleString('en')} ms`
}

const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

export function bytes(value: number): string {
  let rest = value
  let step = 0
  while (rest >= 1024 && step < steps.length - 1) {
    rest /= 1024
    step += 1
  }
  return `${step === 0 ? Math.round(rest) : rest < 10 ? trimmed(rest, 1) : Math.round(rest)} ${steps[step]}`
}

/** CPU in cores: `30 mCPU`, `1.2 cores`. */
export function cores(value: number): string {
  return value < 1 ? `${Math.round(value * 1000)} mCPU` : `${trimmed(value, 1)} cores`
}

/** `12 s`, `4 min`, `3 h`, `2 d` */
export function age(fromMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - fromMs) / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$/, '')
}
