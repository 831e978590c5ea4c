// `binnacle rollback APP [--to N]`: a new release whose resources are an old one's.

import { CliError } from '../cli-error.ts'
import { projectOfRelease } from '../deploy/release-project.ts'
import { listReleases, releaseOf } from '../deploy/releases.ts'
import { type RunOptions, runDeploy } from '../deploy/run.ts'
import { type TargetOptions, connectTarget } from '../deploy/target.ts'
import { progress } from '../progress.ts'

export interface RollbackOptions extends TargetOptions, RunOptions {
  to?: number
  note?: string
}

export async function rollback(application: string, options: RollbackOptions): Promise<void> {
  const steps = progress({ json: options.output === 'json' })
  using target = await connectTarget(options, (text) => steps.warn(text))
  const all = await listReleases({ ...target, application })
  const current = all.at(-1)
  const wanted = options.to ?? all.at(-2)?.spec.revision
  if (current !== undefined && wanted === undefined)
    throw new CliError(`${application} has one release: there is none before it to go back to`)
  const old = releaseOf(all, application, wanted ?? 1)
  if (old === current)
    throw new CliError(`release ${old.spec.revision} is the newest of ${application}: name an older one with --to`)
  await runDeploy(
    {
      target,
      project: projectOfRelease(old),
      release: { rollbackTo: old.spec.revision, ...(options.note === undefined ? {} : { note: options.note }) },
      annotations: old.metadata.annotations ?? {},
      steps,
      done: `rolled back to release ${old.spec.revision}:`,
    },
    options,
  )
}
