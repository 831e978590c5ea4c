// `binnacle down`: ends the engine that runs on the data folder, and waits until it and its programs are gone.

import { setTimeout as delay } from 'node:timers/promises'
import { CliError } from '../cli-error.ts'
import { dataPath, isRunning, readRecord } from '../data-directory.ts'

/** Longer than the longest grace that pods get when the engine ends. */
const patienceMs = 60_000
const pollMs = 50

export async function down(options: { data?: string }): Promise<void> {
  const data = dataPath(options.data)
  const record = await readRecord(data)
  if (record === undefined) {
    console.log(`no engine runs on ${data}`)
    return
  }
  process.kill(record.pid, 'SIGTERM')
  const until = Date.now() + patienceMs
  while (isRunning(record.pid)) {
    if (Date.now() > until)
      throw new CliError(
        `the engine (pid ${record.pid}) has not ended after ${patienceMs / 1000} s; look at ${data}/engine.log`,
      )
    await delay(pollMs)
  }
  console.log(`stopped the engine (pid ${record.pid})`)
}
