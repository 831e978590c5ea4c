// Each namespace has a ConfigMap `kube-root-ca.crt` with the certificate authority that pods trust the API server by.
// It is made again when deleted and put right when changed. Upstream: pkg/controller/certificates/rootcacertpublisher.

import { isAlreadyExists, isNotFound } from '@binnacle/api'
import type { ConfigMap, Namespace } from '@binnacle/api'
import { configMaps, namespaces } from '@binnacle/client'
import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'
import { runController } from './run-controller.ts'
import { isTerminating } from './namespace-terminating.ts'

const name = 'kube-root-ca.crt'
const descriptionAnnotation = 'kubernetes.io/description'
const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. ' +
  'No other usage is guaranteed across distributions of Kubernetes clusters.'

export function startRootCACertPublisher(context: ControllerContext): Controller {
  const { client, informers } = context
  const namespaceInformer = informers.of<Namespace>(namespaces)
  // Of all ConfigMaps these only: an informer of all would hold everybody's. Shared, as the controller itself may not list.
  const configMapInformer = informers.select<ConfigMap>(configMaps, `metadata.name=${name}`)
  const controller = runController(context, {
    name: 'root-ca-certificate-publisher-controller',
    workers: 1,
    reconcile: async (namespaceName) => {
      const namespace = namespaceInformer.get(namespaceName)
      if (!namespace || namespace.status?.phase === 'Terminating' || namespace.metadata.deletionTimestamp) return
      const certificate = context.caCertificate
      if (certificate === undefined) return
      const wanted: ConfigMap = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: namespaceName, annotations: { [descriptionAnnotation]: description } },
        data: { 'ca.crt': certificate },
      }
      const current = configMapInformer.get(`${namespaceName}/${name}`)
      try {
        if (!current) await client.create<ConfigMap>(configMaps, wanted)
        else if (!isRight(current, certificate)) await client.update<ConfigMap>(configMaps, wanted)
      } catch (error) {
        if (!isAlreadyExists(error) && !isNotFound(error) && !isTerminating(error)) throw error
      }
    },
  })
  const enqueue = ({ metadata }: Namespace): void => controller.enqueue(metadata.name ?? '')
  const enqueueOwn = ({ metadata }: ConfigMap): void => controller.enqueue(metadata.namespace ?? '')
  namespaceInformer.on({ added: enqueue, updated: enqueue })
  configMapInformer.on({ added: enqueueOwn, updated: enqueueOwn, deleted: enqueueOwn })
  return controller
}

function isRight({ data, metadata }: ConfigMap, certificate: string): boolean {
  return (
    data !== undefined &&
    Object.keys(data).length === 1 &&
    data['ca.crt'] === certificate &&
    !!metadata.annotations?.[descriptionAnnotation]
  )
}
