import { argument } from '../../picture/words/syntax.ts'
import { findCommand } from '../../picture/words/understand.ts'
import type { Command } from '../command.ts'
import { commandHelp, overview } from '../help.ts'

/** `convo help [command]`, for what `commands` gives; `others` are those beside it. */
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
      const text =
        args.length === 0
          ? overview(commands(), io.width)
          : commandHelp(findCommand(args, commands()).command, io.width)
      await io.page(text)
      return 0
    },
  }
}
