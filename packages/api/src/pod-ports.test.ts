import { expect, test } from 'vitest'
import { formatHostPorts, hostPortOf, hostPortsAnnotation, hostPortsOf } from './pod-ports.ts'

function pod(annotation?: string): { metadata: { annotations?: Record<string, string> } } {
  return { metadata: annotation === undefined ? {} : { annotations: { [hostPortsAnnotation]: annotation } } }
}

test('a container port maps to its host port by protocol', () => {
  const mapped = pod('{"53/UDP":40053,"8080/TCP":41234}')
  expect(hostPortOf(mapped, 8080)).toBe(41234)
  expect(hostPortOf(mapped, 53, 'UDP')).toBe(40053)
  expect(hostPortOf(mapped, 53, 'TCP')).toBe(53)
})

test('a pod without the annotation keeps its ports', () => {
  expect(hostPortOf(pod(), 8080)).toBe(8080)
})

test('an unreadable annotation maps nothing', () => {
  for (const text of ['{', '[]', 'null', '{"80/TCP":"x"}', '{"80/TCP":70000}'])
    expect(hostPortsOf(pod(text)).size).toBe(0)
})

test('format and parse are each other’s inverse, with keys in order', () => {
  const ports = new Map([
    ['9090/TCP', 2],
    ['53/UDP', 1],
  ])
  expect(formatHostPorts(ports)).toBe('{"53/UDP":1,"9090/TCP":2}')
  expect(hostPortsOf(pod(formatHostPorts(ports)))).toEqual(ports)
})
