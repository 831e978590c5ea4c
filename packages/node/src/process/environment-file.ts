// A program's variables as a file that the launch script reads last, so that neither its own variables nor the shell's
// meet them, and so that no secret stands in an argument that everybody on the machine can read.

import { shellCommand } from './shell-command.ts'

/** Names to which dash or bash give a meaning of their own: what is assigned to them is refused or not kept. */
const shellsOwn =
  /^(_|BASH.*|COMP_.*|DIRSTACK|EPOCH.*|EUID|FUNCNAME|GROUPS|HISTCMD|IFS|LINENO|OLDPWD|OPTIND|POSIXLY_CORRECT|PPID|PWD|RANDOM|SECONDS|SHELLOPTS|SHLVL|SRANDOM|UID)$/
const shellName = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Shell commands that export the variables. Those that no shell can hold (`a.b`, `UID`) are put before the command in
 * the positional parameters, as arguments of the program `env`.
 */
export function environmentFile(variables: Readonly<Record<string, string>>, env: string): string {
  const exports: string[] = []
  const odd: string[] = []
  for (const [name, value] of Object.entries(variables)) {
    const isPlain = shellName.test(name) && !shellsOwn.test(name)
    if (isPlain) exports.push(`export ${name}=${shellCommand([value])}\n`)
    else odd.push(`${name}=${value}`)
  }
  return [
    'unset PWD OLDPWD SHLVL\n',
    ...exports,
    odd.length === 0 ? '' : `set -- ${shellCommand([env, ...odd])} "$@"\n`,
  ].join('')
}
