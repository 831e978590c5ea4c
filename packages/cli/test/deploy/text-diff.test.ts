import fc from 'fast-check'
import { expect, it } from 'vitest'
import { changedFields, objectText, showChanges } from '../../src/deploy/object-diff.ts'
import { unifiedDiff } from '../../src/deploy/text-diff.ts'

it('shows changed lines with three that are the same around them', () => {
  const before = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].join('\n')
  expect(unifiedDiff(before, before.replace('h', 'H'))).toEqual(['  …', '  e', '  f', '  g', '- h', '+ H'])
})

it('shows nothing of texts that are the same', () => {
  expect(unifiedDiff('a\nb\n', 'a\nb\n')).toEqual([])
})

it('leads from any text to any other', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 })
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = unifiedDiff(before.join('\n'), after.join('\n')).filter((line) => line !== '  …')
      // So short that all lines are near a change, if there is one.
      if (diff.length === 0) {
        expect(after).toEqual(before)
        return
      }
      expect(diff.filter((line) => !line.startsWith('+')).map((line) => line.slice(2))).toEqual(before)
      expect(diff.filter((line) => !line.startsWith('-')).map((line) => line.slice(2))).toEqual(after)
    }),
  )
})

const secret = (value: string): { apiVersion: string; kind: string; metadata: { name: string }; data: object } => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'key' },
  data: { token: Buffer.from(value).toString('base64') },
})

it('shows that a value of a Secret changes, and not what it is', () => {
  const { text, count } = showChanges(
    [{ name: 'Secret/key', before: secret('old-one'), after: secret('new-one') }],
    process.stdout,
  )
  expect(count).toBe(1)
  expect(text).toMatch(/token: "?\*\*\* \([0-9a-f]{8}\)/)
  for (const value of ['old-one', 'new-one']) {
    expect(text).not.toContain(value)
    expect(text).not.toContain(Buffer.from(value).toString('base64'))
  }
})

it('takes no notice of what the server adds and of places on the Canvas', () => {
  const metadata = { name: 'web', annotations: { 'binnacle.dev/position': '1,2' } }
  const live = { metadata: { name: 'web', resourceVersion: '7', uid: 'u', generation: 2, managedFields: [] } }
  expect(objectText({ kind: 'Microservice', metadata })).toBe(objectText({ kind: 'Microservice', ...live }))
})

it('names the fields that differ', () => {
  expect(changedFields({ a: 1, b: { c: 1, d: [1] } }, { a: 1, b: { c: 2, d: [1, 2] }, e: 1 })).toEqual([
    'b.c',
    'b.d',
    'e',
  ])
})
