import type { Params } from '../params.ts'
import type { Io } from './io.ts'

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

/** Options under a heading of the help. */
export type OptionGroup = { readonly title: string; readonly params: Params }

/** A command of convo. Parser, help, completion and manual are made from this. */
export type Command = {
  /** One or two words: `list`, `kernel convert`. */
  readonly name: string
  /** One line, as a verb. */
  readonly summary: string
  /** Where it stands in the overview. */
  readonly group: string
  readonly arguments: readonly Argument[]
  /** What stands behind `--`, as in a usage line; without it, `--` only ends the options. */
  readonly tail?: string
  /** True where only some of its command lines have a tail. */
  readonly isTailOptional?: boolean
  readonly options: readonly OptionGroup[]
  /** The options for a command line, of a command whose first word decides which there are. */
  optionsFor?(words: readonly string[]): readonly OptionGroup[]
  /** Whole command lines. */
  readonly examples: readonly string[]
  /** What else the help says, each under a title. */
  details?(width: number): readonly { readonly title: string; readonly text: string }[]
  /** Runs it; the result is the exit status. */
  run(call: Call): Promise<number>
}

/** A command line, understood. */
export type Call = {
  readonly args: readonly string[]
  /** The words behind `--`, of a command with a tail; undefined where there was none. */
  readonly tail?: readonly string[] | undefined
  /** What was typed for each option that was given; a flag is `true`. */
  readonly given: Readonly<Record<string, unknown>>
  readonly io: Io
  /** Every command, for those that tell of the others. */
  readonly commands: readonly Command[]
}

/** All options of a command. */
export function optionsOf(command: Command): Params {
  return Object.assign({}, ...command.options.map((group) => group.params)) as Params
}

/** `convo kernel convert <in> <out> [options]` */
export function usageOf(command: Command): string {
  const words = command.arguments.map(({ name, optional, repeats }) => {
    const word = repeats ? `${name}...` : name
    return optional ? `[${word}]` : `<${word}>`
  })
  const options = command.options.some(({ params }) => Object.keys(params).length > 0) ? ['[options]'] : []
  const behind = `-- ${command.tail}`
  const tail = command.tail === undefined ? [] : [command.isTailOptional ? `[${behind}]` : behind]
  return ['convo', command.name, ...words, ...options, ...tail].join(' ')
}
