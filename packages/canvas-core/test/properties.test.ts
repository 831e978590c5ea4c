// Properties that hold for any sequence of commands and of changes of the cluster.

import type { WatchEvent } from '@binnacle/api'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Command, CommandError, apply } from '../src/commands.ts'
import { contentOf } from '../src/content.ts'
import { diffOf } from '../src/diff.ts'
import { type CanvasDocument, applyLive, conflictsOf, objectOf } from '../src/document.ts'
import { FieldPathError, getField } from '../src/field-path.ts'
import { type Graph, buildGraph } from '../src/graph.ts'
import { type Editor, createEditor, execute, redo, undo } from '../src/history.ts'
import { wiresOf } from '../src/wires/wires.ts'
import { dataSource, documentOf, dsKey, microservice, msKey, served } from './support.ts'

const http = [{ name: 'http', port: 80 }]
const names = ['a', 'b', 'c', 'd'] as const
const keys = [...names.map(msKey), dsKey('cache'), dsKey('store')]

const start = (): CanvasDocument =>
  documentOf(
    microservice('a', {
      image: 'a:1',
      ports: http,
      uses: [{ name: 'b' }],
      env: [
        { name: 'X', value: '1' },
        { name: 'Y', value: '2' },
      ],
    }),
    microservice('b', {
      image: 'b:1',
      ports: http,
      bindings: [{ name: 'cache' }],
      resources: { limits: { cpu: '1' } },
    }),
    dataSource('cache'),
  )

const key = fc.constantFrom(...keys)
const position = fc.record({ x: fc.integer({ min: -999, max: 999 }), y: fc.integer({ min: -999, max: 999 }) })
const edit = fc.constantFrom<[string, unknown]>(
  ['spec.image', 'x:2'],
  ['spec.replicas', 3],
  ['spec.env[X].value', '9'],
  ['spec.env[Z].value', 'new'],
  [
    'spec.env',
    [
      { name: 'Y', value: '2' },
      { name: 'X', value: '1' },
    ],
  ],
  ['spec.env', [{ name: 'X' }, { name: 'X' }]],
  ['spec.resources.requests.memory', '1Mi'],
  ['spec.health.liveness.httpGet.port', 80],
  ['metadata.labels[app.kubernetes.io/part-of]', 'other'],
  ['metadata.annotations[note]', 'text'],
)
const field = fc.constantFrom('spec.image', 'spec.env[X]', 'spec.env', 'spec.uses', 'spec.resources', 'metadata.labels')

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    type: fc.constant('addResource' as const),
    object: fc.constantFrom(...names).map((name) => microservice(name, { image: 'n:1', ports: http })),
    position,
  }),
  fc.record({ type: fc.constant('removeResource' as const), key }),
  fc.record({ type: fc.constant('renameResource' as const), key, name: fc.constantFrom(...names, 'cache', 'store') }),
  fc.tuple(key, edit).map(([at, [path, value]]): Command => ({ type: 'setField', key: at, path, value })),
  fc.record({ type: fc.constant('removeField' as const), key, path: field }),
  fc.record({ type: fc.constant('connect' as const), from: key, to: key }),
  fc.tuple(key, position).map(([at, to]): Command => ({ type: 'move', positions: new Map([[at, to]]) })),
  fc.record({
    type: fc.constant('setGroup' as const),
    keys: fc.array(key),
    group: fc.option(fc.constantFrom('one', 'two'), { nil: undefined }),
  }),
  fc.record({
    type: fc.constant('collapseGroup' as const),
    name: fc.constantFrom('one', 'two'),
    isCollapsed: fc.boolean(),
  }),
  fc.record({ type: fc.constant('removeFrame' as const), name: fc.constantFrom('one', 'two') }),
  fc.record({
    type: fc.constant('setNote' as const),
    note: fc.record({ id: fc.constantFrom('n1', 'n2'), text: fc.string(), position }),
  }),
  fc.record({ type: fc.constant('removeNote' as const), id: fc.constantFrom('n1', 'n2') }),
  fc.record({ type: fc.constant('discard' as const), key }),
  fc.record({ type: fc.constant('discardAll' as const) }),
)

/** Commands that cannot be carried out say so and change nothing. */
function attempt<T>(value: T, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof CommandError || error instanceof FieldPathError) return value
    throw error
  }
}

function runAll(editor: Editor, commands: readonly Command[]): Editor {
  return commands.reduce((next, one) => attempt(next, () => execute(next, one)), editor)
}

function repeat(editor: Editor, step: (editor: Editor) => Editor): Editor {
  const next = step(editor)
  return next === editor ? editor : repeat(next, step)
}

/** A change that the cluster makes: another image, another variable, or a deletion. */
const liveChange = fc.record({
  key: fc.constantFrom(msKey('a'), msKey('b')),
  what: fc.constantFrom('image', 'variable', 'status', 'delete'),
})

function changeLive(document: CanvasDocument, change: { key: string; what: string }): CanvasDocument {
  const live = document.live.get(change.key)
  if (live === undefined) return document
  const spec = live['spec'] as object
  const changes: Readonly<Record<string, object>> = {
    image: { spec: { ...spec, image: 'theirs:1' } },
    variable: { spec: { ...spec, env: [{ name: 'X', value: 'theirs' }] } },
    status: { status: { replicas: 1 } },
    delete: {},
  }
  const object = served({ ...live, ...changes[change.what] })
  const event: WatchEvent = { type: change.what === 'delete' ? 'DELETED' : 'MODIFIED', object }
  return applyLive(document, [event])
}

/** Nodes keep the order in which they first came. */
function unordered({ nodes, wires, frames, ...rest }: Graph): object {
  const sorted = frames.map((frame) => ({ ...frame, nodes: frame.nodes.toSorted() }))
  return { ...rest, nodes: new Set(nodes), wires: new Set(wires), frames: new Set(sorted) }
}

describe('any sequence of commands', () => {
  it('is undone to the first document and redone to the last', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 25 }), (commands) => {
        const first = createEditor(start())
        const last = runAll(first, commands)
        const undone = repeat(last, undo)
        expect(undone.document).toEqual(first.document)
        expect(repeat(undone, redo).document).toEqual(last.document)
      }),
      { numRuns: 300 },
    )
  })

  it('leaves the live objects when each line of the diff is discarded', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 15 }), fc.infiniteStream(fc.nat()), (commands, picks) => {
        let { document } = runAll(createEditor(start()), commands)
        const live = document.live
        for (let round = 0; document.staged.size > 0; round++) {
          expect(round).toBeLessThan(200)
          const lines = diffOf(document).flatMap(({ key: at, lines: all }) =>
            all.map(({ path }) => ({ key: at, path })),
          )
          const line = lines[(picks.next().value ?? 0) % lines.length]
          if (line === undefined) throw new Error('something is staged and has no line')
          document = apply(document, { type: 'discard', ...line }).document
        }
        expect(new Map([...live.keys()].map((at) => [at, objectOf(document, at)]))).toEqual(live)
      }),
      { numRuns: 300 },
    )
  })

  it('gives wires that are fields, and fields that are wires', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 15 }), key, key, (commands, from, to) => {
        const { document } = runAll(createEditor(start()), commands)
        for (const wire of wiresOf(document)) {
          const source = objectOf(document, wire.from)
          expect(getField(source, wire.path, document.schemas.get('Microservice.binnacle.dev'))).toBeDefined()
        }
        const before = wiresOf(document).map(({ id }) => id)
        const connected = attempt(document, () => apply(document, { type: 'connect', from, to }).document)
        const added = wiresOf(connected).filter(({ id }) => !before.includes(id))
        expect(added.length).toBe(connected === document ? 0 : 1)
        const [wire] = added
        if (wire === undefined) return
        expect(wire).toMatchObject({ from, to, isDrawn: true })
        const cut = apply(connected, { type: 'disconnect', wire }).document
        expect(wiresOf(cut).map(({ id }) => id)).toEqual(before)
      }),
      { numRuns: 300 },
    )
  })

  it('loses no staged edit to changes of the cluster', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(command, liveChange), { maxLength: 25 }), (steps) => {
        const image = 'mine:7'
        let document = apply(start(), { type: 'setField', key: msKey('a'), path: 'spec.image', value: image }).document
        for (const step of steps) {
          if (!('what' in step)) continue
          document = changeLive(document, step)
          const mine = document.staged.get(msKey('a'))
          expect(mine).toMatchObject({ object: { spec: { image } } })
          const theirs = document.live.get(msKey('a'))
          const isConflict = theirs === undefined || getField(theirs, 'spec.image') === 'theirs:1'
          expect(conflictsOf(document, msKey('a')).map(({ path }) => path)).toEqual(
            theirs === undefined ? [''] : isConflict ? ['spec.image'] : [],
          )
        }
      }),
      { numRuns: 200 },
    )
  })

  it('gives the same graph step by step as at once, whatever comes between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(command, liveChange, fc.constantFrom('undo', 'redo')), { maxLength: 30 }),
        (steps) => {
          let editor = createEditor(start())
          let graph = buildGraph(editor.document)
          for (const step of steps) {
            if (step === 'undo') editor = undo(editor)
            else if (step === 'redo') editor = redo(editor)
            else if (typeof step === 'object' && 'what' in step)
              editor = { ...editor, document: changeLive(editor.document, step) }
            else if (typeof step === 'object') editor = runAll(editor, [step])
            for (const [at, change] of editor.document.staged) {
              const live = editor.document.live.get(at)
              if (change.type === 'update' && live !== undefined)
                expect(contentOf(change.base)).toEqual(contentOf(live))
              if (change.type === 'create') expect(live).toBeUndefined()
            }
            graph = buildGraph(editor.document, graph)
            const whole = buildGraph(editor.document)
            expect(unordered(graph)).toEqual(unordered(whole))
            expect(diffOf(editor.document).every(({ lines }) => lines.length > 0)).toBe(true)
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})
