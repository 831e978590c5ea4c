import { expect, test } from 'vitest'
import { goJsonError } from '../src/go-json.ts'

test.each(['{"a":[1,-0.5e+3,"\\u00e9\\n",true,false,null]}', ' [] ', '"x"', '0', '{}'])('%s is JSON', (text) => {
  expect(goJsonError(text)).toBeUndefined()
  expect(() => JSON.parse(text) as unknown).not.toThrow()
})

test.each([
  ['', 'unexpected end of JSON input'],
  ['{"a":', 'unexpected end of JSON input'],
  ['"abc', 'unexpected end of JSON input'],
  ['x', "invalid character 'x' looking for beginning of value"],
  ["'", String.raw`invalid character '\'' looking for beginning of value`],
  ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b"', `invalid character '"' after object key:value pair`],
  ['[1 2]', "invalid character '2' after array element"],
  ['{} {}', "invalid character '{' after top-level value"],
  ['"a\nb"', String.raw`invalid character '\n' in string literal`],
  [String.raw`"\x"`, "invalid character 'x' in string escape code"],
  [String.raw`"\u12g"`, String.raw`invalid character 'g' in \u hexadecimal character escape`],
  ['trux', "invalid character 'x' in literal true (expecting 'e')"],
  ['-x', "invalid character 'x' in numeric literal"],
  ['1.x', "invalid character 'x' after decimal point in numeric literal"],
  ['1ex', "invalid character 'x' in exponent of numeric literal"],
  ['01', "invalid character '1' after top-level value"],
])('%j is refused as Go does', (text, why) => {
  expect(goJsonError(text)).toBe(why)
})
