import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { asConvoError, ConvoError, nearest } from '../error.ts'
import { version } from '../files/package.ts'
import { errorMessage, type Io, isBrokenPipe, processIo } from '../host/io.ts'
import { understand } from '../picture/words/understand.ts'
import { isEnding, setRole, undoAll } from '../signals.ts'
import { commandHelp, overview } from './help.ts'
import { commands } from './registry.ts'
import { withCommand } from './suggest.ts'

/**
 * Runs a command line, without the names of node and script, and gives the exit status: 0 done, 1 the answer is no,
 * 2 it could not be done, 70 a bug. SIGINT, SIGTERM and SIGHUP end the process with 130, 143 and 129, as shells count, and
 * leave no temporary file.
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  setRole('owner')
  const onBug = (error: unknown) => {
    undoAll()
    if (!isEnding()) process.exit(fail(error, argv, io))
  }
  process.once('uncaughtException', onBug)
  process.once('unhandledRejection', onBug)
  try {
    return await untilEnding(run(argv, io))
  } catch (error) {
    return fail(error, argv, io)
  }
}

/** The exit status of a run. Never settles if a signal ends the process: its outputs were removed. */
async function untilEnding(status: Promise<number>): Promise<number> {
  try {
    return await status
  } finally {
    if (isEnding()) await new Promise(() => undefined)
  }
}

async function run(argv: readonly string[], io: Io): Promise<number> {
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
  return command.run({ args, tail, given, io, commands })
}

/** Reports an error; gives the exit status for it. */
function fail(thrown: unknown, argv: readonly string[], io: Io): number {
  const error = withCommand(known(thrown, argv), argv, commands)
  if (isBrokenPipe(error)) return 2
  const isBug = error.code === 'E_INTERNAL'
  const shown = isBug ? bugOf(error) : error
  io.err(errorMessage(shown))
  if (isBug && argv.includes('--debug')) io.err(`${stackOf(thrown)}\n`)
  return isBug ? 70 : 2
}

/** What was thrown as an error of convo's, with the file of the nearest name where one is not there. */
function known(thrown: unknown, argv: readonly string[]): ConvoError {
  const error = asConvoError(thrown)
  return error.code === 'E_INPUT' ? withNearFile(error, argv) : error
}

function bugOf(error: ConvoError): ConvoError {
  return new ConvoError('E_INTERNAL', error.message, {
    why: [...error.why, 'this is a bug in convo; please report it with the command line and the input'],
    fix: 'the same command with --debug for the stack trace',
  })
}

function stackOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const cause = thrown.cause instanceof Error ? `\ncaused by ${thrown.cause.stack}` : ''
  return `${thrown.stack}${cause}`
}

/** The error with the file of the nearest name, where the one that was asked for is not there. */
function withNearFile(error: ConvoError, argv: readonly string[]): ConvoError {
  if (error.fix !== undefined) return error
  const missing = argv.find((word) => error.message.includes(word) && !word.startsWith('-'))
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
  try {
    const guess = nearest(basename(path), readdirSync(folder))
    return guess === undefined || guess === basename(path)
      ? undefined
      : path.startsWith('.') || folder !== '.'
        ? join(folder, guess)
        : guess
  } catch {
    return undefined
  }
}
