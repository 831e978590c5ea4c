import { describe, expect, it } from 'vitest'
import { parseDocument } from 'yaml'
import { pathAt } from '../../src/web/inspector/yaml-places.ts'
import { problemsInText, readObject } from '../../src/web/inspector/yaml-problems.ts'

const text = `apiVersion: binnacle.dev/v1alpha1
kind: Microservice
metadata:
  name: api
spec:
  replicas: many
  ports:
    - name: http
      port: 0
`
const whole = {
  apiVersion: 'binnacle.dev/v1alpha1',
  kind: 'Microservice',
  metadata: { name: 'api', namespace: 'shop' },
}

function marked(path: string): string {
  const [problem] = problemsInText(text, [{ path, severity: 'error', message: 'wrong' }], whole)
  return text.slice(problem?.from, problem?.to).trim()
}

describe('a problem in YAML', () => {
  it('stands at its field, by its place in a list or by its name', () => {
    expect(marked('spec.replicas')).toBe('replicas: many')
    expect(marked('spec.ports[0].port')).toBe('port: 0')
    expect(marked('spec.ports[http].port')).toBe('port: 0')
  })

  it('stands at what would hold a field that is missing', () => {
    expect(marked('spec.ports[0].protocol')).toContain('name: http')
    expect(marked('')).toBe('')
  })

  it('is that of the text alone while the text is no YAML', () => {
    const found = problemsInText('spec: [1', [{ path: 'spec', severity: 'error', message: 'wrong' }], whole)
    expect(found.map(({ message }) => message)).not.toContain('wrong')
    expect(found.length).toBeGreaterThan(0)
  })
})

describe('the text of an object', () => {
  it('is read only while it is that object', () => {
    expect(readObject(text, whole).value).toMatchObject({ spec: { replicas: 'many' } })
    const renamed = text.replace('name: api', 'name: web')
    const { value, problems } = readObject(renamed, whole)
    expect(value).toBeUndefined()
    expect(problems.map(({ from, to }) => renamed.slice(from, to))).toEqual(['name: web'])
    for (const other of ['', '- a', 'a', text.replace('Microservice', 'Function'), `${text}---\na: b\n`])
      expect(readObject(other, whole).value).toBeUndefined()
  })

  it('tells the field at each place', () => {
    const document = parseDocument(text)
    const at = (words: string): string => pathAt(document, text.indexOf(words))
    expect(at('Microservice')).toBe('kind')
    expect(at('replicas')).toBe('spec.replicas')
    expect(at('many')).toBe('spec.replicas')
    expect(at('port: 0')).toBe('spec.ports[0].port')
    expect(at('http')).toBe('spec.ports[0].name')
    expect(pathAt(document, 0)).toBe('apiVersion')
  })
})
