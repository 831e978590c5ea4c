// The shape of a small line of the newest samples.

interface Measured {
  usage: ReadonlyMap<string, Readonly<Record<'cpu' | 'bytes', number>>> | undefined
}

/** Two minutes. */
const shownSamples = 60
export const lineWidth = 100
export const lineHeight = 16

/** An SVG path of the sum over the pods, each figure by its own greatest value; a gap where nothing was measured. */
export function linePath(samples: readonly Measured[], pods: readonly string[], figure: 'cpu' | 'bytes'): string {
  const values = samples.slice(-shownSamples).map(({ usage }) => {
    const used = pods.flatMap((pod) => usage?.get(pod) ?? [])
    return used.length === 0 ? undefined : used.reduce((sum, one) => sum + one[figure], 0)
  })
  const most = Math.max(0, ...values.flatMap((value) => value ?? []))
  if (most === 0 || values.length < 2) return ''
  const step = lineWidth / (shownSamples - 1)
  const first = shownSamples - values.length
  let isDown = false
  return values
    .map((value, index) => {
      if (value === undefined) {
        isDown = false
        return ''
      }
      const letter = isDown ? 'L' : 'M'
      isDown = true
      return `${letter}${Math.round((first + index) * step)} ${Math.round((lineHeight - 1) * (1 - value / most)) + 1}`
    })
    .join('')
}
