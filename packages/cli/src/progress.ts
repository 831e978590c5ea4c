// A line for each step on standard error, so that standard output stays for what scripts read.

import { styleText } from 'node:util'

export interface Progress {
  step(text: string): void
  warn(text: string): void
}

export const silent: Progress = { step: () => undefined, warn: (text) => process.stderr.write(`warning: ${text}\n`) }

export function progress(options: { json: boolean }): Progress {
  if (options.json) return silent
  const dim = (text: string): string => styleText('dim', text, { stream: process.stderr })
  return {
    step: (text) => process.stderr.write(`${dim('·')} ${text}\n`),
    warn: (text) => process.stderr.write(`${styleText('yellow', 'warning:', { stream: process.stderr })} ${text}\n`),
  }
}
