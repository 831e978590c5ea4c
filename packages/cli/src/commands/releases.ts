// `binnacle releases APP`: what was deployed, by whom, why, and what each release changed; `releases APP diff A B`.

import { humanDuration, systemClock } from '@binnacle/api'
import type { Release, ReleasedResource } from '@binnacle/model'
import { CliError, exitCodes } from '../cli-error.ts'
import { changedFields, showChanges } from '../deploy/object-diff.ts'
import { listReleases, releaseOf } from '../deploy/releases.ts'
import { type TargetOptions, connectTarget } from '../deploy/target.ts'
import { table } from '../table.ts'

export interface ReleasesOptions extends TargetOptions {
  output?: string
}

export async function releases(application: string, words: readonly string[], options: ReleasesOptions): Promise<void> {
  using target = await connectTarget(options, () => undefined)
  const all = await listReleases({ ...target, application })
  if (words.length > 0) return diff(all, { application, words })
  if (options.output === 'json') {
    console.log(JSON.stringify(all.map((release, index) => summaryOf(release, all[index - 1]))))
    return
  }
  if (all.length === 0)
    throw new CliError(
      `${application} has no releases in the namespace ${target.namespace}: \`binnacle deploy\` makes the first; -n names another namespace`,
    )
  const rows = all.map((release, index) => {
    const { revision, status, author, age, note, changes } = summaryOf(release, all[index - 1])
    return [String(revision), status, author, age, note, changes.join(', ')]
  })
  console.log(table(['REVISION', 'STATUS', 'AUTHOR', 'AGE', 'NOTE', 'CHANGES'], rows.toReversed()))
}

interface Summary {
  revision: number
  status: string
  author: string
  created: string
  age: string
  note: string
  changes: string[]
}

function summaryOf({ metadata, spec, status }: Release, before: Release | undefined): Summary {
  const created = metadata.creationTimestamp ?? ''
  return {
    revision: spec.revision,
    status: status?.conditions?.find(({ type }) => type === 'Deployed')?.reason ?? 'Recorded',
    author: spec.author ?? '',
    created,
    age: humanDuration(systemClock.now() - Date.parse(created)),
    note: spec.note ?? noteOf(spec),
    changes: changesOf(before?.spec.resources ?? [], spec.resources),
  }
}

function noteOf({ rollbackTo, promotedFrom }: Release['spec']): string {
  if (rollbackTo !== undefined) return `rollback to ${rollbackTo}`
  return promotedFrom === undefined ? '' : `promoted from ${promotedFrom.environment} ${promotedFrom.revision}`
}

/** `+cache`, `-old`, `web spec.image spec.replicas`. */
function changesOf(before: readonly ReleasedResource[], after: readonly ReleasedResource[]): string[] {
  const [old, now] = [byName(before), byName(after)]
  const names = [...new Set([...now.keys(), ...old.keys()])]
  return names.flatMap((name) => {
    const short = name.split('/')[1] ?? name
    if (!old.has(name)) return [`+${short}`]
    if (!now.has(name)) return [`-${short}`]
    const fields = changedFields(old.get(name)?.['spec'], now.get(name)?.['spec'])
    return fields.length === 0 ? [] : [`${short} ${fields.join(' ')}`]
  })
}

function byName(resources: readonly ReleasedResource[]): Map<string, ReleasedResource> {
  return new Map(resources.map((resource) => [`${resource.kind}/${resource.metadata.name}`, resource]))
}

function diff(
  all: readonly Release[],
  { application, words }: { application: string; words: readonly string[] },
): void {
  const [verb, from, to] = words
  const usage = new CliError(`expected \`binnacle releases ${application} diff A B\` with two revisions`, {
    exitCode: exitCodes.usage,
  })
  const [a, b] = [Number(from), Number(to)]
  if (verb !== 'diff' || words.length !== 3 || !Number.isInteger(a) || !Number.isInteger(b)) throw usage
  const [old, now] = [a, b].map((revision) => byName(releaseOf(all, application, revision).spec.resources))
  const names = [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])]
  const { text } = showChanges(
    names.map((name) => ({ name, before: old?.get(name), after: now?.get(name) })),
    process.stdout,
  )
  console.log(text === '' ? `releases ${a} and ${b} are the same` : text.trimEnd())
}
