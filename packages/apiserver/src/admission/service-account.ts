// ServiceAccount: a pod runs as an account that exists, with its image pull secrets and its token mounted.
// Upstream: plugin/pkg/admission/serviceaccount.

import { type Container, type Pod, type ServiceAccount, type Volume, forbidden } from '@binnacle/api'
import type { AdmissionPlugin } from '../admission.ts'
import { randomSuffix } from './random-suffix.ts'

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const volumePrefix = 'kube-api-access-'
const mirrorAnnotation = 'kubernetes.io/config.mirror'
const enforceAnnotation = 'kubernetes.io/enforce-mountable-secrets'
const pods = { group: '', resource: 'pods' }

export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',

  admit({ operation, resource, subresource, object, namespace, name }, reader) {
    if (operation !== 'CREATE' || resource.storageKey !== 'pods' || subresource || object === undefined) return
    const pod = object as Pod
    if (pod.spec === undefined || pod.metadata.annotations?.[mirrorAnnotation] !== undefined) return
    pod.spec.serviceAccountName ||= pod.spec.serviceAccount || 'default'
    pod.spec.serviceAccount = pod.spec.serviceAccountName
    const account = reader.get<ServiceAccount>('serviceaccounts', namespace, pod.spec.serviceAccountName)
    if (account === undefined) {
      const which = `${namespace}/${pod.spec.serviceAccountName}`
      const why = `error looking up service account ${which}: serviceaccount "${pod.spec.serviceAccountName}" not found`
      throw forbidden(pods, name || pod.metadata.name || '', why)
    }
    if ((pod.spec.imagePullSecrets?.length ?? 0) === 0 && account.imagePullSecrets !== undefined) {
      pod.spec.imagePullSecrets = account.imagePullSecrets.map((reference) => ({ ...reference }))
    }
    if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod)
  },

  validate({ operation, resource, subresource, object, namespace, name }, reader) {
    if (resource.storageKey !== 'pods' || operation !== 'CREATE' || subresource || object === undefined) return
    const pod = object as Pod
    const refuse = (why: string): Error => forbidden(pods, name || pod.metadata.name || '', why)
    if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) {
      if (pod.spec?.serviceAccountName) throw refuse('a mirror pod may not reference service accounts')
      return
    }
    const account = reader.get<ServiceAccount>('serviceaccounts', namespace, pod.spec?.serviceAccountName ?? '')
    if (account?.metadata.annotations?.[enforceAnnotation] !== 'true') return
    const allowed = new Set((account.secrets ?? []).map((secret) => secret.name))
    for (const { secret, name: volume } of pod.spec?.volumes ?? []) {
      if (secret?.secretName && !allowed.has(secret.secretName)) {
        throw refuse(
          `volume with secret.secretName="${secret.secretName}" is not allowed because service account ${account.metadata.name} does not reference that secret (volume ${volume})`,
        )
      }
    }
  },
}

function mountToken({ spec }: Pod): void {
  if (spec === undefined) return
  const existing = spec.volumes?.find(({ name, projected }) => name.startsWith(volumePrefix) && projected !== undefined)
  const name = existing?.name ?? volumePrefix + randomSuffix()
  let isUsed = false
  const mount = (container: Container): void => {
    if (container.volumeMounts?.some((known) => known.mountPath === mountPath)) return
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }]
    isUsed = true
  }
  for (const container of spec.initContainers ?? []) mount(container)
  for (const container of spec.containers) mount(container)
  if (isUsed && existing === undefined) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)]
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        // A little more than an hour, so that a renewed one is told from the legacy kind.
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  }
}
