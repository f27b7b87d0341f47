import type { Io } from '../host/io.ts'
import { type Params, resolve, type Values } from '../params.ts'
import type { Given, Syntax } from '../picture/words/syntax.ts'

/** A command of convo: what a line may hold, what help says of it, and what it does. */
export type Command = Syntax & {
  /** One line, as a verb. */
  readonly summary: string
  /** Where it is in the overview. */
  readonly group: string
  /** What else the help says, by its titles; what is empty is omitted. */
  details?(width: number): Readonly<Record<string, string>>
  /** Runs it; the result is the exit status. */
  run(call: Call): Promise<number>
}

/** A command line, understood. */
export type Call = {
  readonly args: readonly string[]
  /** The words behind `--`, of a command with a tail; undefined where there was none. */
  readonly tail?: readonly string[] | undefined
  readonly given: Given
  readonly io: Io
}

/** A command with one table of settings, whose values are understood before it runs. */
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
