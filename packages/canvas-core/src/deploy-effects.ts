// What a deploy of the staged changes would do to what runs: found by rendering every object that they touch before and
// after, as the controllers will.

import { type Unstructured, deepEqual, type KubeObject } from '@binnacle/api'
import {
  type DataSource,
  type Microservice,
  type RenderContext,
  RenderError,
  bindingData,
  dataSourceAddress,
  render,
  shortHash,
} from '@binnacle/model'
import { contentOf } from './content.ts'
import { type CanvasDocument, objectsOf } from './document.ts'
import { getField } from './field-path.ts'
import { type ObjectKey, keyOf, kindKeyOf } from './object-key.ts'
import { dataSourceKind, microserviceKind } from './wires/own-wires.ts'

export const deployEffectKinds = ['creates', 'deletes', 'rolls', 'restarts', 'scales', 'updates', 'nothing'] as const

export interface DeployEffect {
  readonly key: ObjectKey
  readonly name: string
  /**
   * `rolls`: new replicas take the place of the old ones step by step. `restarts`: there is a moment without any.
   * `scales`: replicas are added or ended. `updates`: something changes and nothing is restarted. `nothing`: no object
   * of the cluster changes, or it cannot be said before the server is asked.
   */
  readonly effect: (typeof deployEffectKinds)[number]
  /** Objects of the cluster that change: `Deployment api`. */
  readonly objects: readonly string[]
  /** Why it cannot be said: what rendering found missing. */
  readonly problem?: { readonly path: string; readonly message: string }
}

/** Of each staged object, and of each other one that the staged ones change; those that nothing happens to last. */
export function deployEffects(document: CanvasDocument): readonly DeployEffect[] {
  if (document.staged.size === 0) return []
  const before = new World(document, document.live)
  const after = new World(document, objectsOf(document))
  const effects: DeployEffect[] = []
  for (const key of new Set([...document.staged.keys(), ...after.rendered])) {
    const effect = effectOn(key, before, after)
    if (document.staged.has(key) || (effect.effect !== 'nothing' && effect.problem === undefined)) effects.push(effect)
  }
  const rank = ({ effect }: DeployEffect): number => deployEffectKinds.indexOf(effect)
  return effects.toSorted((a, b) => rank(a) - rank(b))
}

function effectOn(key: ObjectKey, before: World, after: World): DeployEffect {
  const [was, is] = [before.objects.get(key), after.objects.get(key)]
  const name = (is ?? was)?.metadata.name ?? ''
  if (was === undefined || is === undefined) {
    const effect = was === undefined ? 'creates' : 'deletes'
    const all = tryRender(key, was === undefined ? after : before)
    return { key, name, effect, objects: all instanceof RenderError ? [] : all.map(described) }
  }
  const [old, next] = [tryRender(key, before), tryRender(key, after)]
  if (next instanceof RenderError)
    return { key, name, effect: 'nothing', objects: [], problem: { path: next.field, message: next.message } }
  // What cannot be rendered as it is now has nothing that a deploy could disturb.
  if (old instanceof RenderError) return { key, name, effect: 'updates', objects: next.map(described) }
  return { key, name, ...compared(old, next) }
}

function described({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`
}

function compared(old: readonly KubeObject[], next: readonly KubeObject[]): Pick<DeployEffect, 'effect' | 'objects'> {
  const were = new Map(old.map((object) => [keyOf(object), object]))
  const are = new Map(next.map((object) => [keyOf(object), object]))
  const changed = [...new Set([...were.keys(), ...are.keys()])].filter((key) => {
    const [was, is] = [were.get(key), are.get(key)]
    return (
      was === undefined || is === undefined || !deepEqual(contentOf(was as Unstructured), contentOf(is as Unstructured))
    )
  })
  const pairs = changed.map((key) => ({ was: were.get(key), is: are.get(key) }))
  const objects = pairs.flatMap(({ was, is }) => [is ?? was].flatMap((object) => (object ? [described(object)] : [])))
  if (objects.length === 0) return { effect: 'nothing', objects }
  const workloads = pairs.filter(({ was, is }) => isWorkload(is ?? was))
  const effects = workloads.map(({ was, is }) => workloadEffect(was, is))
  const effect = (['restarts', 'rolls', 'scales'] as const).find((one) => effects.includes(one)) ?? 'updates'
  return { effect, objects }
}

function isWorkload(object: KubeObject | undefined): boolean {
  return ['Deployment', 'StatefulSet', 'DaemonSet'].includes(object?.kind ?? '')
}

function workloadEffect(was: KubeObject | undefined, is: KubeObject | undefined): DeployEffect['effect'] {
  // One kind of workload takes the other's place.
  if (was === undefined || is === undefined) return 'restarts'
  if (!deepEqual(getField(was, 'spec.template'), getField(is, 'spec.template'))) {
    const isSingle = is.kind === 'StatefulSet' && getField(is, 'spec.replicas') === 1
    return isSingle || getField(is, 'spec.strategy.type') === 'Recreate' ? 'restarts' : 'rolls'
  }
  return getField(was, 'spec.replicas') === getField(is, 'spec.replicas') ? 'updates' : 'scales'
}

function tryRender(key: ObjectKey, world: World): readonly KubeObject[] | RenderError {
  const object = world.objects.get(key)
  if (object === undefined) return []
  // A plain object becomes itself.
  if (!isRendered(object)) return [object]
  try {
    return render(object as KubeObject as Microservice | DataSource, world.context)
  } catch (error) {
    if (error instanceof RenderError) return error
    throw error
  }
}

function isRendered(object: KubeObject): boolean {
  const kind = kindKeyOf(object)
  return kind === microserviceKind || kind === dataSourceKind
}

/** Stands for the login that each data source has, which a page does not know and a deploy does not change. */
const credentials = { username: 'user', password: 'password' }

/** The objects at one time, and what rendering may know of them. */
class World {
  readonly objects: ReadonlyMap<ObjectKey, Unstructured>
  readonly rendered: readonly ObjectKey[]
  readonly context: RenderContext

  constructor({ namespace }: CanvasDocument, objects: ReadonlyMap<ObjectKey, Unstructured>) {
    this.objects = objects
    this.rendered = [...objects].filter(([, object]) => isRendered(object)).map(([key]) => key)
    const here = [...objects.values()].filter(({ metadata }) => metadata.namespace === namespace)
    const ofKind = <T>(kind: string, value: (object: Unstructured) => T): Map<string, T> =>
      new Map(
        here
          .filter((object) => kindKeyOf(object) === kind)
          .map((object) => [object.metadata.name ?? '', value(object)]),
      )
    const dataSources = ofKind(dataSourceKind, (object) => object as KubeObject as DataSource)
    const logins = new Map([...dataSources.keys()].map((name) => [name, credentials] as const))
    const base: RenderContext = {
      namespace,
      microservices: ofKind(microserviceKind, (object) => object as KubeObject as Microservice),
      dataSources,
      services: ofKind('Service', (object) => (getField(object, 'spec.ports') ?? []) as { port: number }[]),
      images: new Map(
        [...ofKind(microserviceKind, builtImage)].flatMap(([name, image]) => (image ? [[name, image]] : [])),
      ),
      credentials: logins,
    }
    this.context = { ...base, revisions: revisionsOf(here, dataSources, base) }
  }
}

/** What stands for an image that is yet to be built: another one where other sources are named. */
function builtImage(object: Unstructured): string | undefined {
  const build = getField(object, 'spec.build')
  return build === undefined ? undefined : `built:${shortHash(JSON.stringify(build))}`
}

function revisionsOf(
  objects: readonly Unstructured[],
  dataSources: ReadonlyMap<string, DataSource>,
  context: RenderContext,
): Map<string, string> {
  const revisions = new Map<string, string>()
  for (const object of objects)
    if (object.kind === 'ConfigMap' || object.kind === 'Secret')
      revisions.set(
        `${object.kind}/${object.metadata.name}`,
        shortHash(JSON.stringify([object['data'], object['binaryData'], object['stringData']])),
      )
  for (const [name, source] of dataSources) {
    const address = dataSourceAddress(source, context)
    if (address !== undefined)
      revisions.set(`Secret/${name}-binding`, shortHash(JSON.stringify(bindingData(source, address, credentials))))
  }
  return revisions
}
