// Releases against the document: what a deploy records, what leads back to a release, and what differs between two.

import type { Unstructured } from '@binnacle/api'
import { type Release, apiVersion, partOfLabel } from '@binnacle/model'
import type { Command } from './commands.ts'
import { asNew, sameContent } from './content.ts'
import { type ObjectDiff, createdDiff, deletedDiff, diffLines } from './diff.ts'
import { type CanvasDocument, objectsOf, schemaOf } from './document.ts'
import { type ObjectKey, keyOf } from './object-key.ts'

/** Values that must not lie open, what outlives an application, and what the cluster makes for itself. */
const unrecorded: ReadonlySet<string> = new Set([
  'Secret',
  'Namespace',
  'CustomResourceDefinition',
  'Environment',
  'Release',
  'Pod',
  'PersistentVolumeClaim',
  'Event',
])

/** The application's own objects among `objects`, as a release records them. */
export function recordedObjects(
  objects: Iterable<Unstructured>,
  application: string | undefined,
): readonly Unstructured[] {
  return [...objects]
    .filter((object) => isRecorded(object, application))
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    .map(asNew)
}

function isRecorded(object: Unstructured, application: string | undefined): boolean {
  const { kind = '', metadata } = object
  if (kind === 'Application') return metadata.name === application
  const isOwned = (metadata.ownerReferences ?? []).length > 0
  return !isOwned && !unrecorded.has(kind) && metadata.labels?.[partOfLabel] === application
}

/** Written without a namespace a resource is of the release's own. */
export function resourcesOf({ metadata, spec }: Release): readonly Unstructured[] {
  const { namespace } = metadata
  return spec.resources.map((resource) =>
    namespace === undefined || resource.metadata.namespace !== undefined
      ? resource
      : { ...resource, metadata: { ...resource.metadata, namespace } },
  )
}

/** What leads from the document back to the release; empty where it is as the release was. */
export function rollbackCommands(document: CanvasDocument, release: Release): readonly Command[] {
  const commands: Command[] = []
  const now = objectsOf(document)
  const wanted = byKey(resourcesOf(release))
  for (const [key, object] of wanted) {
    const known = now.get(key)
    if (known === undefined) commands.push({ type: 'addResource', object: asNew(object) })
    else if (!sameContent(known, object, schemaOf(document, known)))
      commands.push({ type: 'replaceResource', key, object })
  }
  for (const [key, object] of now) {
    // A release may record our kinds alone: other objects that it does not name are left as they are.
    if (isOurs(object, release.spec.application) && !wanted.has(key)) commands.push({ type: 'removeResource', key })
  }
  return commands
}

function isOurs({ apiVersion: version, kind, metadata }: Unstructured, application: string): boolean {
  const isKind = version === apiVersion && (kind === 'Microservice' || kind === 'DataSource')
  return isKind && metadata.labels?.[partOfLabel] === application
}

/** What differs between what two releases recorded, by the order of names; objects that are the same are left out. */
export function recordedDiff(
  document: CanvasDocument,
  before: readonly Unstructured[],
  after: readonly Unstructured[],
): readonly ObjectDiff[] {
  const [old, next] = [byKey(before), byKey(after)]
  const keys = [...new Set([...old.keys(), ...next.keys()])].toSorted()
  return keys.flatMap((key): readonly ObjectDiff[] => {
    const [was, is] = [old.get(key), next.get(key)]
    if (was === undefined) return is === undefined ? [] : [createdDiff(key, is)]
    if (is === undefined) return [deletedDiff(key, was)]
    const lines = diffLines(was, is, schemaOf(document, is))
    return lines.length === 0 ? [] : [{ key, type: 'update', lines }]
  })
}

function byKey(objects: readonly Unstructured[]): Map<ObjectKey, Unstructured> {
  return new Map(objects.map((object) => [keyOf(object), object]))
}
