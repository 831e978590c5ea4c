// Small plugins that fill in what a kind starts with: finalizers of storage objects, the taint of new nodes, the default
// storage and ingress classes. Upstream: plugin/pkg/admission/{storage,nodetaint,network}.

import type { Ingress, IngressClass, KubeObject, Node, PersistentVolumeClaim, StorageClass } from '@binnacle/api'
import { forbidden, internalError } from '@binnacle/api'
import type { AdmissionPlugin } from '../admission.ts'

const protections: Readonly<Record<string, string>> = {
  persistentvolumes: 'kubernetes.io/pv-protection',
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
}

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit({ operation, resource, subresource, object }) {
    const finalizer = protections[resource.storageKey]
    if (operation !== 'CREATE' || subresource || finalizer === undefined || object === undefined) return
    const { metadata } = object
    if (!metadata.finalizers?.includes(finalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), finalizer]
  },
}

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit({ operation, resource, subresource, object }) {
    if (operation !== 'CREATE' || resource.storageKey !== 'nodes' || subresource) return
    const node: Node | undefined = object
    if (node === undefined) return
    const spec = (node.spec ??= {})
    const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const
    if (spec.taints?.some(({ key, effect }) => key === taint.key && effect === taint.effect)) return
    spec.taints = [...(spec.taints ?? []), taint]
  },
}

/** The newest class with the annotation, then the first by name, as upstream breaks the tie. */
function defaultClass<T extends KubeObject>(classes: readonly T[], annotations: readonly string[]): T | undefined {
  const marked = classes.filter(({ metadata }) => annotations.some((name) => metadata.annotations?.[name] === 'true'))
  const created = ({ metadata }: T): string => metadata.creationTimestamp ?? ''
  return marked.sort(
    (a, b) => created(b).localeCompare(created(a)) || (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''),
  )[0]
}

const defaultStorageAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
]

export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  admit({ operation, resource, subresource, object }, reader) {
    if (operation !== 'CREATE' || resource.storageKey !== 'persistentvolumeclaims' || subresource) return
    const claim: PersistentVolumeClaim | undefined = object
    if (claim?.spec === undefined || claim.spec.storageClassName != null) return
    if (claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined) return
    const chosen = defaultClass(reader.list<StorageClass>('storageclasses.storage.k8s.io'), defaultStorageAnnotations)
    if (chosen?.metadata.name !== undefined) claim.spec.storageClassName = chosen.metadata.name
  },
}

const defaultIngressAnnotation = 'ingressclass.kubernetes.io/is-default-class'

export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  admit({ operation, resource, subresource, object }, reader) {
    if (operation !== 'CREATE' || resource.storageKey !== 'ingresses.networking.k8s.io' || subresource) return
    const ingress: Ingress | undefined = object
    if (ingress === undefined || ingress.spec?.ingressClassName != null) return
    if (ingress.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return
    const classes = reader.list<IngressClass>('ingressclasses.networking.k8s.io')
    const marked = classes.filter(({ metadata }) => metadata.annotations?.[defaultIngressAnnotation] === 'true')
    if (marked.length > 1) throw internalError(`${marked.length} default IngressClasses were found, only 1 allowed`)
    const name = marked[0]?.metadata.name
    if (name !== undefined) ingress.spec = { ...ingress.spec, ingressClassName: name }
  },
}

export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  validate({ operation, resource, subresource, object, oldObject, name }, reader) {
    if (operation !== 'UPDATE' || resource.storageKey !== 'persistentvolumeclaims' || subresource) return
    const size = (claim: PersistentVolumeClaim | undefined): unknown => claim?.spec?.resources?.requests?.['storage']
    if (size(object) === size(oldObject)) return
    const old = oldObject as PersistentVolumeClaim
    if (old.status?.phase !== 'Bound')
      throw forbidden(resource, name, 'Only bound persistent volume claims can be expanded')
    const className = old.spec?.storageClassName ?? ''
    const storageClass = reader.get<StorageClass>('storageclasses.storage.k8s.io', undefined, className)
    if (storageClass?.allowVolumeExpansion === true) return
    throw forbidden(
      resource,
      name,
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    )
  },
}
