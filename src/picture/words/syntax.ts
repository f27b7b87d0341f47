import type { Params } from '../../params.ts'
import { optional } from '../../text/record.ts'

/** A word of the command line that is not an option. */
export type Argument = {
  readonly name: string
  readonly summary: string
  /** `file`: completed by the shell; `word`: one of the choices; `kernel`: the name of a kernel, or a file. */
  readonly kind: 'file' | 'word' | 'kernel'
  readonly choices?: readonly string[]
  readonly optional?: boolean
  /** The option that makes it optional. */
  readonly optionalWith?: string
  /** Whether it can be repeated. For the last argument only. */
  readonly repeats?: boolean
}

/**
 * Makes an argument from the form of a usage line, `<in>` or `[names...]`. If choices are given, it is one of those
 * words.
 */
export const argument = (
  form: string,
  summary: string,
  of: Argument['kind'] | readonly string[] = 'file',
): Argument => ({
  name: form.replace(/[^a-z]/g, ''),
  summary,
  ...(typeof of === 'string' ? { kind: of } : { kind: 'word', choices: of }),
  ...optional('optional', form.startsWith('[') || undefined),
  ...optional('repeats', form.includes('...') || undefined),
})

/** Options under a heading of the help. */
export type OptionGroup = { readonly title: string; readonly params: Params }

/** The syntax of a command. The parser, help, completion and manual are made from it. */
export type Syntax = {
  /** One or two words: `list`, `kernel convert`. */
  readonly name: string
  readonly arguments: readonly Argument[]
  /** The words after `--`, as in a usage line. Without it, `--` only ends the options. */
  readonly tail?: string
  /** Whether only some of its command lines have a tail. */
  readonly isTailOptional?: boolean
  readonly options: readonly OptionGroup[]
  /** Returns the options for a command line, if the first word of the command decides which there are. */
  optionsFor?(words: readonly string[]): readonly OptionGroup[]
  /** Whole command lines. */
  readonly examples: readonly string[]
}

/** What was typed for each given option; `true` for a flag. */
export type Given = Readonly<Record<string, unknown>>

export const optionsOf = (command: Syntax): Params =>
  Object.assign({}, ...command.options.map((group) => group.params)) as Params

/** Returns a usage line: `convo kernel convert <in> <out> [options]`. */
export function usageOf(command: Syntax): string {
  const words = command.arguments.map(({ name, optional, repeats }) => {
    const word = repeats ? `${name}...` : name
    return optional ? `[${word}]` : `<${word}>`
  })
  const options = command.options.some(({ params }) => Object.keys(params).length > 0) ? ['[options]'] : []
  const behind = `-- ${command.tail}`
  const tail = command.tail === undefined ? [] : [command.isTailOptional ? `[${behind}]` : behind]
  return ['convo', command.name, ...words, ...options, ...tail].join(' ')
}
