import { asConvoError, ConvoError } from '../error.ts'
import { version } from '../files/package.ts'
import type { Io } from '../host/io.ts'
import { understand } from '../picture/words/understand.ts'
import { commandHelp, overview } from './help.ts'
import { commands } from './registry.ts'
import { commandOf, withCommand } from './suggest.ts'

/** Runs a line of any command and returns the exit status. @throws ConvoError for an invalid line */
export async function runLine(argv: readonly string[], io: Io): Promise<number> {
  const request = understand(argv, commands)
  if (request.kind === 'version') {
    await io.page(`${version()}\n`)
    return 0
  }
  if (request.kind === 'help') {
    const { about, isBrief = false } = request
    await io.page(
      about === undefined ? overview(commands, io.width, isBrief) : commandHelp(about, io.width, isBrief),
    )
    return 0
  }
  const { command, args, tail, given } = request
  return command.run({ args, tail, given, io })
}

/** Converts a thrown value to an error that suggests what was meant, or else the help of the command. */
export function explained(thrown: unknown, argv: readonly string[]): ConvoError {
  const error = withCommand(asConvoError(thrown), argv, commands)
  const { code, message, why, cause } = error
  if (error.fix !== undefined || !['E_USAGE', 'E_OPTION', 'E_NAME'].includes(code)) return error
  const fix = ['convo', commandOf(argv, commands)?.name, '--help'].filter(Boolean).join(' ')
  return new ConvoError(code, message, { why, cause, fix })
}
