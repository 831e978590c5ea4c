// The documents of the OCI image specification that we read and write, and their media types.

export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const

export interface Descriptor {
  mediaType: string
  digest: string
  /** Bytes. */
  size: number
  annotations?: Record<string, string>
  artifactType?: string
  platform?: { os: string; architecture: string; variant?: string }
}

export interface Manifest {
  schemaVersion: 2
  mediaType?: string
  config: Descriptor
  layers: Descriptor[]
  subject?: Descriptor
  artifactType?: string
  annotations?: Record<string, string>
}

export interface Index {
  schemaVersion: 2
  mediaType?: string
  manifests: Descriptor[]
  subject?: Descriptor
  annotations?: Record<string, string>
}

/** What a container of the image runs by default. */
export interface ContainerConfig {
  Entrypoint?: string[] | null
  Cmd?: string[] | null
  Env?: string[] | null
  WorkingDir?: string
  User?: string
  ExposedPorts?: Record<string, object> | null
  Labels?: Record<string, string> | null
  StopSignal?: string
}

export interface ImageConfig {
  created?: string
  architecture: string
  os: string
  config?: ContainerConfig
  rootfs: { type: 'layers'; diff_ids: string[] }
  history?: { created?: string; created_by?: string; empty_layer?: boolean; comment?: string }[]
}

export function isIndex(document: Manifest | Index): document is Index {
  return 'manifests' in document
}

/** The OCI architecture name of this machine. */
export function hostArchitecture(): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }
  return names[process.arch] ?? process.arch
}
