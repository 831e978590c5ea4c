// The rules (CEL) of our schemas, as functions: a page has no CEL. A test holds that none is missing; of kinds that are
// not ours the server says.

import type { FieldError } from '@binnacle/api'
import type { AnySchema } from '@binnacle/model'
import { isRecord } from '../schemas.ts'

type Fields = Readonly<Record<string, unknown>>
type Rule = (self: unknown) => boolean

const ofObject =
  (rule: (self: Fields) => boolean): Rule =>
  (self) =>
    !isRecord(self) || rule(self)
const has = (self: Fields, name: string): boolean => self[name] !== undefined
const exactlyOne = (...names: string[]): Rule =>
  ofObject((self) => names.filter((name) => has(self, name)).length === 1)

/** By the text of the rule. True: the value keeps it. */
export const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['!(has(self.value) && has(self.valueFrom))', ofObject((self) => !(has(self, 'value') && has(self, 'valueFrom')))],
  [
    '(has(self.configMapKeyRef) ? 1 : 0) + (has(self.secretKeyRef) ? 1 : 0) + (has(self.fieldRef) ? 1 : 0) == 1',
    exactlyOne('configMapKeyRef', 'secretKeyRef', 'fieldRef'),
  ],
  ['has(self.configMapRef) != has(self.secretRef)', exactlyOne('configMapRef', 'secretRef')],
  [
    '(has(self.httpGet) ? 1 : 0) + (has(self.tcpSocket) ? 1 : 0) + (has(self.exec) ? 1 : 0) + (has(self.grpc) ? 1 : 0) == 1',
    exactlyOne('httpGet', 'tcpSocket', 'exec', 'grpc'),
  ],
  [
    '(has(self.content) ? 1 : 0) + (has(self.configMap) ? 1 : 0) + (has(self.secret) ? 1 : 0) == 1',
    exactlyOne('content', 'configMap', 'secret'),
  ],
  ['has(self.minAvailable) != has(self.maxUnavailable)', exactlyOne('minAvailable', 'maxUnavailable')],
  ['has(self.image) != has(self.build)', exactlyOne('image', 'build')],
  [
    '!(has(self.replicas) && has(self.autoscaling))',
    ofObject((self) => !(has(self, 'replicas') && has(self, 'autoscaling'))),
  ],
  [
    "self.contains('@') || self.matches('^.+:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$') && !self.endsWith(':latest')",
    (self) =>
      typeof self !== 'string' ||
      self.includes('@') ||
      (/^.+:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(self) && !self.endsWith(':latest')),
  ],
  ["self != 'latest'", (self) => self !== 'latest'],
  [
    '!has(self.minReplicas) || self.minReplicas <= self.maxReplicas',
    ofObject((self) => !has(self, 'minReplicas') || Number(self['minReplicas']) <= Number(self['maxReplicas'])),
  ],
  [
    "has(self.schedule) == (has(self.run) && self.run == 'OnSchedule')",
    ofObject((self) => has(self, 'schedule') === (self['run'] === 'OnSchedule')),
  ],
  [
    '!(has(self.runAsNonRoot) && self.runAsNonRoot && has(self.runAsUser) && self.runAsUser == 0)',
    ofObject((self) => self['runAsNonRoot'] !== true || self['runAsUser'] !== 0),
  ],
  [
    "has(self.localhostProfile) == (self.type == 'Localhost')",
    ofObject((self) => has(self, 'localhostProfile') === (self['type'] === 'Localhost')),
  ],
  ["self.type != 'http' || has(self.external)", ofObject((self) => self['type'] !== 'http' || has(self, 'external'))],
  [
    'self.all(a, self.exists_one(b, b.port == a.port && (has(b.protocol) ? b.protocol : "TCP") == (has(a.protocol) ? a.protocol : "TCP")))',
    (self) => {
      if (!Array.isArray(self)) return true
      const ports = self.map(portOf)
      return new Set(ports).size === ports.length
    },
  ],
])

function portOf(item: unknown): string {
  const { port, protocol = 'TCP' } = isRecord(item) ? item : {}
  return `${String(port)}/${String(protocol)}`
}

/** The field below the value that broke a rule, where the server names only the value: a person looks for it otherwise. */
function placeOfFault(rule: string, value: unknown): string {
  if (!rule.includes('b.port == a.port') || !Array.isArray(value)) return ''
  const ports = value.map(portOf)
  return `[${ports.findIndex((port, index) => ports.indexOf(port) < index)}].port`
}

/** A rule over the change of a value; of these the diff's own check says (`transitions`). */
export function isTransitionRule(rule: string): boolean {
  return rule.includes('oldSelf')
}

export function brokenRules(schema: AnySchema, value: unknown, path: string): FieldError[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap(({ rule, message, fieldPath, reason }) => {
    if (isTransitionRule(rule) || rules.get(rule)?.(value) !== false) return []
    const type = reason ?? 'FieldValueInvalid'
    return [{ type, field: `${path}${fieldPath ?? placeOfFault(rule, value)}`, badValue: value, detail: message }]
  })
}
