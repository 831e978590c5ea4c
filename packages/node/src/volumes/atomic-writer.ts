// Files of a volume, exchanged all at once: a folder with a time in its name, a link `..data` to it that is replaced by
// rename, and links to the files through `..data`. Programs that watch for that see it as on any node.
// Upstream: pkg/volume/util/atomic_writer.go.

import { chmod, lchown, mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ifMissing } from '../missing-file.ts'

export interface VolumeFile {
  data: Buffer
  mode: number
}

export interface Ownership {
  uid: number
  gid: number
}

/** Returns whether anything has changed. */
export async function writeAtomically(
  directory: string,
  files: ReadonlyMap<string, VolumeFile>,
  owner?: Ownership,
): Promise<boolean> {
  await mkdir(directory, { recursive: true })
  const current = await readlink(join(directory, '..data')).catch(ifMissing(undefined))
  if (current !== undefined && (await isSame(join(directory, current), files))) return false
  // The name only has to be new; upstream's is a time as well.
  const next = `..${new Date().toISOString().replaceAll(/[-:TZ]/g, '_')}${process.hrtime.bigint() % 1_000_000_000n}`
  for (const [path, { data, mode }] of files) {
    const target = join(directory, next, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, data)
    // writeFile's mode is cut by the umask.
    await chmod(target, mode)
    if (owner !== undefined) await lchown(target, owner.uid, owner.gid)
  }
  if (files.size === 0) await mkdir(join(directory, next), { recursive: true })
  await symlink(next, join(directory, '..data_tmp'))
  await rename(join(directory, '..data_tmp'), join(directory, '..data'))
  await linkVisible(directory, files)
  if (current !== undefined) await rm(join(directory, current), { recursive: true, force: true })
  return true
}

async function linkVisible(directory: string, files: ReadonlyMap<string, VolumeFile>): Promise<void> {
  const wanted = new Set([...files.keys()].map((path) => path.split('/')[0] ?? path))
  const present = new Set((await readdir(directory)).filter((name) => !name.startsWith('..')))
  for (const name of wanted) if (!present.has(name)) await symlink(join('..data', name), join(directory, name))
  for (const name of present) if (!wanted.has(name)) await rm(join(directory, name), { force: true })
}

async function isSame(directory: string, files: ReadonlyMap<string, VolumeFile>): Promise<boolean> {
  const present = await readdir(directory, { recursive: true, withFileTypes: true }).catch(ifMissing([]))
  if (present.filter((entry) => entry.isFile()).length !== files.size) return false
  for (const [path, { data }] of files) {
    const found = await readFile(join(directory, path)).catch(ifMissing(undefined))
    if (found === undefined || !found.equals(data)) return false
  }
  return true
}
