// Folders and stores that go away with the test.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ImageStore } from '../src/image-store.ts'

export interface Scratch extends AsyncDisposable {
  path: string
  write(files: Readonly<Record<string, string>>): Promise<string>
  store(): Promise<ImageStore>
}

export async function scratch(): Promise<Scratch> {
  const path = await mkdtemp(join(tmpdir(), 'binnacle-images-'))
  let folders = 0
  return {
    path,
    async write(files) {
      const folder = join(path, `source-${folders++}`)
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true })
        await writeFile(join(folder, name), text)
      }
      return folder
    },
    store: () => ImageStore.open(join(path, `store-${folders++}`)),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}
