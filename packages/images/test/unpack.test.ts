import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type Header, pack } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import { unpackLayer } from '../src/unpack.ts'
import { scratch } from './fixtures.ts'

async function layer(...entries: [Pick<Header, 'name'> & Partial<Header>, string?][]): Promise<Readable> {
  const archive = pack()
  for (const [header, content] of entries) archive.entry(header, content ?? '')
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of Readable.from(archive)) chunks.push(chunk as Buffer)
  return Readable.from(chunks)
}

describe('unpacking layers', () => {
  it('whiteouts remove what lower layers had', async () => {
    await using temporary = await scratch()
    const root = temporary.path
    await unpackLayer(
      await layer([{ name: 'a/one' }, '1'], [{ name: 'a/two' }, '2'], [{ name: 'b/old' }, 'x']),
      'tar',
      root,
    )
    await unpackLayer(
      await layer([{ name: 'a/.wh.one' }], [{ name: 'b/new' }, 'y'], [{ name: 'b/.wh..wh..opq' }]),
      'tar',
      root,
    )
    expect(await readdir(join(root, 'a'))).toEqual(['two'])
    expect(await readdir(join(root, 'b'))).toEqual(['new'])
  })

  it('never writes outside of the root', async () => {
    await using temporary = await scratch()
    const root = join(temporary.path, 'root')
    const outside = join(temporary.path, 'outside')
    await mkdir(root)
    await mkdir(outside)
    await unpackLayer(
      await layer(
        [{ name: '../outside/up' }, 'x'],
        [{ name: 'trap', type: 'symlink', linkname: outside }],
        [{ name: 'trap/file' }, 'x'],
        [{ name: 'climb', type: 'symlink', linkname: '../../outside' }],
        [{ name: 'climb/file' }, 'x'],
      ),
      'tar',
      root,
    )
    expect(await readdir(outside)).toEqual([])
    expect(existsSync(join(root, outside, 'file'))).toBe(true)
  })

  it('follows a link inside the root as a process there would', async () => {
    await using temporary = await scratch()
    await unpackLayer(
      await layer(
        [{ name: 'usr/bin', type: 'directory' }],
        [{ name: 'bin', type: 'symlink', linkname: 'usr/bin' }],
        [{ name: 'bin/sh' }, '#!'],
      ),
      'tar',
      temporary.path,
    )
    expect(await readFile(join(temporary.path, 'usr/bin/sh'), 'utf8')).toBe('#!')
  })

  it('a later file replaces an earlier folder link and keeps other files whole', async () => {
    await using temporary = await scratch()
    await writeFile(join(temporary.path, 'keep'), 'k')
    await unpackLayer(await layer([{ name: 'x/y' }, '1']), 'tar', temporary.path)
    await unpackLayer(await layer([{ name: 'x' }, 'file now']), 'tar', temporary.path)
    expect(await readFile(join(temporary.path, 'x'), 'utf8')).toBe('file now')
    expect(await readFile(join(temporary.path, 'keep'), 'utf8')).toBe('k')
  })
})
