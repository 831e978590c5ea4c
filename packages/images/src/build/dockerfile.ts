// Dockerfiles are built by the builder that is present (docker or buildah); there is no Dockerfile interpreter here.

import { spawn } from 'node:child_process'
import { ifMissing } from '../missing-file.ts'
import { BuildError } from './project.ts'

const builders = [
  {
    command: 'buildah',
    args: (file: string, tag: string, directory: string) => ['build', '-f', file, '-t', tag, directory],
  },
  {
    command: 'docker',
    args: (file: string, tag: string, directory: string) => ['build', '-f', file, '-t', tag, directory],
  },
] as const

/** Builds and leaves the image in that builder's own store; returns which builder it was. Throws BuildError. */
export async function buildDockerfile(options: { file: string; directory: string; tag: string }): Promise<string> {
  const tried = []
  for (const { command, args } of builders) {
    if (!(await works(command))) {
      tried.push(command)
      continue
    }
    const code = await exitCode(command, args(options.file, options.tag, options.directory), 'inherit')
    if (code !== 0) throw new BuildError(`${command} failed with exit code ${code}`)
    return command
  }
  throw new BuildError(
    `a Dockerfile needs a builder, and none of ${tried.join(', ')} works here: install buildah, start Docker, ` +
      'or leave out --file to build the sources directly',
  )
}

async function works(command: string): Promise<boolean> {
  // No such program.
  return (await exitCode(command, ['info'], 'ignore').catch(ifMissing(1))) === 0
}

function exitCode(command: string, args: readonly string[], stdio: 'inherit' | 'ignore'): Promise<number> {
  return new Promise((resolve, reject) => {
    spawn(command, args, { stdio })
      .on('error', reject)
      .on('close', (code) => resolve(code ?? 1))
  })
}
