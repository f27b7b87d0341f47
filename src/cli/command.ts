import type { Io } from '../host/io.ts'
import { type Params, resolve, type Values } from '../params.ts'
import type { Given, Syntax } from '../picture/words/syntax.ts'

/** A command of convo: its syntax, its help, and its action. */
export type Command = Syntax & {
  /** One line that begins with a verb. */
  readonly summary: string
  readonly group: string
  /** Returns further sections of the help by title. Empty ones are omitted. */
  details?(width: number): Readonly<Record<string, string>>
  /** Runs the command and returns the exit status. */
  run(call: Call): Promise<number>
}

/** A parsed command line. */
export type Call = {
  readonly args: readonly string[]
  /** The words after `--`, for a command with a tail; undefined if there was no `--`. */
  readonly tail?: readonly string[] | undefined
  readonly given: Given
  readonly io: Io
}

/** Makes a command with one table of settings, whose values are parsed before it runs. */
export const commandOf = <P extends Params>(
  params: P,
  {
    run,
    ...rest
  }: Omit<Command, 'group' | 'options' | 'run'> & { run(settings: Values<P>, call: Call): Promise<number> },
): Command => ({
  ...rest,
  group: 'commands',
  options: [{ title: 'Options', params }],
  run: async (call) => run(resolve(params, call.given), call),
})
