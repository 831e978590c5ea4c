// Single fields of a Compose service.

import type { MicroserviceSpec, Port, Probe, ResourceRequirements } from '@binnacle/model'
import { isRecord } from '../schemas.ts'
import { defined } from './defined.ts'

export type Fields = Readonly<Record<string, unknown>>
/** Told of each thing that cannot be mapped. */
export type Report = (path: string, why: string) => void

/** A scalar of YAML as text; '' for what is none. */
export function scalarText(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/** A command as a list, or as a shell would split it; undefined where there is none. */
export function words(command: unknown): string[] | undefined {
  if (Array.isArray(command)) return command.map(String)
  if (typeof command !== 'string' || command.trim() === '') return undefined
  return [...command.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|[^\s"']+/g)].map(
    ([whole, double, single]) => double?.replaceAll(/\\(.)/g, '$1') ?? single ?? whole,
  )
}

/** Variables with their values; those that take a value from the shell of that machine are reported. */
export function environmentOf(service: Fields, path: string, report: Report): Map<string, string> {
  const { environment } = service
  const pairs: [string, unknown][] = Array.isArray(environment)
    ? environment.map((entry) => {
        const text = scalarText(entry)
        const at = text.indexOf('=')
        return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
      })
    : Object.entries(isRecord(environment) ? environment : {})
  const variables = new Map<string, string>()
  for (const [name, value] of pairs) {
    if (value === undefined || value === null) {
      report(`${path}.${name}`, 'its value comes from the shell of that machine: set it here')
      continue
    }
    variables.set(name, interpolated(scalarText(value), `${path}.${name}`, report))
  }
  return variables
}

/** `${NAME:-default}` with its default; `$$` is a dollar. */
function interpolated(value: string, path: string, report: Report): string {
  return value.replaceAll(
    /\$(?:\$|\{(\w+)(?:(:?[-?+])([^}]*))?\}|(\w+))/g,
    (
      whole,
      name: string | undefined,
      operator: string | undefined,
      fallback: string | undefined,
      bare: string | undefined,
    ) => {
      if (whole === '$$') return '$'
      const variable = name ?? bare ?? ''
      if (operator?.endsWith('-') === true) {
        report(path, `${variable} of that machine is not here: ${JSON.stringify(fallback)} is taken`)
        return fallback ?? ''
      }
      report(path, `${variable} of that machine is not here: set the value`)
      return ''
    },
  )
}

/** The first is called http, as the inspector does. */
export function composePorts(service: Fields, path: string, report: Report): Port[] {
  const ports: Port[] = []
  const add = (port: Omit<Port, 'name'>): void => {
    const isThere = ports.some((one) => one.port === port.port && one.protocol === port.protocol)
    if (!isThere) ports.push({ name: ports.length === 0 ? 'http' : `port-${port.port}`, ...port })
  }
  const list = Array.isArray(service['ports']) ? (service['ports'] as unknown[]) : []
  list.forEach((entry, index) => {
    const port = isRecord(entry) ? longPort(entry) : shortPort(scalarText(entry))
    if (port === undefined)
      report(`${path}[${index}]`, 'ranges and variable ports have no counterpart here: name each port')
    else add(port)
  })
  const exposed = Array.isArray(service['expose']) ? (service['expose'] as unknown[]) : []
  for (const entry of exposed) {
    const port = shortPort(scalarText(entry))
    if (port !== undefined) add(port)
  }
  return ports
}

function portOf(published: number, target: number, protocol: string | undefined): Omit<Port, 'name'> | undefined {
  if (![published, target].every((port) => Number.isInteger(port) && port >= 1 && port <= 65_535)) return undefined
  return {
    port: published,
    ...(target === published ? {} : { targetPort: target }),
    ...(protocol === 'udp' ? { protocol: 'UDP' as const } : {}),
  }
}

/** `8080:80`, `127.0.0.1:8080:80/udp`, `80`. */
function shortPort(text: string): Omit<Port, 'name'> | undefined {
  const [, published, target, protocol] = /^(?:[^:]+:)??(?:(\d+):)?(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? []
  return target === undefined ? undefined : portOf(Number(published ?? target), Number(target), protocol)
}

function longPort({ published, target, protocol }: Fields): Omit<Port, 'name'> | undefined {
  return portOf(Number(published ?? target), Number(target), protocol === undefined ? undefined : scalarText(protocol))
}

/** `1m30s` in seconds, at least one. */
function seconds(duration: unknown): number | undefined {
  if (typeof duration !== 'string') return undefined
  const units: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 }
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h)/g)]
  if (parts.length === 0) return undefined
  return Math.max(
    1,
    Math.round(parts.reduce((sum, [, number, unit = 's']) => sum + Number(number) * (units[unit] ?? 1), 0)),
  )
}

export function composeHealth(check: unknown, path: string, report: Report): Probe | undefined {
  if (!isRecord(check) || check['disable'] === true) return undefined
  const { test } = check
  const [first, ...rest] = Array.isArray(test) ? test.map(String) : []
  const command =
    typeof test === 'string'
      ? ['/bin/sh', '-c', test]
      : first === 'CMD'
        ? rest
        : first === 'CMD-SHELL'
          ? ['/bin/sh', '-c', ...rest]
          : undefined
  if (command === undefined) {
    if (first !== 'NONE') report(path, 'it has no command')
    return undefined
  }
  return defined({
    exec: { command },
    periodSeconds: seconds(check['interval']),
    timeoutSeconds: seconds(check['timeout']),
    initialDelaySeconds: seconds(check['start_period']),
    failureThreshold: typeof check['retries'] === 'number' ? check['retries'] : undefined,
  })
}

/** `512M` of Compose (binary) as Kubernetes writes it. */
/** `64m` as a quantity; undefined where it is no size. */
export function memory(text: unknown): string | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmg])?b?$/i.exec(scalarText(text))
  if (match === null) return undefined
  const unit = { k: 'Ki', m: 'Mi', g: 'Gi' }[match[2]?.toLowerCase() ?? ''] ?? ''
  return `${match[1]}${unit}`
}

export function composeResources(
  service: Fields,
  path: string,
  report: Report,
): { replicas: MicroserviceSpec['replicas']; resources: ResourceRequirements | undefined } {
  const deploy = isRecord(service['deploy']) ? service['deploy'] : {}
  for (const field of Object.keys(deploy))
    if (field !== 'replicas' && field !== 'resources')
      report(
        `${path}.deploy.${field}`,
        field === 'update_config' ? 'say it in spec.rollout' : 'it has no counterpart here',
      )
  const { resources } = deploy
  const of = (name: string): { [resource: string]: string } | undefined => {
    const part = isRecord(resources) ? resources[name] : undefined
    if (!isRecord(part)) return undefined
    const quantities = defined({
      cpu: part['cpus'] === undefined ? undefined : scalarText(part['cpus']),
      memory: part['memory'] === undefined ? undefined : memory(part['memory']),
    })
    return Object.keys(quantities).length === 0 ? undefined : quantities
  }
  const found = defined({ requests: of('reservations'), limits: of('limits') })
  const replicas = deploy['replicas'] ?? service['scale']
  return {
    replicas: typeof replicas === 'number' ? replicas : undefined,
    resources: Object.keys(found).length === 0 ? undefined : found,
  }
}
