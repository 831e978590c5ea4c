// The files that are generated from the Go modules, by name.

import { Declarations, declarationsSource } from './declarations.ts'
import { readGoTypes, type GoTypes } from './go-types.ts'
import { kindsSource } from './kinds.ts'

const meta = 'k8s.io/apimachinery/pkg/apis/meta/v1'

/** Kinds that are no list or resource of their own but travel over the API. */
const further = [
  ...[
    'APIGroup',
    'APIGroupList',
    'APIResourceList',
    'APIVersions',
    'DeleteOptions',
    'LabelSelector',
    'PartialObjectMetadata',
    'PartialObjectMetadataList',
    'Patch',
    'Status',
    'Table',
    'WatchEvent',
  ].map((name) => `${meta}.${name}`),
  'k8s.io/apimachinery/pkg/version.Info',
]

function isKind(types: GoTypes, name: string): boolean {
  return types.get(name)?.fields?.some((field) => field.inline && field.type === `${meta}.TypeMeta`) === true
}

export function generate(): Record<string, string> {
  const types = readGoTypes()
  const declarations = new Declarations(types)
  for (const name of types.keys()) {
    // PodStatusResult, RangeAllocation and SerializedReference are only used inside the control plane.
    const internal = /\.(PodStatusResult|RangeAllocation|SerializedReference)$/.test(name)
    if (!name.startsWith('k8s.io/apimachinery/') && !internal && isKind(types, name)) declarations.declare(name)
  }
  for (const name of further) declarations.declare(name)
  return { 'declarations.ts': declarationsSource(declarations.all), 'kinds.ts': kindsSource(declarations.all) }
}
