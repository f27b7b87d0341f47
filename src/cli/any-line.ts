import { basename, dirname, join } from 'node:path'
import { asConvoError, ConvoError, nearest } from '../error.ts'
import { version } from '../files/package.ts'
import { namesIn } from '../files/stat.ts'
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
  const error = withCommand(known(thrown, argv), argv, commands)
  const { code, message, why, cause } = error
  if (error.fix !== undefined || !['E_USAGE', 'E_OPTION', 'E_NAME'].includes(code)) return error
  const fix = ['convo', commandOf(argv, commands)?.name, '--help'].filter(Boolean).join(' ')
  return new ConvoError(code, message, { why, cause, fix })
}

/** Converts a thrown value to a ConvoError. If a file is missing, it suggests the file with the nearest name. */
function known(thrown: unknown, argv: readonly string[]): ConvoError {
  const error = asConvoError(thrown)
  return error.code === 'E_INPUT' ? withNearFile(error, argv) : error
}

/** Adds the file with the nearest name to the error for a missing file. */
function withNearFile(error: ConvoError, argv: readonly string[]): ConvoError {
  if (error.fix !== undefined) return error
  // the longest match, since the name of a command may be part of a file name
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
