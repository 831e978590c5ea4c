// `binnacle completion SHELL`: a script that completes commands and flags, made from the command table itself.

import type { Command } from 'commander'

export type Shell = 'bash' | 'zsh' | 'fish'

export function completion(program: Command, shell: Shell): string {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    flags: command.options
      .flatMap((option) => [option.long, option.short])
      .filter((flag) => flag !== undefined && flag !== null),
    /** Flags that a word must follow: what it may be, or nothing where it is a file or anything else. */
    values: command.options
      .filter((option) => option.required)
      .map((option) => ({
        flags: [option.long, option.short].filter((flag) => flag !== undefined && flag !== null),
        choices: option.argChoices ?? [],
      })),
    arguments: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
  }))
  const names = commands.map(({ name }) => name).join(' ')
  switch (shell) {
    case 'bash': {
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
  }
}
