import type { Params } from '../../params.ts'
import { optional } from '../../text/record.ts'

/** A word of the command line that is no option. */
export type Argument = {
  readonly name: string
  readonly summary: string
  /** `file`: the shell completes it; `word`: one of the choices; `kernel`: the name of one, or a file. */
  readonly kind: 'file' | 'word' | 'kernel'
  readonly choices?: readonly string[]
  readonly optional?: boolean
  /** The option that makes it optional. */
  readonly optionalWith?: string
  /** Any number of words; the last argument only. */
  readonly repeats?: boolean
}

/** An argument in the form of a usage line: `<in>`, `[names...]`; of a word, its choices where they are known. */
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

/** What a command line may hold, of one command: parser, help, completion and manual are made from this. */
export type Syntax = {
  /** One or two words: `list`, `kernel convert`. */
  readonly name: string
  readonly arguments: readonly Argument[]
  /** What is behind `--`, as in a usage line; without it, `--` only ends the options. */
  readonly tail?: string
  /** True where only some of its command lines have a tail. */
  readonly isTailOptional?: boolean
  readonly options: readonly OptionGroup[]
  /** The options for a command line, of a command whose first word decides which there are. */
  optionsFor?(words: readonly string[]): readonly OptionGroup[]
  /** Whole command lines. */
  readonly examples: readonly string[]
}

/** What was typed for each option that was given; a flag is `true`. */
export type Given = Readonly<Record<string, unknown>>

/** All options of a command. */
export function optionsOf(command: Syntax): Params {
  return Object.assign({}, ...command.options.map((group) => group.params)) as Params
}

/** `convo kernel convert <in> <out> [options]` */
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
