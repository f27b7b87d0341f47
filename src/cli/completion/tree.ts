import { namedKernels } from '../../filters/names.ts'
import type { Param } from '../../params.ts'
import { shortNames } from '../../picture/run-settings.ts'
import { type Argument, optionsOf } from '../../picture/words/syntax.ts'
import type { Command } from '../command.ts'

/** Descriptions longer than this are cut. */
const longest = 60

/** The kind of value that an option takes. */
export type ValueKind =
  /** A flag takes no value. */
  | { readonly kind: 'none' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'words-or-file'; readonly words: readonly string[] }
  | { readonly kind: 'file' }
  /** A number, or another value that cannot be completed. */
  | { readonly kind: 'free' }

/** An option, as completion scripts need it. */
export type CompletionOption = {
  /** The name without dashes, such as `border`. */
  readonly name: string
  readonly short?: string
  readonly summary: string
  readonly value: ValueKind
}

export const completionOptions = (command: Command): CompletionOption[] =>
  Object.entries(optionsOf(command)).map(([name, param]) => {
    const short = shortNames[name]
    return {
      name,
      summary: brief(param.summary),
      value: valueKind(name, param),
      ...(short !== undefined && { short }),
    }
  })

/** Shortens a summary to fit beside an option. */
function brief(summary: string): string {
  if (summary.length <= longest) return summary
  return `${summary.slice(0, summary.lastIndexOf(' ', longest))} …`
}

/** Returns the first words of the command lines, each with a summary. A family such as `kernel` is listed once. */
export function firstWords(commands: readonly Command[]): (readonly [word: string, summary: string])[] {
  const words = new Map<string, string>()
  for (const { name, summary } of commands) {
    const [first = ''] = name.split(' ')
    if (!words.has(first)) words.set(first, summary)
  }
  return [...words]
}

/** Returns the second words of each family of commands: `kernel` has `convert`. */
export function families(commands: readonly Command[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { name } of commands) {
    const [first = '', second] = name.split(' ')
    if (second !== undefined) found.set(first, [...(found.get(first) ?? []), second])
  }
  return found
}

/** Returns the commands that take another command line after `--`. */
export const tailed = (commands: readonly Command[]): string[] =>
  commands.filter(({ tail }) => tail !== undefined).map(({ name }) => name)

/** Returns the name of a command as a pattern. A name of two words is quoted. */
export const patternOf = (name: string): string => (name.includes(' ') ? `"${name}"` : name)

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
