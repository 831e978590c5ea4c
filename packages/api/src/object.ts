// The part that every object of the API has. Kinds are in kinds.ts (generated from k8s.io/api).

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean | undefined
  blockOwnerDeletion?: boolean | undefined
}

export interface ManagedFieldsEntry {
  manager?: string | undefined
  operation?: 'Apply' | 'Update' | undefined
  apiVersion?: string | undefined
  time?: string | undefined
  fieldsType?: 'FieldsV1' | undefined
  fieldsV1?: Record<string, unknown> | undefined
  subresource?: string | undefined
}

export interface ObjectMeta {
  name?: string | undefined
  generateName?: string | undefined
  namespace?: string | undefined
  uid?: string | undefined
  resourceVersion?: string | undefined
  generation?: number | undefined
  creationTimestamp?: string | undefined
  deletionTimestamp?: string | undefined
  deletionGracePeriodSeconds?: number | undefined
  labels?: Record<string, string> | undefined
  annotations?: Record<string, string> | undefined
  ownerReferences?: OwnerReference[] | undefined
  finalizers?: string[] | undefined
  managedFields?: ManagedFieldsEntry[] | undefined
  selfLink?: string | undefined
}

export interface KubeObject {
  apiVersion?: string | undefined
  kind?: string | undefined
  metadata: ObjectMeta
}

export interface ListMeta {
  resourceVersion?: string | undefined
  continue?: string | undefined
  remainingItemCount?: number | undefined
}

export interface KubeList<T = KubeObject> {
  apiVersion?: string | undefined
  kind?: string | undefined
  metadata: ListMeta
  items: T[]
}

/** An object whose kind is known only at run time. */
export type Unstructured = KubeObject & Record<string, unknown>
