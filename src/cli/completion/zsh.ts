import type { Argument } from '../../picture/words/syntax.ts'
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

/** Returns the completion script for zsh, to be saved as `_convo` in `$fpath` or sourced after `compinit`. */
export function zshCompletion(commands: readonly Command[]): string {
  const shared = sharedSpecs(commands)
  return `#compdef convo
# Completion of convo for zsh. Written by: convo completion zsh
${wordsOrFiles(commands).join('\n')}
_convo() {
  local command=$words[2] skip=1
  if (( CURRENT == 2 )); then
    local -a names=(
${firstWords(commands)
  .map(([word, summary]) => `      ${quote(`${word.replaceAll(':', '\\:')}:${summary}`)}`)
  .join('\n')}
    )
    _describe -t commands 'operation' names
    return
  fi
${tailCase(commands)}  case $command in
${[...families(commands)]
  .map(
    ([first, seconds]) => `    ${first})
      if (( CURRENT == 3 )); then compadd -- ${seconds.join(' ')}; return; fi
      command="${first} $words[3]" skip=2 ;;`,
  )
  .join('\n')}
  esac
  shift $skip words
  (( CURRENT -= skip ))
  local -a shared=(
${[...shared.keys()].map((spec) => `    ${quote(spec)}`).join('\n')}
  )
  case $command in
${commands.map((command) => commandCase(command, shared)).join('\n')}
  esac
}
if [[ $funcstack[1] == _convo ]]; then _convo "$@"; else compdef _convo convo; fi
`
}

/** Handles commands with a tail: after the last -- comes another command line, without the name of the program. */
function tailCase(commands: readonly Command[]): string {
  const names = tailed(commands)
  return `  if [[ $command == (${names.join('|')}) ]]; then
    local last=\${words[1,CURRENT-1][(I)--]}
    if (( last > 0 )); then
      words=(convo "\${(@)words[last+1,-1]}")
      (( CURRENT -= last - 1 ))
      _convo
      return
    fi
  fi
`
}

/** Returns the specs that more than half of the commands share, with their place in the array. */
function sharedSpecs(commands: readonly Command[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const spec of commands.flatMap(specsOf)) counts.set(spec, (counts.get(spec) ?? 0) + 1)
  const common = [...counts].filter(([, count]) => count > commands.length / 2).map(([spec]) => spec)
  return new Map(common.map((spec, i) => [spec, i + 1]))
}

function commandCase(command: Command, shared: ReadonlyMap<string, number>): string {
  const specs = specsOf(command)
  const common = specs.flatMap((spec) => shared.get(spec) ?? [])
  const all = common.length > 0 && common.length === shared.size
  const own = all ? specs.filter((spec) => !shared.has(spec)) : specs
  const words = [
    ...own.map(quote),
    ...(all ? ['$shared'] : []),
    ...command.arguments.map(argumentSpec).map(quote),
  ]
  return `    ${patternOf(command.name)}) _arguments -s \\\n${words.map((word) => `      ${word}`).join(' \\\n')} ;;`
}

const specsOf = (command: Command): string[] => [
  ...completionOptions(command).map(optionSpec),
  '--help[explain this command]',
]

function optionSpec({ name, summary, value }: CompletionOption): string {
  const flag = `--${name}[${escapeSpec(summary)}]`
  if (value.kind === 'none') return flag
  if (value.kind === 'words') return `${flag}:${name}:(${value.words.join(' ')})`
  if (value.kind === 'words-or-file') return `${flag}:${name}:${helperName(name)}`
  return `${flag}:${name}:${value.kind === 'file' ? '_files' : ' '}`
}

/** Returns a function for each option that takes words or files. The colons of _alternative cannot be inside a spec. */
function wordsOrFiles(commands: readonly Command[]): string[] {
  const helpers = commands.flatMap(completionOptions).map(({ name, value }) => {
    if (value.kind !== 'words-or-file') return ''
    return `${helperName(name)}() { _alternative 'names:${name}:(${value.words.join(' ')})' 'files:file:_files' }`
  })
  return [...new Set(helpers)].filter((helper) => helper !== '')
}

const helperName = (option: string): string => `_convo_${option.replaceAll('-', '_')}`

function argumentSpec(argument: Argument, index: number): string {
  const { name, optional, repeats } = argument
  const value = argumentKind(argument)
  const action =
    value.kind === 'words'
      ? `(${value.words.join(' ')})`
      : value.kind === 'words-or-file'
        ? helperName('kernel')
        : '_files'
  if (repeats) return `*:${name}:${action}`
  return `${index + 1}:${optional ? ':' : ''}${name}:${action}`
}

const escapeSpec = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&')

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
