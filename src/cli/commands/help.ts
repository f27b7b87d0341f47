import { ConvoError } from '../../error.ts'
import { argument } from '../../picture/words/syntax.ts'
import { familyOf, findCommand } from '../../picture/words/understand.ts'
import type { Command } from '../command.ts'
import { commandHelp, overview } from '../help.ts'

/** `convo help [command]`, for the commands that `commands` returns; `others` are all except help itself. */
export function helpCommand(others: readonly Command[], commands: () => readonly Command[]): Command {
  return {
    name: 'help',
    summary: 'explains an operation or command',
    group: 'commands',
    arguments: [
      argument(
        '[command]',
        'an operation or command',
        others.map(({ name }) => name.split(' ')[0]!),
      ),
      argument('[second]', 'the second word of a command such as kernel convert', 'word'),
    ],
    options: [],
    examples: ['convo help sobel', 'convo help list'],
    async run({ args, io }) {
      const [first, second] = args
      const [only] = first !== undefined && second === undefined ? familyOf(first, commands()) : []
      const text =
        args.length === 0
          ? overview(commands(), io.width)
          : commandHelp(only ?? named(args, commands()), io.width)
      await io.page(text)
      return 0
    },
  }
}

/** Returns the command that all words name. @throws ConvoError as `findCommand` does, E_USAGE for surplus words */
function named(args: readonly string[], commands: readonly Command[]): Command {
  const { command, words } = findCommand(args, commands)
  if (args.length === words) return command
  throw new ConvoError('E_USAGE', `there is no command ${args.join(' ')}`, {
    fix: `convo help ${command.name}`,
  })
}
