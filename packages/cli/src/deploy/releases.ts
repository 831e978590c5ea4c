// The releases of an application: what they are, and the making of the next one.

import { type Unstructured, isAlreadyExists } from '@binnacle/api'
import type { Client, ResourceRef } from '@binnacle/client'
import { type Release, type ReleaseSpec, type ReleasedResource, apiVersion, partOfLabel } from '@binnacle/model'
import { CliError } from '../cli-error.ts'

export const releases: ResourceRef = {
  group: 'binnacle.dev',
  version: 'v1alpha1',
  resource: 'releases',
  namespaced: true,
}
const selfSubjectReviews: ResourceRef = {
  group: 'authentication.k8s.io',
  version: 'v1',
  resource: 'selfsubjectreviews',
  namespaced: false,
}

export interface ReleasePlace {
  client: Client
  namespace: string
  application: string
}

/** Of one application, the oldest first. */
export async function listReleases({ client, namespace, application }: ReleasePlace): Promise<Release[]> {
  const { items } = await client.list<Release>(releases, { namespace })
  return items
    .filter(({ spec }) => spec.application === application)
    .toSorted((a, b) => a.spec.revision - b.spec.revision)
}

/** @throws CliError that lists what there is */
export function releaseOf(all: readonly Release[], application: string, revision: number): Release {
  const found = all.find(({ spec }) => spec.revision === revision)
  if (found !== undefined) return found
  throw new CliError(
    all.length === 0
      ? `${application} has no releases here: \`binnacle deploy\` makes the first`
      : `${application} has no release ${revision}: there are ${all.map(({ spec }) => spec.revision).join(', ')}`,
  )
}

export interface NewRelease {
  annotations?: Record<string, string> | undefined
  spec: Omit<ReleaseSpec, 'application' | 'revision' | 'author'>
}

/** The next revision, from 1. Two who deploy at the same moment get two revisions. */
export async function createRelease(place: ReleasePlace, { annotations = {}, spec }: NewRelease): Promise<Release> {
  const { client, namespace, application } = place
  const author = await authorOf(client)
  for (let revision = ((await listReleases(place)).at(-1)?.spec.revision ?? 0) + 1; ; revision++) {
    try {
      return await client.create<Release>(
        releases,
        {
          apiVersion,
          kind: 'Release',
          metadata: {
            name: `${application}-${revision}`,
            namespace,
            labels: { [partOfLabel]: application },
            ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
          },
          spec: { application, revision, ...(author === undefined ? {} : { author }), ...spec },
        },
        { fieldManager: 'binnacle-deploy' },
      )
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  }
}

/** Who deploys, by the name that the cluster knows. */
async function authorOf(client: Client): Promise<string | undefined> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {} }
  const answer = await client.create<Unstructured>(selfSubjectReviews, review)
  return (answer['status'] as { userInfo?: { username?: string } } | undefined)?.userInfo?.username
}

/** Kinds that a release does not record: values that must not lie open, and what outlives an application. */
const unrecorded = new Set(['Secret', 'Namespace', 'CustomResourceDefinition', 'Environment', 'Release'])

/** What a release records of the deployed objects: no namespace where it is the release's own, nothing of the server's. */
export function releasedResources(objects: readonly Unstructured[], namespace: string): ReleasedResource[] {
  return objects
    .filter(({ kind }) => !unrecorded.has(kind ?? ''))
    .map(({ metadata, status: _status, ...fields }) => ({
      ...fields,
      metadata: {
        name: metadata.name,
        ...(metadata.namespace === undefined || metadata.namespace === namespace
          ? {}
          : { namespace: metadata.namespace }),
        ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
        ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
      },
    }))
}
