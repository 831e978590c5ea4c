// The commands that bring applications into a cluster and look after them there.

import { type Command, InvalidArgumentError, Option } from 'commander'
import { templateNames } from '../project-templates.ts'

function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`a whole number from ${least} is needed`)
    return value
  }
}

/** Go's `1h30m`, in seconds, at least one. */
function duration(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 }
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text)
    throw new InvalidArgumentError('a duration is written as 30s, 5m or 1h30m')
  const seconds = parts.reduce((sum, [, number = '0', unit = 's']) => sum + Number(number) * (units[unit] ?? 1), 0)
  return Math.max(1, Math.ceil(seconds))
}

const json = (): Option => new Option('-o, --output <format>', 'output format').choices(['json'])

/** Which cluster a command speaks to. */
function withTarget(command: Command): Command {
  return command
    .option('--context <name>', 'context of the kubeconfig (default: the engine of the data folder)')
    .option('--kubeconfig <file>', 'kubeconfig to use (default: $KUBECONFIG or ~/.kube/config with --context)')
    .option('-n, --namespace <name>', "namespace (default: the context's)")
    .option('--data <dir>', 'folder of the engine (default: $BINNACLE_DATA or ~/.binnacle)')
}

/** What all that deploy have in common. */
function withWaiting(command: Command): Command {
  return command
    .option('--note <text>', 'why, for the release')
    .option('--prune', 'remove what earlier releases had and this one has not')
    .option('--no-wait', 'return when all is applied, without waiting until it is ready')
    .option('--timeout <seconds>', 'how long to wait', whole(1), 120)
    .addOption(json())
}

export function addDeployCommands(program: Command): void {
  withWaiting(withTarget(program.command('deploy')))
    .description('build, apply and release the application of a file or folder')
    .argument('<path>', 'YAML file, or folder of YAML files')
    .option('--env <name>', 'environment to deploy to')
    .option('--diff', 'show what changes; with --dry-run the exit code is 1 where something would')
    .option('--dry-run', 'let the server check everything, and change nothing')
    .option('--plain', 'apply plain Kubernetes objects, for a cluster without our kinds')
    .option('--push <registry>', 'push images that are built here to this registry')
    .option('-y, --yes', 'deploy to a protected environment without being asked')
    .action(async (path, options) => (await import('../commands/deploy.ts')).deploy(path, options))

  withTarget(program.command('releases'))
    .description('show what was deployed, by whom and why; `releases APP diff A B` shows what differs')
    .argument('<app>', 'name of the application')
    .argument('[words...]', 'diff A B: the difference of two revisions')
    .addOption(json())
    .action(async (app, words, options) => (await import('../commands/releases.ts')).releases(app, words, options))

  withWaiting(withTarget(program.command('rollback')))
    .description('make a new release of an old one')
    .argument('<app>', 'name of the application')
    .option('--to <revision>', 'release to go back to (default: the one before the newest)', whole(1))
    .action(async (app, options) => (await import('../commands/rollback.ts')).rollback(app, options))

  withWaiting(withTarget(program.command('promote')))
    .description(
      'bring a release of one environment to the next, with the same images, and create its namespace where there is none',
    )
    .argument('<app>', 'name of the application')
    .option('--from <environment>', 'environment to take the release from (default: what the other promotes from)')
    .requiredOption('--to <environment>', 'environment to bring it to')
    .option('--revision <n>', 'release to promote (default: the newest)', whole(1))
    .option('-y, --yes', 'do not ask')
    .action(async (app, options) => (await import('../commands/promote.ts')).promote(app, options))

  withTarget(program.command('logs'))
    .description('show the logs of all replicas of an application or of one service of it, in the order of time')
    .argument('<app>', 'name of the application')
    .argument('[service]', 'one service of it')
    .option('-f, --follow', 'go on with what is written, also by pods that come later')
    .option('--since <duration>', 'only what is newer, such as 30s, 5m, 1h30m', duration)
    .option('--tail <lines>', 'so many last lines of each container (default: all; 10 with --follow)', whole(0))
    .option('--previous', 'of the containers before the last restart')
    .option('-c, --container <name>', 'one container of each pod')
    .option('--timestamps', 'show when each line was written')
    .addOption(json())
    .action(async (app, service, options) => (await import('../commands/logs.ts')).logs(app, service, options))

  withTarget(program.command('export'))
    .description('write plain YAML, Kustomize or a Helm chart, which need nothing of ours')
    .argument('<what>', 'YAML file, folder, or name of an application of the cluster')
    .addOption(new Option('--format <name>', 'what to write').choices(['yaml', 'kustomize', 'helm']).default('yaml'))
    .option('--out <dir>', 'folder to write to (default: yaml goes to standard output)')
    .option('--env <name>', 'as it is in this environment')
    .option('--push <registry>', 'push images that are built here to this registry')
    .action(async (what, options) => (await import('../commands/export.ts')).exportProject(what, options))

  program
    .command('init')
    .description('write a small project that deploys as it is')
    .argument('[name]', 'name of the application and of its new folder (default: the folder you are in)')
    .addOption(new Option('--from <template>', 'what to begin with').choices(templateNames).default('service'))
    .action(async (name, options) => (await import('../commands/init.ts')).init(name, options))

  program
    .command('import')
    .description('make a project of Kubernetes manifests, a Compose file or a Helm chart')
    .argument('<path>', 'file or folder')
    .addOption(
      new Option('--from <kind>', 'what it is (default: seen from the files)').choices([
        'manifests',
        'compose',
        'helm',
      ]),
    )
    .option('--out <dir>', 'folder to write to (default: standard output)')
    .option('--name <app>', "name of the application (default: the folder's)")
    .addOption(json())
    .action(async (path, options) => (await import('../commands/import.ts')).importProject(path, options))
}
