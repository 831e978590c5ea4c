// Putting something new on the canvas: what can be added, under which free name, where, and wired to what.

import type { Unstructured } from '@binnacle/api'
import { type Command, type ObjectKey, freeName, keyOf, objectsOf } from '@binnacle/canvas-core'
import { type DataSourceType, apiVersion, engines, partOfLabel } from '@binnacle/model'
import { placesOf } from '../graph/places.ts'
import { viewCentre } from '../graph/view-centre.ts'
import { texts } from '../texts.ts'
import type { IconName } from '../ui/icons.tsx'
import { act, currentDocument, openDialog, select, setView, useCanvas } from './store.ts'

export interface Addable {
  id: string
  title: string
  text: string
  icon: IconName
  hue: string
  /** Words by which it is found beside its title. */
  words: string
  kind: 'Microservice' | 'DataSource'
  name: string
  spec: Readonly<Record<string, unknown>>
}

const http = { name: 'http', port: 80, targetPort: 8080 }

const service = (id: string, title: string, text: string, spec: Readonly<Record<string, unknown>>): Addable => ({
  id,
  title,
  text,
  icon: 'svc',
  hue: '--svc',
  words: 'service microservice container deployment',
  kind: 'Microservice',
  name: 'service',
  spec: { ...spec, ports: [http] },
})

export const addables: readonly Addable[] = [
  service('image', texts.add.service, texts.add.serviceText, { image: '' }),
  service('source', texts.add.source, texts.add.sourceText, { build: { context: '' } }),
  ...Object.entries(engines).map(([type, { title, version }]) => ({
    id: type,
    title,
    text: version,
    icon: 'db' as const,
    hue: '--db',
    words: `data database store cache broker ${type}`,
    kind: 'DataSource' as const,
    name: type === 'postgresql' ? 'db' : type,
    spec: { type: type as DataSourceType },
  })),
  {
    id: 'external',
    title: texts.add.external,
    text: texts.add.externalText,
    icon: 'db',
    hue: '--db',
    words: 'http rest api external endpoint data',
    kind: 'DataSource',
    name: 'remote-api',
    spec: { type: 'http', external: { host: '' } },
  },
]

interface Adding {
  at?: { x: number; y: number }
  from?: ObjectKey
  to?: ObjectKey
  query?: string
}

/** Opens the list of what can be added. */
export function startAdding({ at, from, to, query }: Adding = {}): void {
  setView({
    adding: {
      ...(at ?? freePlace()),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(query === undefined ? {} : { query }),
    },
  })
  openDialog('add')
}

/** Stages a new resource where the adding was begun, wired as it was begun, and selects it. */
export function add(addable: Addable): void {
  const { adding, place } = useCanvas.getState()
  if (place === undefined) return
  const { namespace, application } = place
  const document = currentDocument()
  const taken = new Set([...objectsOf(document).values()].map(({ metadata }) => metadata.name))
  const object = {
    apiVersion,
    kind: addable.kind,
    metadata: {
      name: freeName(addable.name, (name) => taken.has(name)),
      namespace,
      labels: { [partOfLabel]: application },
    },
    spec: structuredClone(addable.spec),
  } as Unstructured
  const key = keyOf(object)
  const { x, y } = adding ?? freePlace()
  const commands: Command[] = [{ type: 'addResource', object, position: { x, y } }]
  if (adding?.from !== undefined) commands.push({ type: 'connect', from: adding.from, to: key })
  if (adding?.to !== undefined) commands.push({ type: 'connect', from: key, to: adding.to })
  const isDone = act({ type: 'batch', commands }, { label: texts.add.step(addable.title) })
  openDialog(undefined)
  setView({ adding: undefined, ...(isDone ? { tab: 'settings' as const } : {}) })
  if (isDone) select([key])
}

const noteWidth = 180

/** Where it is seen, and ready to be written. */
export function addNote(): void {
  const centre = viewCentre()
  const { x, y } =
    centre === undefined ? freePlace() : { x: Math.round(centre.x - noteWidth / 2), y: Math.round(centre.y) }
  act({ type: 'setNote', note: { id: crypto.randomUUID(), text: '', position: { x, y } } }, { label: texts.rail.note })
}

/** Right of everything, at the height of the middle. */
function freePlace(): { x: number; y: number } {
  const { nodes } = useCanvas.getState().graph
  if (nodes.length === 0) return { x: 80, y: 120 }
  const places = [...placesOf(useCanvas.getState().graph, nodes).values()]
  const right = Math.max(...places.map(({ x }) => x))
  const heights = places.map(({ y }) => y)
  return { x: right + 340, y: Math.round((Math.min(...heights) + Math.max(...heights)) / 2) }
}
