// Ports that cannot be had, in words that say what to do.

import { CliError } from './cli-error.ts'

export async function listening<T>(what: string, port: number, flag: string, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'EADDRINUSE')
      throw new CliError(
        `port ${port} of the ${what} is taken by another program: choose one with ${flag} (0: any free one)`,
        { cause: error },
      )
    if (code === 'EACCES')
      throw new CliError(`port ${port} of the ${what} needs a privilege: choose one above 1023 with ${flag}`, {
        cause: error,
      })
    throw error
  }
}
