// `binnacle promote APP --from dev --to staging`: a release of one environment, with the same image digests, as the next
// release of another.

import { type Environment, overriddenAnnotation } from '@binnacle/model'
import { CliError } from '../cli-error.ts'
import { confirm } from '../deploy/confirm.ts'
import { showDeploy, tryDeploy } from '../deploy/deploy.ts'
import { environmentTarget, findEnvironment } from '../deploy/environment.ts'
import { inEnvironment } from '../deploy/project.ts'
import { promotable, requireFetchable, reverseOverrides } from '../deploy/release-project.ts'
import { listReleases, releaseOf } from '../deploy/releases.ts'
import { type RunOptions, runDeploy } from '../deploy/run.ts'
import { type TargetOptions, connectTarget } from '../deploy/target.ts'
import { progress } from '../progress.ts'

export interface PromoteOptions extends TargetOptions, RunOptions {
  from?: string
  to: string
  revision?: number
  note?: string
  yes?: boolean
}

export async function promote(application: string, options: PromoteOptions): Promise<void> {
  const steps = progress({ json: options.output === 'json' })
  using home = await connectTarget(options, (text) => steps.warn(text))
  const find = (name: string): Promise<Environment> =>
    findEnvironment({ application, environments: [] }, { home, name })
  const to = await find(options.to)
  const from = await find(sourceName(to, options))
  using source = await environmentTarget(from, home)
  using target = await environmentTarget(to, home)
  const all = await listReleases({ ...source, application })
  if (all.length === 0) throw nothingToPromote(application, from)
  const release = releaseOf(all, application, options.revision ?? all.at(-1)?.spec.revision ?? 1)
  const base = promotable(release)
  if (source.engine !== undefined && target.engine === undefined)
    requireFetchable(base, { place: `environment ${options.to}` })
  const project = inEnvironment(base, options.to, to.spec)
  const tried = await tryDeploy({ ...target, project, steps })
  const { text, count } = showDeploy(tried, [], process.stderr)
  const place =
    tried.newNamespace === undefined
      ? options.to
      : `${options.to}, and create the namespace ${tried.newNamespace} there`
  const what = `promote ${application} release ${release.spec.revision} from ${from.metadata.name} to ${place}`
  process.stderr.write(text === '' ? '' : `${text}\n`)
  const total = tried.objects.length + (tried.newNamespace === undefined ? 0 : 1)
  steps.step(`to ${what}: ${count} of ${total} objects change`)
  await confirm(what, { word: options.to, yes: options.yes })
  await runDeploy(
    {
      target,
      project,
      release: {
        promotedFrom: { environment: from.metadata.name ?? '', revision: release.spec.revision },
        ...(options.note === undefined ? {} : { note: options.note }),
      },
      annotations: { [overriddenAnnotation]: JSON.stringify(reverseOverrides(base, to.spec.overrides ?? [])) },
      steps,
      done: 'promoted',
    },
    options,
  )
}

function nothingToPromote(application: string, { metadata, spec }: Environment): CliError {
  const first =
    spec.promotesFrom === undefined
      ? `binnacle deploy … --env ${metadata.name}`
      : `binnacle promote ${application} --to ${metadata.name}`
  return new CliError(`${application} has no releases in environment ${metadata.name}: \`${first}\` makes the first`)
}

function sourceName({ metadata, spec }: Environment, { from }: PromoteOptions): string {
  if (from !== undefined && spec.promotesFrom !== undefined && from !== spec.promotesFrom)
    throw new CliError(
      `environment ${metadata.name} takes releases from ${spec.promotesFrom} only (spec.promotesFrom): promote to ${spec.promotesFrom} first`,
    )
  const name = from ?? spec.promotesFrom
  if (name === undefined)
    throw new CliError(`environment ${metadata.name} does not say where its releases come from: name it with --from`)
  return name
}
