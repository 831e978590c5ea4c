// Many like operations, in batches of 1, 2, 4, … so that a fault that hits all of them is met once, not a thousand times.
// Upstream: pkg/controller/replicaset slowStartBatch.

/** How many succeeded, and the first failure. Operations after a failed batch are not tried. */
export async function slowStart(
  count: number,
  operation: (index: number) => Promise<unknown>,
): Promise<{ succeeded: number; error?: unknown }> {
  let succeeded = 0
  for (let start = 0, size = 1; start < count; start += size, size *= 2) {
    const batch = Array.from({ length: Math.min(size, count - start) }, (_, index) => operation(start + index))
    const results = await Promise.allSettled(batch)
    succeeded += results.filter(({ status }) => status === 'fulfilled').length
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) return { succeeded, error: failed.reason }
  }
  return { succeeded }
}
