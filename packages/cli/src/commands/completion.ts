// `binnacle completion SHELL`: a script that completes commands and flags, made from the command table itself.

import type { Command } from 'commander'
import { CliError, exitCodes } from '../cli-error.ts'

export function completion(program: Command, shell: string): string {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    flags: command.options
      .flatMap((option) => [option.long, option.short])
      .filter((flag) => flag !== undefined && flag !== null),
  }))
  const names = commands.map(({ name }) => name).join(' ')
  switch (shell) {
    case 'bash': {
      const cases = commands.map(({ name, flags }) => `    ${name}) words="${flags.join(' ')}" ;;`).join('\n')
      return `_binnacle() {
  local current=\${COMP_WORDS[COMP_CWORD]} words="${names}"
  case \${COMP_CWORD}:\${COMP_WORDS[1]} in
    1:*) ;;
    *) case \${COMP_WORDS[1]} in
${cases}
    esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [ \${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -o filenames -F _binnacle binnacle
`
    }
    case 'zsh': {
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
    case 'fish': {
      const lines = commands.flatMap(({ name, description, flags }) => [
        `complete -c binnacle -n __fish_use_subcommand -a ${name} -d '${description.replaceAll("'", '’')}'`,
        ...flags
          .filter((flag) => flag.startsWith('--'))
          .map((flag) => `complete -c binnacle -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)}`),
      ])
      return `${lines.join('\n')}\n`
    }
    default:
      throw new CliError(`no completion for ${JSON.stringify(shell)}: choose bash, zsh or fish`, {
        exitCode: exitCodes.usage,
      })
  }
}
