import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { checkInvariants } from '@binnacle/testing'
import { expect, test } from 'vitest'
import { openLmdbStore } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const rounds = 5

// In the short log a turn and a checkpoint are always on their way; in the long one the kill meets what is only in the log.
const logs = { short: 64 << 10, long: 4 << 20 }

test.for(Object.entries(logs))(
  `after kill -9 under 16 writers nothing acknowledged is lost and nothing is half-written: a %s log (SEED=${seed})`,
  async ([, logLength]) => {
    const random = createRandom(seed)
    const directory = temporaryFolder()
    let total = 0
    let lastRevision = 0
    for (let round = 0; round < rounds; round++) {
      // Each round numbers its operations in a range of its own, a multiple of the period of five.
      const from = round * 1_000_000
      const output = await runAndKill(directory, { from, lines: Math.floor(random() * 3000) + 1, logLength })
      const acknowledged = parse(output)
      expect(acknowledged.openedAt).toBeGreaterThanOrEqual(lastRevision)
      total += acknowledged.count

      const store = await openLmdbStore({
        directory,
        encryptionKey: new Uint8Array(32).fill(3),
        encrypt: (key) => key.endsWith('0'),
        logLength,
      })
      try {
        checkInvariants(store)
        expect(store.revision).toBeGreaterThanOrEqual(acknowledged.revision)
        for (const [key, n] of acknowledged.last) {
          const data = (store.get(key)?.object as { data?: { n: number; filler: string } } | undefined)?.data
          // The next operation may have reached the disk without its acknowledgement having reached us.
          const possible = [n, n + 1].map((operation) =>
            operation % 5 === 4 ? undefined : { n: operation, filler: 'f'.repeat((operation * 37) % 3000) },
          )
          expect(possible).toContainEqual(data)
        }
        lastRevision = store.revision
      } finally {
        await store.close()
      }
    }
    expect(total).toBeGreaterThan(rounds)
  },
)

/** Lets the writers run until they have printed so many lines, kills them where they are, and gives all that they printed. */
async function runAndKill(
  directory: string,
  { from, lines, logLength }: { from: number; lines: number; logLength: number },
): Promise<string> {
  const script = join(import.meta.dirname, 'crash-writers.ts')
  const child = spawn(process.execPath, [script, directory, String(from), String(logLength)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  let output = ''
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk))
  let seen = 0
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    output += chunk
    for (const character of chunk) if (character === '\n') seen++
    if (seen >= lines) child.kill('SIGKILL')
  })
  const [code, signal] = (await closed) as [number | null, string | null]
  expect({ code, signal, errors }).toEqual({ code: null, signal: 'SIGKILL', errors: '' })
  return output
}

function parse(output: string): { openedAt: number; count: number; revision: number; last: Map<string, number> } {
  const last = new Map<string, number>()
  let openedAt = 0
  let revision = 0
  let count = 0
  for (const line of output.split('\n').slice(0, -1)) {
    const [key = '', first = '', second] = line.split(' ')
    if (key === 'open') {
      openedAt = Number(first)
      continue
    }
    expect(last.get(key) ?? -1).toBeLessThan(Number(first))
    last.set(key, Number(first))
    revision = Math.max(revision, Number(second))
    count++
  }
  return { openedAt, count, revision, last }
}

/** mulberry32: small, and the same everywhere for a seed. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
