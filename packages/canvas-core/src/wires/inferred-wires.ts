// Wires of plain Kubernetes objects, read from their fields. They cannot be drawn; each says which field it is.

import type { Unstructured } from '@binnacle/api'
import { type FieldPath, getField, itemPath } from '../field-path.ts'
import { isRecord } from '../schemas.ts'
import { microserviceKind } from './own-wires.ts'
import { namedServices } from './service-names.ts'
import type { Reference, WireKind } from './wire-kind.ts'

type Fields = Readonly<Record<string, unknown>>

const workloadKinds = ['Deployment.apps', 'StatefulSet.apps', 'DaemonSet.apps', 'ReplicaSet.apps', 'Pod']
const withPods = [...workloadKinds, 'Job.batch', 'CronJob.batch']

/** Where the pod's spec is in an object that makes pods. */
function podSpecPath({ kind }: Unstructured): FieldPath {
  if (kind === 'Pod') return 'spec'
  return kind === 'CronJob' ? 'spec.jobTemplate.spec.template.spec' : 'spec.template.spec'
}

function itemsAt(object: unknown, path: FieldPath): readonly [Fields, FieldPath][] {
  const list = getField(object, path)
  if (!Array.isArray(list)) return []
  return list.flatMap((item: unknown, index) => (isRecord(item) ? [[item, itemPath(path, index)] as const] : [])) as [
    Fields,
    FieldPath,
  ][]
}

function textAt(object: unknown, path: FieldPath): string | undefined {
  const value = getField(object, path)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function namespaceOf({ metadata }: Unstructured): string {
  return metadata.namespace ?? ''
}

function containersOf(object: Unstructured): readonly [Fields, FieldPath][] {
  const path = podSpecPath(object)
  return [...itemsAt(object, `${path}.initContainers`), ...itemsAt(object, `${path}.containers`)]
}

/** Variables whose values name services: `http://api:8080`, `cache:6379`, `http://$(CACHE_SERVICE_HOST)`. */
const environmentWire: WireKind = {
  id: 'environment',
  verb: 'calls',
  from: [...withPods, microserviceKind],
  to: ['Service'],
  read: (object) => {
    const lists =
      object.kind === 'Microservice'
        ? [itemsAt(object, 'spec.env')]
        : containersOf(object).map(([container, path]) =>
            itemsAt(container, 'env').map(([variable, inner]): [Fields, FieldPath] => [variable, `${path}.${inner}`]),
          )
    return lists.flat().flatMap(([{ name, value }, path]) => {
      if (typeof name !== 'string' || typeof value !== 'string') return []
      return namedServices({ variable: name, value, namespace: namespaceOf(object) }).map((target): Reference => ({
        path: `${path}.value`,
        target: { ...target, kinds: object.kind === 'Microservice' ? [microserviceKind, 'Service'] : ['Service'] },
        label: name,
        reason: `the variable ${name} names it`,
        isGuess: true,
      }))
    })
  },
}

const selectorWire: WireKind = {
  id: 'selector',
  verb: 'leads to',
  from: ['Service'],
  to: withPods,
  read: (object) => {
    const selector = getField(object, 'spec.selector')
    if (!isRecord(selector) || Object.keys(selector).length === 0) return []
    const labels = Object.entries(selector).map(([name, value]) => `${name}=${String(value)}`)
    return [
      {
        path: 'spec.selector',
        target: {
          kinds: workloadKinds,
          namespace: namespaceOf(object),
          selector: Object.fromEntries(Object.entries(selector).map(([name, value]) => [name, String(value)])),
        },
        reason: `its pods have the labels ${labels.join(', ')}`,
        isGuess: true,
      },
    ]
  },
}

function backend(object: Unstructured, { path, label }: { path: FieldPath; label: string | undefined }): Reference[] {
  const name = textAt(object, path)
  if (name === undefined) return []
  return [
    {
      path,
      target: { kinds: ['Service'], namespace: namespaceOf(object), name },
      ...(label === undefined ? {} : { label }),
      reason: label === undefined ? 'it is the default backend' : `requests for ${label} go there`,
      namePath: path,
    },
  ]
}

const ingressWire: WireKind = {
  id: 'ingress',
  verb: 'routes to',
  from: ['Ingress.networking.k8s.io'],
  to: ['Service'],
  read: (object) => [
    ...backend(object, { path: 'spec.defaultBackend.service.name', label: undefined }),
    ...itemsAt(object, 'spec.rules').flatMap(([rule, path]) =>
      itemsAt(rule, 'http.paths').flatMap(([route, inner]) =>
        backend(object, {
          path: `${path}.${inner}.backend.service.name`,
          label: `${textAt(rule, 'host') ?? ''}${textAt(route, 'path') ?? '/'}`,
        }),
      ),
    ),
    ...itemsAt(object, 'spec.tls').flatMap(([, path]) =>
      named(object, { kind: 'Secret', path: `${path}.secretName`, reason: 'its certificate is in it' }),
    ),
  ],
}

const routeWire: WireKind = {
  id: 'route',
  verb: 'routes to',
  from: ['HTTPRoute.gateway.networking.k8s.io', 'GRPCRoute.gateway.networking.k8s.io'],
  to: ['Service'],
  read: (object) =>
    itemsAt(object, 'spec.rules').flatMap(([rule, path]) => {
      const match = textAt(rule, 'matches[0].path.value') ?? '/'
      return itemsAt(rule, 'backendRefs').flatMap(([reference, inner]): Reference[] => {
        const name = textAt(reference, 'name')
        if (name === undefined || (textAt(reference, 'kind') ?? 'Service') !== 'Service') return []
        return [
          {
            path: `${path}.${inner}`,
            target: { kinds: ['Service'], namespace: textAt(reference, 'namespace') ?? namespaceOf(object), name },
            label: match,
            reason: `requests for ${match} go there`,
            namePath: `${path}.${inner}.name`,
          },
        ]
      })
    }),
}

const parentWire: WireKind = {
  id: 'parent',
  verb: 'is attached to',
  from: ['HTTPRoute.gateway.networking.k8s.io', 'GRPCRoute.gateway.networking.k8s.io'],
  to: ['Gateway.gateway.networking.k8s.io'],
  read: (object) =>
    itemsAt(object, 'spec.parentRefs').flatMap(([reference, path]): Reference[] => {
      const name = textAt(reference, 'name')
      if (name === undefined) return []
      const namespace = textAt(reference, 'namespace') ?? namespaceOf(object)
      const target = { kinds: ['Gateway.gateway.networking.k8s.io'], namespace, name }
      return [{ path, target, reason: 'the route is attached to it', namePath: `${path}.name` }]
    }),
}

interface NamedField {
  kind: string
  path: FieldPath
  reason: string
  isOptional?: boolean
}

/** A field that is the name of an object of the same namespace. */
function named(object: Unstructured, { kind, path, reason, isOptional = false }: NamedField): Reference[] {
  const name = textAt(object, path)
  if (name === undefined) return []
  const target = { kinds: [kind], namespace: namespaceOf(object), name }
  return [{ path, target, reason, namePath: path, ...(isOptional ? { isGuess: true } : {}) }]
}

/** ConfigMaps and Secrets that containers read as variables or volumes. */
const podConfigurationWire: WireKind = {
  id: 'pod-configuration',
  verb: 'reads',
  from: withPods,
  to: ['ConfigMap', 'Secret'],
  read: (object) => {
    const pod = podSpecPath(object)
    return [
      ...containersOf(object).flatMap(([container, path]) => [
        ...itemsAt(container, 'env').flatMap(([variable, inner]) => {
          const at = `${path}.${inner}.valueFrom`
          const reason = `the variable ${String(variable['name'])} is a key of it`
          return [
            ...named(object, {
              kind: 'ConfigMap',
              path: `${at}.configMapKeyRef.name`,
              reason,
              isOptional: isOptional(variable, 'valueFrom.configMapKeyRef'),
            }),
            ...named(object, {
              kind: 'Secret',
              path: `${at}.secretKeyRef.name`,
              reason,
              isOptional: isOptional(variable, 'valueFrom.secretKeyRef'),
            }),
          ]
        }),
        ...itemsAt(container, 'envFrom').flatMap(([source, inner]) => {
          const reason = 'each of its keys is a variable'
          return [
            ...named(object, {
              kind: 'ConfigMap',
              path: `${path}.${inner}.configMapRef.name`,
              reason,
              isOptional: isOptional(source, 'configMapRef'),
            }),
            ...named(object, {
              kind: 'Secret',
              path: `${path}.${inner}.secretRef.name`,
              reason,
              isOptional: isOptional(source, 'secretRef'),
            }),
          ]
        }),
      ]),
      ...itemsAt(object, `${pod}.volumes`).flatMap(([volume, path]) => {
        const reason = `the volume ${String(volume['name'])} holds it`
        return [
          ...named(object, {
            kind: 'ConfigMap',
            path: `${path}.configMap.name`,
            reason,
            isOptional: isOptional(volume, 'configMap'),
          }),
          ...named(object, {
            kind: 'Secret',
            path: `${path}.secret.secretName`,
            reason,
            isOptional: isOptional(volume, 'secret'),
          }),
        ]
      }),
    ]
  },
}

function isOptional(object: Fields, path: FieldPath): boolean {
  return getField(object, `${path}.optional`) === true
}

const claimWire: WireKind = {
  id: 'claim',
  verb: 'stores in',
  from: withPods,
  to: ['PersistentVolumeClaim'],
  read: (object) =>
    itemsAt(object, `${podSpecPath(object)}.volumes`).flatMap(([volume, path]) =>
      named(object, {
        kind: 'PersistentVolumeClaim',
        path: `${path}.persistentVolumeClaim.claimName`,
        reason: `the volume ${String(volume['name'])} is on it`,
      }),
    ),
}

const scaleWire: WireKind = {
  id: 'scale',
  verb: 'scales',
  from: ['HorizontalPodAutoscaler.autoscaling'],
  to: ['Deployment.apps', 'StatefulSet.apps', microserviceKind],
  read: (object) => {
    const path = 'spec.scaleTargetRef.name'
    const name = textAt(object, path)
    const kind = textAt(object, 'spec.scaleTargetRef.kind')
    const kinds = scaleWire.to === 'any' ? [] : scaleWire.to.filter((one) => one.startsWith(`${kind}.`))
    if (name === undefined || kinds.length === 0) return []
    const target = { kinds, namespace: namespaceOf(object), name }
    return [{ path, target, reason: 'it sets the number of its replicas', namePath: path }]
  },
}

/** Owners that are there fold what they own into their node; this is for owners that are drawn beside it. */
const ownerWire: WireKind = {
  id: 'owner',
  verb: 'belongs to',
  from: 'any',
  to: 'any',
  read: (object) =>
    (object.metadata.ownerReferences ?? []).map(({ apiVersion, kind, name }, index) => {
      const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : ''
      return {
        path: itemPath('metadata.ownerReferences', index),
        target: { kinds: [`${kind}${group}`], namespace: namespaceOf(object), name },
        reason: 'it is deleted with it',
        isGuess: true,
      }
    }),
}

export const inferredWireKinds: readonly WireKind[] = [
  environmentWire,
  selectorWire,
  ingressWire,
  routeWire,
  parentWire,
  podConfigurationWire,
  claimWire,
  scaleWire,
  ownerWire,
]
