// One line of a container's log: when it was written, by whom; and how it is shown.

import { styleText } from 'node:util'

export interface LogLine {
  /** RFC 3339 with up to nine digits of a second, as the node wrote it; empty where it wrote none. */
  time: string
  pod: string
  container: string
  text: string
}

/** A line as the API gives it with `timestamps=true`. */
export function parseLogLine(raw: string, { pod, container }: { pod: string; container: string }): LogLine {
  const space = raw.indexOf(' ')
  const time = space < 0 ? raw : raw.slice(0, space)
  const isTime = /^\d{4}-\d\d-\d\dT/.test(time)
  return { time: isTime ? time : '', pod, container, text: isTime ? (space < 0 ? '' : raw.slice(space + 1)) : raw }
}

/** Orders by time; Go leaves out trailing zeros of the fraction, so that text alone does not order. */
export function compareLines(a: LogLine, b: LogLine): number {
  const [first, second] = [sortable(a.time), sortable(b.time)]
  return first < second ? -1 : first > second ? 1 : 0
}

function sortable(time: string): string {
  const [whole = '', fraction = ''] = time.replace(/Z$/, '').split('.')
  return `${whole}.${fraction.padEnd(9, '0')}`
}

const colours = [
  'cyan',
  'green',
  'yellow',
  'magenta',
  'blue',
  'cyanBright',
  'greenBright',
  'yellowBright',
  'magentaBright',
  'blueBright',
] as const

/** Always the same one for a name. */
export function colourOf(name: string): (typeof colours)[number] {
  let hash = 0
  for (const byte of Buffer.from(name)) hash = (hash * 31 + byte) >>> 0
  return colours[hash % colours.length] ?? 'cyan'
}

export interface LineFormat {
  json: boolean
  timestamps: boolean
  /** Whether the container is named beside the pod. */
  containers: boolean
  /** Colours are left out where it is no terminal, or NO_COLOR is set. */
  stream: NodeJS.WritableStream
}

export function formatLine(line: LogLine, { json, timestamps, containers, stream }: LineFormat): string {
  if (json) return `${JSON.stringify(line)}\n`
  const name = containers ? `${line.pod} ${line.container}` : line.pod
  const prefix = styleText(colourOf(line.pod), `${name} │`, { stream })
  return `${prefix} ${timestamps ? `${line.time} ` : ''}${line.text}\n`
}
