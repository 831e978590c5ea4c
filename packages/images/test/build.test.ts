import { readFile, readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildImage } from '../src/build/build.ts'
import { createImageSource } from '../src/image-source.ts'
import { scratch } from './fixtures.ts'

const own = new Set(['127.0.0.1:5000'])

describe('building an image from sources', () => {
  it('gives the same digest for the same files, whatever their times, and another for others', async () => {
    await using temporary = await scratch()
    const store = await temporary.store()
    const files = { 'server.js': 'console.log(1)', 'lib/a.js': 'export {}' }
    const [one, two] = [await temporary.write(files), await temporary.write(files)]
    const other = await temporary.write({ ...files, 'server.js': 'console.log(2)' })
    await utimes(join(two, 'server.js'), 1, 1)
    const digests = []
    for (const directory of [one, two, other]) {
      digests.push((await buildImage({ store, directory, repository: 'app', tag: '1' })).digest)
    }
    expect(digests[1]).toBe(digests[0])
    expect(digests[2]).not.toBe(digests[0])
  })

  it('a Node project starts with its start script and its files lie in /app', async () => {
    await using temporary = await scratch()
    const store = await temporary.store()
    const manifest = JSON.stringify({ scripts: { start: 'node src/web.js --fast' } })
    const directory = await temporary.write({
      'package.json': manifest,
      'src/web.js': '//',
      '.dockerignore': 'secret.txt',
      'secret.txt': 'x',
    })
    await buildImage({ store, directory, repository: 'web', tag: '1.0.0' })
    const image = await createImageSource(store, own).resolve('127.0.0.1:5000/web:1.0.0')
    expect(image?.config).toMatchObject({ Cmd: ['node', 'src/web.js', '--fast'], WorkingDir: '/app' })
    const root = (await image?.rootfs()) ?? ''
    expect(await readFile(join(root, 'app/src/web.js'), 'utf8')).toBe('//')
    expect((await readdir(join(root, 'app'))).sort()).toEqual(['package.json', 'src'])
  })

  it('a Python project starts its main program', async () => {
    await using temporary = await scratch()
    const store = await temporary.store()
    const directory = await temporary.write({ 'main.py': 'print(1)' })
    await buildImage({ store, directory, repository: 'job', tag: '1' })
    const image = await createImageSource(store, own).resolve('job:1')
    expect(image?.config.Cmd).toEqual(['python3', 'main.py'])
  })

  it('a base image brings its layers and environment first', async () => {
    await using temporary = await scratch()
    const store = await temporary.store()
    const base = await temporary.write({ 'main.py': 'print(1)' })
    await buildImage({ store, directory: base, repository: 'base', tag: '1' })
    const directory = await temporary.write({ 'server.js': '//' })
    await buildImage({ store, directory, repository: 'web', tag: '1', base: { repository: 'base', reference: '1' } })
    const image = await createImageSource(store, own).resolve('web:1')
    expect(image?.config.Env).toContain('PYTHONUNBUFFERED=1')
    expect((await readdir(join((await image?.rootfs()) ?? '', 'app'))).sort()).toEqual(['main.py', 'server.js'])
  })

  it.each([
    [{ 'readme.txt': 'hi' }, /holds no project that is known here/],
    [{ 'package.json': '{' }, /package.json is not valid JSON/],
    [{ 'package.json': '{"dependencies":{"a":"1"},"main":"a.js"}', 'a.js': '' }, /no package-lock.json/],
    [{ 'package.json': '{}' }, /names neither scripts.start nor main/],
    [{ 'requirements.txt': '' }, /no program to start/],
  ])('%j is refused with what to do', async (files, message) => {
    await using temporary = await scratch()
    const directory = await temporary.write(files)
    await expect(buildImage({ store: await temporary.store(), directory, repository: 'x', tag: '1' })).rejects.toThrow(
      message,
    )
  })

  it('an image that is not there resolves to nothing', async () => {
    await using temporary = await scratch()
    expect(await createImageSource(await temporary.store(), own).resolve('nothing:1')).toBeUndefined()
  })
})
