// The schema of a kind by what an envelope says of it.

import { apiVersionOf } from '../resource.ts'
import { type ObjectSchema, builtinResources, namedSchema, schemaNames } from '../schema.ts'

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
/** Registered in every group (metav1.AddToGroupVersion), as clients send them. */
const metaKinds: ReadonlySet<string> = new Set([
  'DeleteOptions',
  'Status',
  'PartialObjectMetadata',
  'PartialObjectMetadataList',
])

let packages: ReadonlyMap<string, string> | undefined
let names: ReadonlySet<string> | undefined
const found = new Map<string, ObjectSchema>()

/** Go package of the types of each group and version, in OpenAPI's spelling. */
function modelPackages(): ReadonlyMap<string, string> {
  packages ??= new Map(
    builtinResources().flatMap((info) => {
      const name = info.schema.type === 'object' ? info.schema.name : undefined
      return name === undefined ? [] : [[apiVersionOf(info), name.slice(0, name.lastIndexOf('.'))] as const]
    }),
  )
  return packages
}

/** Of a built-in kind: also of lists, sub-resources (Scale, Eviction, TokenRequest) and the kinds of meta/v1. */
export function builtinKindSchema(apiVersion: string, kind: string): ObjectSchema | undefined {
  const key = `${apiVersion}/${kind}`
  const known = found.get(key)
  if (known !== undefined) return known
  const modelPackage = metaKinds.has(kind) ? meta : modelPackages().get(apiVersion)
  const name = `${modelPackage}.${kind}`
  names ??= new Set(schemaNames())
  if (!names.has(name)) return undefined
  const schema = namedSchema(name)
  // Bounded: only what is found is kept, but the version of a kind of meta/v1 may be anything.
  if (!metaKinds.has(kind)) found.set(key, schema)
  return schema
}
