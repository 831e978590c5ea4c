import { expect, test } from 'vitest'
import { base64Error } from '../src/base64.ts'

test.each(['', 'YQ==', 'YWI=', 'YWJj', 'YW\nJj\r\n', 'YQ=\n='])('%j is base64', (text) => {
  expect(base64Error(text)).toBeUndefined()
})

test.each([
  ['{}', 0],
  ['YWJj!', 4],
  ['YQ', 0],
  ['YWJjY', 4],
  ['YQ=', 3],
  ['YQ=x', 2],
  ['YQ==YQ==', 4],
  ['=', 0],
])('%j is corrupt where Go says so', (text, at) => {
  expect(base64Error(text)).toBe(`illegal base64 data at input byte ${at}`)
})
