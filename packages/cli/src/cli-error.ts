// Errors for people: one line that says what failed, why, and what to do next; and the exit code that goes with it.

export const exitCodes = { done: 0, failed: 1, usage: 2 } as const

export class CliError extends Error {
  readonly exitCode: number

  constructor(message: string, options: ErrorOptions & { exitCode?: number } = {}) {
    super(message, options)
    this.name = 'CliError'
    this.exitCode = options.exitCode ?? exitCodes.failed
  }
}

/** One line for whatever was thrown. */
export function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return `binnacle: ${message}`
}
