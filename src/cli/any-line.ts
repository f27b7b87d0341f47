import { basename, dirname, join } from 'node:path'
import { asConvoError, ConvoError, nearest } from '../error.ts'
import { version } from '../files/package.ts'
import { namesIn } from '../files/stat.ts'
import type { Io } from '../host/io.ts'
import { understand } from '../picture/words/understand.ts'
import { commandHelp, overview } from './help.ts'
import { commands } from './registry.ts'
import { withCommand } from './suggest.ts'

/** Runs a line of any command; gives the exit status. @throws ConvoError for a line that is not understood */
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

/** What was thrown as an error that says what could have been meant. */
export const explained = (thrown: unknown, argv: readonly string[]): ConvoError =>
  withCommand(known(thrown, argv), argv, commands)

/** What was thrown as an error of convo's, with the file of the nearest name where one is not there. */
function known(thrown: unknown, argv: readonly string[]): ConvoError {
  const error = asConvoError(thrown)
  return error.code === 'E_INPUT' ? withNearFile(error, argv) : error
}

/** The error with the file of the nearest name, where the one that was asked for is not there. */
function withNearFile(error: ConvoError, argv: readonly string[]): ConvoError {
  if (error.fix !== undefined) return error
  // the longest: the name of a command may be in that of a file
  const [missing] = argv
    .filter((word) => error.message.includes(word) && !word.startsWith('-'))
    .toSorted((a, b) => b.length - a.length)
  const guess = missing === undefined ? undefined : nearFile(missing)
  if (guess === undefined) return error
  return new ConvoError(error.code, error.message, {
    why: error.why,
    instead: [missing!, guess],
    cause: error.cause,
  })
}

function nearFile(path: string): string | undefined {
  const folder = dirname(path)
  const guess = nearest(basename(path), namesIn(folder))
  if (guess === undefined || guess === basename(path)) return undefined
  return path.startsWith('.') || folder !== '.' ? join(folder, guess) : guess
}
