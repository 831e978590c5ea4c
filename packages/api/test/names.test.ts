import { describe, expect, it } from 'vitest'
import {
  isConfigMapKey,
  isDns1123Label,
  isDns1123Subdomain,
  isEnvVarName,
  isLabelValue,
  isPortName,
  isQualifiedName,
  nameIsDnsSubdomain,
  nameIsPathSegment,
} from '../src/names.ts'

describe('names', () => {
  it.each(['a', 'a-b', '0', 'a'.repeat(63)])('takes the label %s', (name) => {
    expect(isDns1123Label(name)).toEqual([])
  })

  it('says that dots are the only thing wrong with a subdomain as a label', () => {
    expect(isDns1123Label('a.b')).toEqual(['must not contain dots'])
  })

  it('says everything that is wrong at once', () => {
    expect(isDns1123Label('A'.repeat(64))).toEqual([
      'must be no more than 63 characters',
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ])
  })

  it.each(['', '-a', 'a-', 'a..b', 'A', 'a_b', 'a'.repeat(254)])('refuses the subdomain %s', (name) => {
    expect(isDns1123Subdomain(name)).not.toEqual([])
  })

  it('lets a generated name end in a dash', () => {
    expect(nameIsDnsSubdomain('web-', true)).toEqual([])
    expect(nameIsDnsSubdomain('web-')).not.toEqual([])
  })

  it.each(['simple', 'example.com/Name_1', 'a'.repeat(63)])('takes the key %s', (key) => {
    expect(isQualifiedName(key)).toEqual([])
  })

  it.each(['', '/a', 'a/', 'only/one/slash', 'Example.com/a', 'a'.repeat(64), 'ends-'])('refuses the key %s', (key) => {
    expect(isQualifiedName(key)).not.toEqual([])
  })

  it('counts bytes in labels where upstream says bytes', () => {
    expect(isLabelValue('a'.repeat(64))).toEqual(['must be no more than 63 bytes'])
    expect(isLabelValue('')).toEqual([])
  })

  it('keeps keys of ConfigMaps inside their folder', () => {
    expect(isConfigMapKey('.hidden')).toEqual([])
    expect(isConfigMapKey('..')).toEqual(["must not be '..'"])
    expect(isConfigMapKey('..x')).toEqual(["must not start with '..'"])
    expect(isConfigMapKey('a/b')).toHaveLength(1)
  })

  it('checks port names and environment variables', () => {
    expect(isPortName('http-2')).toEqual([])
    expect(isPortName('1')).toEqual(['must contain at least one letter (a-z)'])
    expect(isPortName('a--b')).toEqual(['must not contain consecutive hyphens'])
    expect(isEnvVarName('a b.c')).toEqual([])
    expect(isEnvVarName('a=b')).toHaveLength(1)
  })

  it('lets RBAC names be anything that fits a path', () => {
    expect(nameIsPathSegment('system:node')).toEqual([])
    expect(nameIsPathSegment('..')).toEqual(["may not be '..'"])
    expect(nameIsPathSegment('a/b%c')).toEqual(["may not contain '/'", "may not contain '%'"])
  })
})
