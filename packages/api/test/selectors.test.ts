import { describe, expect, it } from 'vitest'
import { StatusError } from '../src/errors.ts'
import {
  fieldSelectorMatches,
  formatLabelSelector,
  labelSelectorMatches,
  labelSelectorText,
  labelsMatch,
  parseFieldSelector,
  parseLabelSelector,
} from '../src/selectors.ts'

const pod = { group: '', kind: 'Pod' }

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(StatusError)
    expect((error as StatusError).code).toBe(400)
    return (error as StatusError).message
  }
  throw new Error('nothing was refused')
}

describe('label selectors', () => {
  it.each([
    ['', {}, true],
    ['a', { a: '' }, true],
    ['a', {}, false],
    ['!a', {}, true],
    ['!a', { a: 'b' }, false],
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a in (b,c)', { a: 'c' }, true],
    ['a in (b,c)', {}, false],
    ['a notin (b,c)', {}, true],
    ['a notin (b,c)', { a: 'b' }, false],
    ['a in (,b)', { a: '' }, true],
    ['a=', { a: '' }, true],
    ['a>5', { a: '10' }, true],
    ['a>5', { a: 'x' }, false],
    ['a<5', { a: '4' }, true],
    ['in in (in)', { in: 'in' }, true],
    [' a = b , c ', { a: 'b', c: '' }, true],
    ['a=b,c=d', { a: 'b' }, false],
    ['toString', {}, false],
  ] as [string, Record<string, string>, boolean][])('%j over %j is %s', (text, labels, matches) => {
    expect(labelsMatch(parseLabelSelector(text), labels)).toBe(matches)
  })

  it.each([
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['a,,b', "found ',', expected: identifier after ','"],
    ['(', "found '(', expected: !, identifier, or 'end of string'"],
    ['x in', "unable to parse requirement: found '' expected: '('"],
    ['x in (a', "unable to parse requirement: found '', expected: ',' or ')'"],
    [
      'x>a',
      `unable to parse requirement: values[0]: Invalid value: "a": for 'Gt', 'Lt' operators, the value must be an integer`,
    ],
    ['x y', "unable to parse requirement: found 'y', expected: in, notin, =, ==, !=, gt, lt"],
  ])('refuses %j as upstream words it', (text, message) => {
    expect(refusal(() => parseLabelSelector(text))).toBe(message)
  })

  it('refuses bad keys and values with the rule that they break', () => {
    expect(refusal(() => parseLabelSelector('a/b/c=d'))).toContain(
      'unable to parse requirement: <nil>: Invalid value: "a/b/c": a valid label key',
    )
    expect(refusal(() => parseLabelSelector('x=?'))).toContain(
      'values[0][x]: Invalid value: "?": a valid label must be',
    )
  })

  it('writes selectors sorted by key', () => {
    expect(labelSelectorText(parseLabelSelector('z=1,a in (c,b),!m'))).toBe('a in (b,c),!m,z=1')
    expect(formatLabelSelector({ matchLabels: { b: '2', a: '1' } })).toBe('a=1,b=2')
    expect(formatLabelSelector({})).toBe('<none>')
    expect(formatLabelSelector(undefined)).toBe('<none>')
  })

  it('selects nothing without a selector and everything with an empty one', () => {
    expect(labelSelectorMatches(undefined, { a: 'b' })).toBe(false)
    expect(labelSelectorMatches({}, undefined)).toBe(true)
    const expression = { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }
    expect(labelSelectorMatches(expression, { a: 'b' })).toBe(true)
    expect(labelSelectorMatches(expression, {})).toBe(false)
  })
})

describe('field selectors', () => {
  const object = {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { nodeName: 'n1' },
    status: { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }] },
  }

  it.each([
    ['metadata.name=web', true],
    ['metadata.name!=web', false],
    ['metadata.namespace=other', false],
    ['spec.host=n1', true],
    ['spec.hostNetwork=false', true],
    ['status.podIP=10.0.0.1', true],
    ['spec.nodeName==n1,status.phase!=Pending', true],
    ['spec.schedulerName=', true],
  ])('%s is %s', (text, matches) => {
    expect(fieldSelectorMatches(parseFieldSelector(text, pod), pod, object)).toBe(matches)
  })

  it('refuses fields that the kind has not, in the words of its kind', () => {
    expect(refusal(() => parseFieldSelector('foo=bar', pod))).toBe('field label not supported: foo')
    expect(refusal(() => parseFieldSelector('foo=bar', { group: '', kind: 'ConfigMap' }))).toBe(
      '"foo" is not a known field selector: only "metadata.name", "metadata.namespace"',
    )
    expect(refusal(() => parseFieldSelector('foo=bar', { group: 'batch', kind: 'Job' }))).toBe(
      'field label "foo" not supported for Job',
    )
  })

  it('unescapes values and refuses what is not escaped', () => {
    const [requirement] = parseFieldSelector('metadata.name=a\\,b\\=c\\\\', pod)
    expect(requirement?.value).toBe('a,b=c\\')
    expect(refusal(() => parseFieldSelector('metadata.name=a=b', pod))).toContain('unescaped character in value')
    expect(refusal(() => parseFieldSelector('metadata.name', pod))).toBe(
      "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
    )
  })

  it('selects custom kinds by the fields that their version names', () => {
    const kind = { group: 'x.io', kind: 'Car', selectableFields: ['.spec.color'] }
    const car = { metadata: { name: 'c' }, spec: { color: 'red' } }
    expect(fieldSelectorMatches(parseFieldSelector('spec.color=red', kind), kind, car)).toBe(true)
    expect(refusal(() => parseFieldSelector('spec.size=1', kind))).toBe('field label not supported: spec.size')
  })

  it('finds the object of an event by either name of the field', () => {
    const event = { metadata: {}, involvedObject: { name: 'web' }, reportingComponent: 'kubelet' }
    const newKind = { group: 'events.k8s.io', kind: 'Event' }
    expect(fieldSelectorMatches(parseFieldSelector('regarding.name=web', newKind), newKind, event)).toBe(true)
    const oldKind = { group: '', kind: 'Event' }
    expect(fieldSelectorMatches(parseFieldSelector('source=kubelet', oldKind), oldKind, event)).toBe(true)
  })
})
