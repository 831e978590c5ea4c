// The commands that bring applications into a cluster and look after them there.

import { type Command, InvalidArgumentError, Option } from 'commander'

function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`a whole number from ${least} is needed`)
    return value
  }
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
    .description('bring a release of one environment to the next, with the same images')
    .argument('<app>', 'name of the application')
    .option('--from <environment>', 'environment to take the release from (default: what the other promotes from)')
    .requiredOption('--to <environment>', 'environment to bring it to')
    .option('--revision <n>', 'release to promote (default: the newest)', whole(1))
    .option('-y, --yes', 'do not ask')
    .action(async (app, options) => (await import('../commands/promote.ts')).promote(app, options))
}
