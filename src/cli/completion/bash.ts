import type { Command } from '../command.ts'
import {
  argumentKind,
  type CompletionOption,
  completionOptions,
  families,
  firstWords,
  patternOf as pattern,
  tailed,
  type ValueKind,
} from './tree.ts'

/** Returns the completion script for bash, including version 3.2 of macOS. */
export function bashCompletion(commands: readonly Command[]): string {
  const families_ = families(commands)
  return `# Completion of convo for bash. Written by: convo completion bash
_convo() {
  local IFS=$' \\t\\n' command options= words= with_files=
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  # bash cuts --option=value at the sign
  if [[ $cur == = ]]; then cur=
  elif [[ $prev == = && $COMP_CWORD -gt 2 ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W "${firstWords(commands)
      .map(([word]) => word)
      .join(' ')} --help --version" -- "$cur"))
    return
  fi
  command=\${COMP_WORDS[1]}
${tailCase(commands)}  case $command in
${[...families_].map(([first, seconds]) => familyCase(first, seconds)).join('\n')}
  esac
  case "$command:$prev" in
${valueCases(commands).join('\n')}
  esac
  if [[ -z $words && $cur == -* ]]; then
    case $command in
${commands.map((command) => `      ${pattern(command.name)}) options="${optionWords(command)}" ;;`).join('\n')}
    esac
    COMPREPLY=($(compgen -W "$options --help" -- "$cur"))
    return
  fi
  case "$command:$COMP_CWORD" in
${argumentCases(commands).join('\n')}
  esac
  if [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    if [[ -n $with_files ]]; then
      IFS=$'\\n'
      COMPREPLY+=($(compgen -f -- "$cur"))
      compopt -o filenames 2> /dev/null
    else
      compopt +o default 2> /dev/null
    fi
  fi
}
complete -o default -F _convo convo
`
}

/** Handles commands with a tail: after the last -- comes another command line, without the name of the program. */
function tailCase(commands: readonly Command[]): string {
  const names = tailed(commands)
  return `  case $command in
    ${names.join(' | ')})
      local i
      for (( i = COMP_CWORD - 1; i > 1; i-- )); do
        if [[ \${COMP_WORDS[i]} == -- ]]; then
          COMP_WORDS=(convo "\${COMP_WORDS[@]:i+1}")
          (( COMP_CWORD -= i ))
          _convo
          return
        fi
      done ;;
  esac
`
}

const familyCase = (first: string, seconds: readonly string[]): string => `    ${first})
      if (( COMP_CWORD == 2 )); then
        COMPREPLY=($(compgen -W "${seconds.join(' ')}" -- "$cur"))
        return
      fi
      command="${first} \${COMP_WORDS[2]}" ;;`

const dashed = ({ name, short }: CompletionOption): string[] => [
  `--${name}`,
  ...(short === undefined ? [] : [`-${short}`]),
]

const optionWords = (command: Command): string => completionOptions(command).flatMap(dashed).join(' ')

/** Returns one case for each option and set of words. If all commands agree, it applies to all of them. */
function valueCases(commands: readonly Command[]): string[] {
  const uses = new Map<string, Map<string, string[]>>()
  for (const command of commands) {
    for (const option of completionOptions(command)) {
      const action = valueAction(option.value)
      if (action === undefined) continue
      const key = dashed(option).join(' ')
      const byAction = uses.get(key) ?? new Map<string, string[]>()
      byAction.set(action, [...(byAction.get(action) ?? []), command.name])
      uses.set(key, byAction)
    }
  }
  return [...uses].flatMap(([key, byAction]) =>
    [...byAction].map(([action, names]) => {
      const all = byAction.size === 1 ? ['*'] : names.map(pattern)
      const patterns = all.flatMap((name) => key.split(' ').map((option) => `${name}:${option}`))
      return `    ${patterns.join(' | ')}) ${action} ;;`
    }),
  )
}

/** Returns the completion of a value, or undefined if bash completes it by itself, as for flags and files. */
function valueAction(value: ValueKind): string | undefined {
  if (value.kind === 'none' || value.kind === 'file') return undefined
  if (value.kind === 'free') return 'compopt +o default 2> /dev/null; return'
  return `words="${value.words.join(' ')}"${value.kind === 'words' ? '' : ' with_files=1'}`
}

/** Returns the words for arguments that are not only files. */
function argumentCases(commands: readonly Command[]): string[] {
  return commands.flatMap((command) =>
    command.arguments.flatMap((argument, i) => {
      const action = valueAction(argumentKind(argument))
      const at = command.name.split(' ').length + 1 + i
      return action === undefined ? [] : [`    ${pattern(command.name)}:${at}) ${action} ;;`]
    }),
  )
}
