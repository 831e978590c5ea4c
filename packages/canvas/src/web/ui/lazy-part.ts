// A part of the page that is loaded when it is first shown.

import { type ComponentType, type LazyExoticComponent, lazy } from 'react'

/** `load` gives the component itself: modules here have no default exports. */
export function lazyPart<Props>(load: () => Promise<ComponentType<Props>>): LazyExoticComponent<ComponentType<Props>> {
  return lazy(async () => ({ default: await load() }))
}
