import { describe, expect, it } from 'vitest'
import { localRepository, parseReference, tagWarning } from '../src/reference.ts'

describe('image references', () => {
  it.each([
    ['hello', { path: 'hello' }],
    ['hello:1.0', { path: 'hello', tag: '1.0' }],
    ['library/nginx:1.25', { path: 'nginx', tag: '1.25' }],
    ['127.0.0.1:5000/shop/web:2', { host: '127.0.0.1:5000', path: 'shop/web', tag: '2' }],
    ['localhost/web', { host: 'localhost', path: 'web' }],
    ['udacity/example-monolith:1.0.0', { path: 'udacity/example-monolith', tag: '1.0.0' }],
    [`a/b@sha256:${'0'.repeat(64)}`, { path: 'a/b', digest: `sha256:${'0'.repeat(64)}` }],
  ])('%s is read into its parts', (text, parts) => {
    expect(parseReference(text)).toEqual({ text, ...parts })
  })

  it.each(['Hello', 'a//b', 'a:b:c', 'a@sha256:12', '', '-a', 'a/../b', 'a:$x'])('%j is refused', (text) => {
    expect(() => parseReference(text)).toThrow(/invalid image reference/)
  })

  it('the own registry and Docker Hub are both the bare path, other hosts stay apart', () => {
    const own = new Set(['127.0.0.1:5000'])
    const repositories = [
      '127.0.0.1:5000/a/b:1',
      'a/b:1',
      'docker.io/a/b:1',
      'registry.example/a/b:1',
      '127.0.0.1:6000/a/b:1',
    ]
    expect(repositories.map((text) => localRepository(parseReference(text), own))).toEqual([
      'a/b',
      'a/b',
      'a/b',
      'registry.example/a/b',
      '127.0.0.1_6000/a/b',
    ])
  })

  it('warns about a missing tag and about latest, not about a version', () => {
    expect(tagWarning(parseReference('web'))).toContain('has no tag')
    expect(tagWarning(parseReference('web:latest'))).toContain('"web:1.0.0"')
    expect(tagWarning(parseReference('web:2.1'))).toBeUndefined()
  })
})
