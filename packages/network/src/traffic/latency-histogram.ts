// Latencies in buckets that grow by the square root of two: a percentile read from them is at most 19 % off its bucket's
// middle, from a quarter of a millisecond to 65 seconds.

const steps = 36

/** 0.25, 0.354, 0.5, 0.707, 1 … 65500 milliseconds. */
export const latencyBuckets: readonly number[] = Array.from({ length: steps + 1 }, (_, step) =>
  Number((2 ** (step / 2 - 2)).toPrecision(3)),
)

/** Index into counts: the first bucket whose bound is not below the value; `latencyBuckets.length` above the last. */
export function bucketOf(ms: number): number {
  let low = 0
  let high = latencyBuckets.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ms <= (latencyBuckets[middle] ?? Infinity)) high = middle
    else low = middle + 1
  }
  return low
}
