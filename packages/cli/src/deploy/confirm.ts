// A question that stands between a command and what cannot be undone by the same command.

import { createInterface } from 'node:readline/promises'
import { CliError } from '../cli-error.ts'

/** Goes on only where the person types `word`, or said `--yes`. @throws CliError otherwise, and where nobody can answer */
export async function confirm(what: string, { word, yes }: { word: string; yes: boolean | undefined }): Promise<void> {
  if (yes === true) return
  if (!process.stdin.isTTY) throw new CliError(`nobody is here to confirm: to ${what} without being asked, add --yes`)
  const reader = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await reader.question(`To ${what}, type ${word}: `)
    if (answer.trim() !== word) throw new CliError(`not confirmed: nothing was changed`)
  } finally {
    reader.close()
  }
}
