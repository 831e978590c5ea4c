import { describe, expect, it } from 'vitest'
import { problemsInText } from '../../src/web/inspector/yaml-problems.ts'

const text = `kind: Microservice
spec:
  replicas: many
  ports:
    - name: http
      port: 0
`

function marked(path: string): string {
  const [problem] = problemsInText(text, [{ path, severity: 'error', message: 'wrong' }])
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
    const found = problemsInText('spec: [1', [{ path: 'spec', severity: 'error', message: 'wrong' }])
    expect(found.map(({ message }) => message)).not.toContain('wrong')
    expect(found.length).toBeGreaterThan(0)
  })
})
