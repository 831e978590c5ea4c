// An image without files: under it the process runtime runs programs that the machine already has.

import type { ImageStore } from './image-store.ts'
import { type ImageConfig, type Manifest, hostArchitecture, mediaTypes } from './oci.ts'

/** Puts it into the store under the name; the same each time. Answers with its digest. */
export async function putEmptyImage(
  store: ImageStore,
  { repository, tag }: { repository: string; tag: string },
): Promise<string> {
  const config: ImageConfig = {
    architecture: hostArchitecture(),
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [] },
  }
  const bytes = Buffer.from(JSON.stringify(config))
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: await store.putBlob(bytes), size: bytes.length },
    layers: [],
  }
  return store.putManifest(repository, Buffer.from(JSON.stringify(manifest)), mediaTypes.manifest, tag)
}
