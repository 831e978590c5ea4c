// Objects and documents for tests.

import { type Unstructured, deepFreeze } from '@binnacle/api'
import type { DataSourceSpec, MicroserviceSpec } from '@binnacle/model'
import { type CanvasDocument, applyLive, createDocument } from '../src/document.ts'

export const namespace = 'shop'

export function microservice(name: string, spec: MicroserviceSpec = { image: `shop/${name}:1` }): Unstructured {
  return {
    apiVersion: 'binnacle.dev/v1alpha1',
    kind: 'Microservice',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/part-of': 'shop' } },
    spec,
  }
}

export function dataSource(name: string, spec: DataSourceSpec = { type: 'redis' }): Unstructured {
  return { apiVersion: 'binnacle.dev/v1alpha1', kind: 'DataSource', metadata: { name, namespace }, spec }
}

export function plain(apiVersion: string, kind: string, name: string, rest: object = {}): Unstructured {
  return { apiVersion, kind, metadata: { name, namespace }, ...rest }
}

/** The object as the server has it: its version grows with each call. */
let version = 0
export function served(object: Unstructured): Unstructured {
  const { name } = object.metadata
  version++
  const metadata = { uid: `uid-${object.kind}-${name}`, ...object.metadata, resourceVersion: String(version) }
  return deepFreeze({ ...object, metadata })
}

export function documentOf(...objects: Unstructured[]): CanvasDocument {
  return changed(createDocument({ namespace, application: 'shop' }), ...objects)
}

/** After the cluster had these objects changed or added. */
export function changed(document: CanvasDocument, ...objects: Unstructured[]): CanvasDocument {
  return applyLive(
    document,
    objects.map((object) => ({ type: 'MODIFIED' as const, object: served(object) })),
  )
}

export const msKey = (name: string): string => `Microservice.binnacle.dev/${namespace}/${name}`
export const dsKey = (name: string): string => `DataSource.binnacle.dev/${namespace}/${name}`
