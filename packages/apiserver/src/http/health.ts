// /livez, /readyz and /healthz, with ?verbose, ?exclude= and single checks below them, in upstream's words.
// Upstream: apiserver pkg/server/healthz.

export interface HealthCheck {
  name: string
  /** What is wrong; undefined when nothing is. */
  problem: () => string | undefined
}

export interface HealthAnswer {
  code: 200 | 404 | 500
  text: string
}

export function healthAnswer(
  endpoint: string,
  checks: readonly HealthCheck[],
  path: string,
  query: URLSearchParams,
): HealthAnswer {
  const single = path.slice(endpoint.length + 2)
  if (single !== '') {
    const check = checks.find(({ name }) => name === single)
    if (check === undefined) return { code: 404, text: '404 page not found\n' }
    const problem = check.problem()
    return problem === undefined
      ? { code: 200, text: 'ok' }
      : { code: 500, text: `internal server error: ${problem}\n` }
  }
  const excluded = new Set(query.getAll('exclude'))
  const lines: string[] = []
  let isHealthy = true
  for (const { name, problem } of checks) {
    if (excluded.delete(name)) {
      lines.push(`[+]${name} excluded: ok`)
      continue
    }
    const isFine = problem() === undefined
    // Why is for the log; whoever may ask here need not know.
    lines.push(isFine ? `[+]${name} ok` : `[-]${name} failed: reason withheld`)
    isHealthy &&= isFine
  }
  if (excluded.size > 0) {
    lines.push(
      `warn: some health checks cannot be excluded: no matches for ${[...excluded].map((name) => JSON.stringify(name)).join(',')}`,
    )
  }
  if (!isHealthy) return { code: 500, text: `${lines.join('\n')}\n${endpoint} check failed\n` }
  return query.has('verbose')
    ? { code: 200, text: `${lines.join('\n')}\n${endpoint} check passed\n` }
    : { code: 200, text: 'ok' }
}
