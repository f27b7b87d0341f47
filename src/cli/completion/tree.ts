import { namedKernels } from '../../filters/names.ts'
import type { Param } from '../../params.ts'
import { shortNames } from '../../picture/run-settings.ts'
import { type Argument, optionsOf } from '../../picture/words/syntax.ts'
import type { Command } from '../command.ts'

/** Descriptions longer than this are cut. */
const longest = 60

/** What completes the value of an option. */
export type ValueKind =
  /** A flag has none. */
  | { readonly kind: 'none' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Words, and names of files as well. */
  | { readonly kind: 'words-or-file'; readonly words: readonly string[] }
  | { readonly kind: 'file' }
  /** A number, or something else that cannot be guessed. */
  | { readonly kind: 'free' }

/** An option as a completion script needs it. */
export type CompletionOption = {
  /** `border`, without dashes. */
  readonly name: string
  readonly short?: string
  readonly summary: string
  readonly value: ValueKind
}

/** The options of a command, as shells need them. */
export function completionOptions(command: Command): CompletionOption[] {
  return Object.entries(optionsOf(command)).map(([name, param]) => {
    const short = shortNames[name]
    return {
      name,
      summary: brief(param.summary),
      value: valueKind(name, param),
      ...(short !== undefined && { short }),
    }
  })
}

/** A summary short enough to be beside an option. */
function brief(summary: string): string {
  if (summary.length <= longest) return summary
  return `${summary.slice(0, summary.lastIndexOf(' ', longest))} …`
}

/** The first words of the command lines, each with a summary; a family such as `kernel` is listed once. */
export function firstWords(commands: readonly Command[]): (readonly [word: string, summary: string])[] {
  const words = new Map<string, string>()
  for (const { name, summary } of commands) {
    const [first = ''] = name.split(' ')
    if (!words.has(first)) words.set(first, summary)
  }
  return [...words]
}

/** The second words of each family of commands: `kernel` has `convert`. */
export function families(commands: readonly Command[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { name } of commands) {
    const [first = '', second] = name.split(' ')
    if (second !== undefined) found.set(first, [...(found.get(first) ?? []), second])
  }
  return found
}

/** The commands that take another command line behind `--`. */
export const tailed = (commands: readonly Command[]): string[] =>
  commands.filter(({ tail }) => tail !== undefined).map(({ name }) => name)

/** What completes an argument. */
export function argumentKind({ kind, choices }: Argument): ValueKind {
  if (kind === 'kernel') return kernels
  return choices === undefined ? { kind: 'file' } : { kind: 'words', words: choices }
}

const kernels: ValueKind = { kind: 'words-or-file', words: Object.keys(namedKernels) }

function valueKind(name: string, param: Param<unknown>): ValueKind {
  if (param.isFlag) return { kind: 'none' }
  if (name === 'kernel') return kernels
  if (param.choices !== undefined) return { kind: 'words', words: param.choices }
  return { kind: param.metavar?.endsWith('<file>') ? 'file' : 'free' }
}
