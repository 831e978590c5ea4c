// What the command line composes of images.
export { buildDockerfile } from './build/dockerfile.ts'
export { type BuildOptions, type BuiltImage, buildImage } from './build/build.ts'
export { BuildError } from './build/project.ts'
export { type ImageSource, type ResolvedImage, createImageSource } from './image-source.ts'
export { ImageStore } from './image-store.ts'
export { type ImageReference, InvalidReferenceError, localRepository, parseReference, tagWarning } from './reference.ts'
export { pushImage } from './push.ts'
export { type Registry, type RegistryOptions, startRegistry } from './registry.ts'
