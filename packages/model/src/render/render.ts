// What our resources become. The controllers apply it, `binnacle export` writes it, the Canvas's diff shows it.

import type { KubeObject } from '@binnacle/api'
import type { DataSource } from '../kinds/data-source.ts'
import type { Microservice } from '../kinds/microservice.ts'
import type { RenderContext } from './context.ts'
import { dataSourceServices, renderDataSource } from './data-source.ts'
import { microserviceServices, renderMicroservice } from './microservice.ts'

/**
 * The plain Kubernetes objects that a resource becomes, in the order in which they are best applied. Pure: the same
 * input gives the same objects. Owner references are the controller's. A kind that becomes nothing gives none.
 * @throws RenderError where the context does not say what the resource needs
 */
export function render(resource: Microservice | DataSource, context: RenderContext): KubeObject[] {
  return resource.kind === 'Microservice' ? renderMicroservice(resource, context) : renderDataSource(resource, context)
}

/** The Services alone, which need nothing of the context: resources that need each other's addresses begin with them. */
export function renderServices(resource: Microservice | DataSource, context: RenderContext): KubeObject[] {
  return resource.kind === 'Microservice'
    ? microserviceServices(resource, context)
    : dataSourceServices(resource, context)
}
