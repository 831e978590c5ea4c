import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'

// A file that may not grow stands for a disk that is full: LMDB's write fails in the same place.
test(
  'a disk that fills up fails that write and all later ones; reads go on and nothing acknowledged is lost',
  { skip: process.platform === 'win32' },
  () => {
    const script = join(import.meta.dirname, 'fill-the-disk.ts')
    const result = spawnSync(
      'sh',
      ['-c', 'ulimit -f 4000; exec "$0" "$@"', process.execPath, script, temporaryFolder()],
      { encoding: 'utf8' },
    )
    const report = JSON.parse(result.stdout) as { live: Record<string, number>; message: string } & Record<
      string,
      unknown
    >
    const { acknowledged } = report.live
    expect(acknowledged).toBeGreaterThan(10)
    expect(report).toEqual({
      live: { acknowledged, revision: acknowledged, objects: acknowledged, seen: acknowledged, readable: true },
      reopened: { revision: acknowledged, objects: acknowledged },
      failures: 1,
      refused: true,
      sameLater: true,
      message: report.message,
    })
    expect(report.message).toMatch(
      /^StoreFailure: the data folder .* refuses writes \(.+\): reads go on; mend it and restart$/,
    )
  },
)
