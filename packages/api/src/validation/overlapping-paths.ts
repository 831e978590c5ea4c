// Files of one volume that would hide one another (warningsForOverlappingVirtualPaths of pkg/api/pod/warnings.go).

import type { Volume, VolumeProjection } from '../generated/kinds.ts'

interface Placed {
  path: string
  /** Empty where the volume has one source only. */
  source: string
}

type Item = { path?: string | undefined }

export function overlappingPathWarnings(warnings: string[], volumes: readonly Volume[]): void {
  for (const { name, configMap, secret, downwardAPI, projected } of volumes) {
    const head = `volume ${JSON.stringify(name)}`
    const sources: readonly [description: string, items: readonly Item[] | undefined][] = [
      [`ConfigMap ${JSON.stringify(configMap?.name ?? '')}`, configMap?.items],
      [`Secret ${JSON.stringify(secret?.secretName ?? '')}`, secret?.items],
      ['DownwardAPI', downwardAPI?.items],
    ]
    for (const [description, items] of sources) {
      const overlaps = overlapsOf(placed(items, ''))
      for (const overlap of overlaps) warnings.push(`${head} (${description}): overlapping paths: ${overlap}`)
    }
    const all: Placed[] = []
    for (const source of projected?.sources ?? []) {
      if (Object.values(source).every((part) => part == null)) {
        warnings.push(`${head} (Projected) has no sources provided`)
      } else all.push(...projectedPaths(source))
    }
    for (const overlap of overlapsOf(all)) warnings.push(`${head} (Projected): overlapping paths: ${overlap}`)
  }
}

function projectedPaths(projection: VolumeProjection): Placed[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = projection
  if (configMap?.items) return placed(configMap.items, `ConfigMap ${JSON.stringify(configMap.name ?? '')}`)
  if (secret?.items) return placed(secret.items, `Secret ${JSON.stringify(secret.name ?? '')}`)
  if (downwardAPI?.items) return placed(downwardAPI.items, 'DownwardAPI')
  if (serviceAccountToken) return placed([serviceAccountToken], 'ServiceAccountToken')
  if (clusterTrustBundle) {
    const name = clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? ''
    return placed([clusterTrustBundle], `ClusterTrustBundle ${JSON.stringify(name)}`)
  }
  const certificate: readonly [path: string | undefined, source: string][] = [
    [podCertificate?.certificateChainPath, 'PodCertificate chain'],
    [podCertificate?.keyPath, 'PodCertificate key'],
    [podCertificate?.credentialBundlePath, 'PodCertificate credential bundle'],
  ]
  return certificate.flatMap(([path, source]) => (path ? [{ path, source }] : []))
}

function placed(items: readonly Item[] | null | undefined, source: string): Placed[] {
  return (items ?? []).map(({ path = '' }) => ({ path, source }))
}

/** Each path with each earlier one that it equals, lies in or contains. */
function overlapsOf(paths: readonly Placed[]): string[] {
  const trimmed = paths.map(({ path, source }) => ({ path: path.replace(/\/+$/, ''), source }))
  return trimmed.flatMap((one, index) => {
    if (one.path === '') return []
    const others = trimmed.slice(0, index).filter(({ path }) => {
      return path !== '' && (`${path}/`.startsWith(`${one.path}/`) || `${one.path}/`.startsWith(`${path}/`))
    })
    return others.map((other) => `${textOf(one)} with ${textOf(other)}`)
  })
}

function textOf({ path, source }: Placed): string {
  return source === '' ? JSON.stringify(path) : `${JSON.stringify(path)} (${source})`
}
