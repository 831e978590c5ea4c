// What other tools have written, as objects for the Canvas: plain manifests, and Compose files. What could not be mapped
// is listed; nothing is left out in silence. The page and `binnacle import` both call this.

import type { Unstructured } from '@binnacle/api'
import { parse } from 'yaml'
import { parseObjects } from '../clipboard.ts'
import { isRecord } from '../schemas.ts'
import { importCompose } from './compose.ts'
import { importManifests } from './manifests.ts'

export interface ImportPlace {
  namespace: string
  /** The Application that the objects are to belong to. */
  application?: string | undefined
}

export interface ImportOptions {
  /** Makes Microservices of Deployments and their Services where nothing of them is lost. */
  lift?: boolean
}

/** Something that could not be mapped. */
export interface Unmapped {
  /** `services.web.privileged`, `Deployment web: spec.template.spec.hostNetwork`. */
  path: string
  why: string
}

export interface Imported {
  objects: readonly Unstructured[]
  unmapped: readonly Unmapped[]
  /** Why nothing could be read of the text. */
  problem?: string
}

export function importResources(text: string, place: ImportPlace, options: ImportOptions = {}): Imported {
  const compose = composeFile(text)
  if (compose !== undefined) return importCompose(compose, place)
  const parsed = parseObjects(text)
  if ('problem' in parsed) return { objects: [], unmapped: [], problem: parsed.problem }
  if (parsed.objects.length === 0)
    return { objects: [], unmapped: [], problem: 'the text holds neither Kubernetes objects nor Compose services' }
  return importManifests(parsed.objects, place, options)
}

/** The text as a Compose file; undefined where it is none. */
function composeFile(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!/^(?:"services"|services)\s*:/m.test(text)) return undefined
  try {
    const value: unknown = parse(text, { merge: true })
    return isRecord(value) && isRecord(value['services']) && value['kind'] === undefined ? value : undefined
  } catch (error) {
    // No YAML, or several documents: reading it as manifests says which.
    if (error instanceof Error && error.name === 'YAMLParseError') return undefined
    throw error
  }
}
