// The Canvas's graph after one watch event, beside building it from nothing: 1,000 microservices in a chain with data
// sources, each with a Deployment, a ReplicaSet and two pods that are folded into it. Prints medians in ms.
//
//   node bench/canvas-graph.ts [nodes=1000] [runs=200]

import type { Unstructured } from '@binnacle/api'
import { type Graph, applyLive, buildGraph, createDocument } from '@binnacle/canvas-core'

const nodes = Number(process.argv[2] ?? 1000)
const runs = Number(process.argv[3] ?? 200)
const namespace = 'bench'

let version = 0
function object(apiVersion: string, kind: string, name: string, rest: object, owner?: Unstructured): Unstructured {
  const { apiVersion: ownerVersion = '', kind: ownerKind = '', metadata } = owner ?? { metadata: {} }
  const ownerReferences =
    owner === undefined
      ? {}
      : {
          ownerReferences: [
            {
              apiVersion: ownerVersion,
              kind: ownerKind,
              name: metadata.name ?? '',
              uid: metadata.uid ?? '',
              controller: true,
            },
          ],
        }
  const base = { name, namespace, uid: `${kind}-${name}`, resourceVersion: String(++version), ...ownerReferences }
  return { apiVersion, kind, metadata: base, ...rest }
}

function service(index: number, image: string): Unstructured {
  const name = `service-${index}`
  return object('binnacle.dev/v1alpha1', 'Microservice', name, {
    spec: {
      image,
      ports: [{ name: 'http', port: 80 }],
      env: [{ name: 'MODE', value: 'bench' }],
      ...(index === 0 ? {} : { uses: [{ name: `service-${index - 1}` }] }),
      ...(index % 10 === 9 ? { bindings: [{ name: `data-${index}` }] } : {}),
    },
    status: { replicas: 2, readyReplicas: 2, conditions: [{ type: 'Ready', status: 'True', reason: 'Available' }] },
  })
}

function family(index: number): Unstructured[] {
  if (index % 10 === 0)
    return [object('binnacle.dev/v1alpha1', 'DataSource', `data-${index + 9}`, { spec: { type: 'redis' } })]
  const owner = service(index, 'bench:1')
  const deployment = object('apps/v1', 'Deployment', `service-${index}`, { spec: {}, status: {} }, owner)
  const replicaSet = object('apps/v1', 'ReplicaSet', `service-${index}-1`, { spec: {}, status: {} }, deployment)
  const pod = (number: number): Unstructured =>
    object('v1', 'Pod', `service-${index}-${number}`, { status: { phase: 'Running' } }, replicaSet)
  return [owner, deployment, replicaSet, pod(1), pod(2)]
}

function median(times: readonly number[]): string {
  return (times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0).toFixed(2)
}

const objects = [service(0, 'bench:1'), ...Array.from({ length: nodes }, (_, index) => family(index)).flat()]
const start = applyLive(
  createDocument({ namespace }),
  objects.map((one) => ({ type: 'ADDED', object: one })),
)
const whole: number[] = []
let graph: Graph = buildGraph(start)
for (let run = 0; run < 20; run++) {
  const began = performance.now()
  graph = buildGraph(start)
  whole.push(performance.now() - began)
}
let document = start
const incremental: number[] = []
const apply: number[] = []
for (let run = 0; run < runs; run++) {
  const began = performance.now()
  document = applyLive(document, [
    { type: 'MODIFIED', object: service(1 + ((run * 7) % (nodes - 1)), `bench:${run + 2}`) },
  ])
  const applied = performance.now()
  graph = buildGraph(document, graph)
  apply.push(applied - began)
  incremental.push(performance.now() - applied)
}
console.log(`${graph.nodes.length} nodes, ${graph.wires.length} wires, ${objects.length} objects`)
console.log(`from nothing      ${median(whole)} ms`)
console.log(`one watch event   ${median(apply)} ms to apply, ${median(incremental)} ms for the graph`)
