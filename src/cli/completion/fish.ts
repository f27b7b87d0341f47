import type { Command } from '../command.ts'
import {
  argumentKind,
  type CompletionOption,
  completionOptions,
  families,
  firstWords,
  patternOf,
  tailed,
} from './tree.ts'

export const fishCompletion = (
  commands: readonly Command[],
): string => `# Completion of convo for fish. Written by: convo completion fish
function __convo_first
    test (count (commandline -opc)) -eq 1
end
function __convo_is
    set -l words (commandline -opc)
    contains -- "$words[2]" $argv; or contains -- "$words[2] $words[3]" $argv
end
function __convo_at
    test (count (commandline -opc)) -eq $argv[1]; and __convo_is $argv[2..]
end
${firstWords(commands)
  .map(([word, summary]) => `complete -c convo -n __convo_first -f -a ${word} -d ${quote(summary)}`)
  .join('\n')}
complete -c convo -n __convo_first -f -l version -s V -d 'print the version'
complete -c convo -l help -s h -d 'explain the command'
${[...families(commands)]
  .map(([first, seconds]) => `complete -c convo -n '__convo_at 2 ${first}' -f -a ${quote(seconds.join(' '))}`)
  .join('\n')}
${argumentLines(commands).join('\n')}
${tailLines(commands)}${optionLines(commands).join('\n')}
`

/**
 * Handles commands with a tail: after the last -- comes another command line, without the name of the program. fish
 * offers no options after --, so the script asks fish to complete that line separately.
 */
function tailLines(commands: readonly Command[]): string {
  const names = tailed(commands)
  return `function __convo_tail
    set -l words (commandline -opc)
    contains -- "$words[2]" ${names.join(' ')}; or return 1
    for i in (seq (count $words) -1 3)
        if test "$words[$i]" = --
            echo $i
            return 0
        end
    end
    return 1
end
function __convo_behind
    set -l words (commandline -opc)
    set -l at (__convo_tail)
    set -l line convo
    if test (count $words) -gt $at
        set -a line (string escape -- $words[(math $at + 1)..])
    end
    complete -C "$line "(commandline -ct)
end
complete -c convo -n __convo_tail -f -a '(__convo_behind)'
`
}

function argumentLines(commands: readonly Command[]): string[] {
  return commands.flatMap((command) =>
    command.arguments.flatMap((argument, i) => {
      const value = argumentKind(argument)
      if (value.kind !== 'words' && value.kind !== 'words-or-file') return []
      const at = `__convo_at ${command.name.split(' ').length + 1 + i} ${patternOf(command.name)}`
      const files = value.kind === 'words' ? '-f' : '-F'
      return [`complete -c convo -n '${at}' ${files} -a ${quote(value.words.join(' '))}`]
    }),
  )
}

/** Returns one line for each option, for all commands that have it in the same form. */
function optionLines(commands: readonly Command[]): string[] {
  const uses = new Map<string, string[]>()
  for (const command of commands) {
    for (const option of completionOptions(command)) {
      const line = optionLine(option)
      uses.set(line, [...(uses.get(line) ?? []), command.name])
    }
  }
  return [...uses].map(
    ([line, names]) => `complete -c convo -n '__convo_is ${names.map(patternOf).join(' ')}' ${line}`,
  )
}

function optionLine({ name, short, summary, value }: CompletionOption): string {
  const names = `-l ${name}${short === undefined ? '' : ` -s ${short}`}`
  const about = `-d ${quote(summary)}`
  if (value.kind === 'none') return `${names} ${about}`
  if (value.kind === 'words') return `${names} -x -a ${quote(value.words.join(' '))} ${about}`
  if (value.kind === 'words-or-file') return `${names} -r -F -a ${quote(value.words.join(' '))} ${about}`
  return `${names} ${value.kind === 'file' ? '-r -F' : '-x'} ${about}`
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
