#!/usr/bin/env node
// The `binnacle` command: flags, wiring, exit codes. Each command is loaded when it is called, so that `binnacle
// version` does not pay for the engine.

import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Shell } from './commands/completion.ts'
import { CliError, errorLine, exitCodes } from './cli-error.ts'
import { addDeployCommands } from './deploy/command-table.ts'

function port(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('a port is a number from 0 (any free one) to 65535')
  return value
}

const dataOption = ['--data <dir>', 'folder of the engine (default: $BINNACLE_DATA or ~/.binnacle)'] as const
const outputOption = (): Option => new Option('-o, --output <format>', 'output format').choices(['json'])

/** Commander puts its suggestion on a line of its own. */
function oneLine(text: string): string {
  return `binnacle: ${text
    .replace(/^error: /, '')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')}\n`
}

export function createProgram(): Command {
  const program = new Command('binnacle')
    .description('A Kubernetes API in one process that runs real applications under stock kubectl')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
    .showSuggestionAfterError()

  program
    .command('up')
    .description('start the engine and stay until Ctrl-C')
    .option(...dataOption)
    .option('--ephemeral', 'keep nothing: objects in memory, a folder that is removed at the end')
    .option('--port <port>', 'port of the Kubernetes API; 0: any free one', port, 6443)
    .option('--registry-port <port>', 'port of the image registry; 0: any free one', port, 5000)
    .addOption(
      new Option('--runtime <name>', 'what runs containers')
        .choices(['auto', 'process', 'simulated', 'containerd', 'docker'])
        .default('auto'),
    )
    .option('--kubeconfig <file>', 'where to write the kubeconfig (default: kubeconfig in the data folder)')
    .option('--canvas-port <port>', 'port of the Canvas; 0: any free one (default: 7070, or a free one)', port)
    .option('--no-canvas', 'do not serve the Canvas')
    .option('--source <dir...>', 'folders of sources that may be built (default: the working directory)')
    .option('--detach', 'return when the engine is ready, and leave it running')
    .addOption(new Option('--sample <dir>', 'build and apply an example, and print its address').hideHelp())
    .addOption(outputOption())
    .action(async (options) => (await import('./commands/up.ts')).up(options))

  program
    .command('down')
    .description('end the engine and everything that it started')
    .option(...dataOption)
    .action(async (options) => (await import('./commands/down.ts')).down(options))

  program
    .command('status')
    .description('show what runs and how to reach it')
    .option(...dataOption)
    .addOption(outputOption())
    .action(async (options) => (await import('./commands/status.ts')).status(options))

  program
    .command('open')
    .description('print a link that logs in to the Canvas, and open it')
    .argument('[app]', 'application to show')
    .option(...dataOption)
    .option('--context <name>', 'serve the Canvas for this context of the kubeconfig until Ctrl-C')
    .option('--kubeconfig <file>', 'with --context (default: $KUBECONFIG or ~/.kube/config)')
    .option('-n, --namespace <name>', "namespace of the application (default: the context's)")
    .option('--canvas-port <port>', 'with --context; 0: any free one (default: 7070, or a free one)', port)
    .option('--no-browser', 'only print the link')
    .action(async (app: string | undefined, options) => (await import('./commands/open.ts')).open(app, options))

  program
    .command('doctor')
    .description('show what this machine allows, and what follows from it')
    .option(...dataOption)
    .addOption(outputOption())
    .action(async (options) => (await import('./commands/doctor.ts')).doctor(options))

  program
    .command('build')
    .description('make an image from a folder of sources, without a daemon')
    .argument('<dir>', 'folder with Go, Node or Python sources, or a ready program')
    .requiredOption('-t, --tag <name:tag>', 'name and explicit tag of the image')
    .option('--base <image>', 'image of the store whose layers come first')
    .option('--file <Dockerfile>', 'build with the builder that is present (buildah or docker)')
    .option('--push <registry>', 'push to this registry afterwards, such as 127.0.0.1:5000')
    .option(...dataOption)
    .addOption(outputOption())
    .action(async (directory, options) => (await import('./commands/build.ts')).build(directory, options))

  addDeployCommands(program)

  const clusterOptions = (command: Command): Command =>
    command
      .option('--context <name>', 'context of the kubeconfig')
      .option('--kubeconfig <file>', 'kubeconfig to use (default: $KUBECONFIG or ~/.kube/config)')

  clusterOptions(program.command('install'))
    .description('put our kinds and their controllers into a cluster')
    .option('--image <ref>', 'image of the controllers; without it only the kinds and permissions are put in')
    .action(async (options) => (await import('./commands/install.ts')).install(options))

  clusterOptions(program.command('controllers'))
    .description('run the controllers of our kinds for a cluster until Ctrl-C; of several, one leads')
    .action(async (options) => (await import('./commands/controllers.ts')).controllers(options))

  program
    .command('version')
    .description('show the versions of Binnacle, of the Kubernetes API and of Node.js')
    .addOption(outputOption())
    .action(async (options) => (await import('./commands/version.ts')).version(options))

  program
    .command('completion')
    .description('print a completion script')
    .addArgument(new Argument('<shell>', 'shell that reads it').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => {
      process.stdout.write((await import('./commands/completion.ts')).completion(program, shell))
    })

  return program
}

/** Exit code of one call; prints errors as one line. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    const [first] = argv
    // What people type first; the versions come from the command, which knows them all.
    const words = first === '--version' || first === '-V' ? ['version', ...argv.slice(1)] : argv
    await createProgram().parseAsync(words, { from: 'user' })
    // A command may have an answer that is no failure and yet not "done": a dry run with differences.
    return process.exitCode === exitCodes.failed ? exitCodes.failed : exitCodes.done
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    console.error(errorLine(error))
    if (process.env['BINNACLE_DEBUG'] !== undefined && error instanceof Error) console.error(error.stack)
    return error instanceof CliError ? error.exitCode : exitCodes.failed
  }
}

// Imported by tests, run as a program.
if (import.meta.main) process.exitCode = await run(process.argv.slice(2))
