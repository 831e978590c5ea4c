// `binnacle completion SHELL`: a script that completes commands and flags, made from the command table itself.

import type { Command, Option } from 'commander'

export type Shell = 'bash' | 'zsh' | 'fish'

export function completion(program: Command, shell: Shell): string {
  return scripts[shell](wordsOf(program))
}

interface Words {
  name: string
  description: string
  arguments: readonly string[]
  flags: readonly string[]
  /** Flags that a word must follow: what it may be, or nothing where it is a file or anything else. */
  values: readonly { flags: readonly string[]; choices: readonly string[] }[]
}

function flagsOf({ long, short }: Option): string[] {
  return [long, short].filter((flag) => flag !== undefined && flag !== null)
}

function wordsOf(program: Command): Words[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    arguments: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    flags: command.options.flatMap(flagsOf),
    values: command.options
      .filter((option) => option.required)
      .map((option) => ({ flags: flagsOf(option), choices: option.argChoices ?? [] })),
  }))
}

const scripts: Readonly<Record<Shell, (commands: readonly Words[]) => string>> = { bash, zsh, fish }

function bash(commands: readonly Words[]): string {
  const names = commands.map(({ name }) => name).join(' ')
  const cases = commands
    .map((command) => {
      const words = [...command.arguments, ...command.flags].join(' ')
      const values = command.values.map(
        ({ flags, choices }) => `      ${flags.join(' | ')}) words="${choices.join(' ')}" ;;`,
      )
      const after = [...values, `      *) words="${words}" ;;`].join('\n')
      return `    ${command.name}) case $previous in\n${after}\n    esac ;;`
    })
    .join('\n')
  return `_binnacle() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words="${names}"
  [ "$COMP_CWORD" -eq 1 ] || case \${COMP_WORDS[1]} in
${cases}
    *) words= ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [ \${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -o filenames -F _binnacle binnacle
`
}

function zsh(commands: readonly Words[]): string {
  const described = commands
    .map(({ name, description }) => `    '${name}:${description.replaceAll("'", '’')}'`)
    .join('\n')
  const cases = commands.map(({ name, flags }) => `      ${name}) compadd -- ${flags.join(' ')} ;;`).join('\n')
  return `#compdef binnacle
_binnacle() {
  local -a commands=(
${described}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
  else
    case $words[2] in
${cases}
    esac
    _files
  fi
}
compdef _binnacle binnacle
`
}

function fish(commands: readonly Words[]): string {
  const lines = commands.flatMap(({ name, description, flags }) => [
    `complete -c binnacle -n __fish_use_subcommand -a ${name} -d '${description.replaceAll("'", '’')}'`,
    ...flags
      .filter((flag) => flag.startsWith('--'))
      .map((flag) => `complete -c binnacle -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)}`),
  ])
  return `${lines.join('\n')}\n`
}
