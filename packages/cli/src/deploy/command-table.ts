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

export function addDeployCommands(program: Command): void {
  withTarget(program.command('deploy'))
    .description('build, apply and release the application of a file or folder')
    .argument('<path>', 'YAML file, or folder of YAML files')
    .option('--env <name>', 'environment to deploy to')
    .option('--diff', 'show what changes; with --dry-run the exit code is 1 where something would')
    .option('--dry-run', 'let the server check everything, and change nothing')
    .option('--note <text>', 'why, for the release')
    .option('--prune', 'remove what earlier releases had and this one has not')
    .option('--plain', 'apply plain Kubernetes objects, for a cluster without our kinds')
    .option('--push <registry>', 'push images that are built here to this registry')
    .option('--no-wait', 'return when all is applied, without waiting until it is ready')
    .option('--timeout <seconds>', 'how long to wait', whole(1), 120)
    .option('-y, --yes', 'deploy to a protected environment without being asked')
    .addOption(json())
    .action(async (path, options) => (await import('../commands/deploy.ts')).deploy(path, options))
}
