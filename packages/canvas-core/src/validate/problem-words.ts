// What is wrong with a field, in words for the person who fills it in. The server's own words name patterns and types.

import { type FieldError, fieldErrorText } from '@binnacle/api'

const neededTypes: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'several fields',
  'integer,string': 'a whole number or a text',
}

/** What the patterns of our schemas ask for. */
const forms: Readonly<Record<string, string>> = {
  '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$': 'small letters, digits and hyphens, such as my-name',
  '^[A-Za-z_][A-Za-z0-9_]*$': 'letters, digits and underscores, such as MY_NAME',
  '^[-._a-zA-Z][-._a-zA-Z0-9]*$': 'letters, digits, hyphens, dots and underscores, such as MY_NAME',
  '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$': 'a tag, such as 1.4.2',
  '^/[^:]*[^/:]$': 'the whole path of a file, such as /etc/app/settings.yaml',
  '^/[^:]+$': 'the whole path of a folder, such as /data',
  '^/': 'a path that begins with a slash, such as /v1',
  '^[0-9]+(\\.[0-9]+)?([EPTGMk]|[EPTGMK]i)?$': 'a size, such as 1Gi',
}

/** Without the path, which stands beside it; a whole list or object is not repeated. */
export function problemWords(error: FieldError): string {
  const { type, badValue, detail } = error
  // Which pattern nothing does not match helps nobody.
  const isEmpty = type === 'FieldValueRequired' || (badValue === '' && type === 'FieldValueInvalid')
  if (isEmpty && (detail === '' || isOfSchema(error))) return 'is empty: fill it in'
  const wanted = /in body must be of type ([a-z,]+):/.exec(detail)?.[1]
  if (wanted !== undefined && neededTypes[wanted] !== undefined) return `${neededTypes[wanted]} is needed`
  const [, bound, limit] = /in body should be (greater|less) than or equal to (\S+)$/.exec(detail) ?? []
  if (bound !== undefined)
    return `${String(badValue)} is too ${bound === 'greater' ? 'small: at least' : 'large: at most'} ${limit}`
  const pattern = /in body should match '(.*)'$/.exec(detail)?.[1]
  const form = pattern === undefined ? undefined : forms[pattern]
  if (form !== undefined) return `${JSON.stringify(badValue)} is not ${form}`
  const isLong = typeof badValue === 'object' && detail !== '' && type !== 'FieldValueForbidden'
  return isLong ? detail : fieldErrorText(error).slice(error.field.length + 2)
}

function isOfSchema({ detail }: FieldError): boolean {
  return / in body should /.test(detail)
}
