// What the node agent asks of images: a reference to a digest, a config and a folder with the unpacked files.

import type { ImageStore } from './image-store.ts'
import type { ContainerConfig, ImageConfig } from './oci.ts'
import { localRepository, parseReference } from './reference.ts'
import { unpackLayers } from './unpack.ts'

export interface ResolvedImage {
  /** `sha256:…` of the manifest. */
  digest: string
  /** Compressed bytes of all layers. */
  size: number
  config: ContainerConfig
  /** Folder with the files of all layers; shared, not to be written to. */
  rootfs(): Promise<string>
}

export interface ImageSource {
  /** undefined where the store has no such image. Throws InvalidReferenceError. */
  resolve(reference: string): Promise<ResolvedImage | undefined>
  list(): Promise<{ names: string[]; size: number }[]>
}

export function createImageSource(store: ImageStore, ownHosts: ReadonlySet<string>): ImageSource {
  return {
    async resolve(text) {
      const reference = parseReference(text)
      const repository = localRepository(reference, ownHosts)
      const found = await store.platformManifest(repository, reference.digest ?? reference.tag ?? 'latest')
      if (!found) return undefined
      const { manifest, digest } = found
      const config = JSON.parse((await store.blobBytes(manifest.config.digest)).toString()) as ImageConfig
      return {
        digest,
        size: manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
        config: config.config ?? {},
        rootfs: () => unpackLayers(store, manifest.layers),
      }
    },

    async list() {
      const images = []
      for (const repository of await store.repositories()) {
        for (const tag of await store.tags(repository)) {
          const found = await store.platformManifest(repository, tag)
          if (!found) continue
          const size = found.manifest.layers.reduce((sum, layer) => sum + layer.size, 0)
          images.push({ names: [`${repository}@${found.digest}`, `${repository}:${tag}`], size })
        }
      }
      return images
    },
  }
}
