import { ConvoError } from '../error.ts'
import { forgetReads } from '../files/reads.ts'
import { errorMessage, type Io, isBrokenPipe, processIo } from '../host/io.ts'
import { isEnding, setRole, undoAll } from '../signals.ts'
import { understandApart } from './apart.ts'

/**
 * Runs a command line, without the names of node and script, and returns the exit status: 0 for success, 1 for a
 * negative answer, 2 for a failure, 70 for a bug. SIGINT, SIGTERM and SIGHUP end the process with 130, 143 and 129, the
 * codes that shells use, and no temporary file remains.
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  setRole('owner')
  forgetReads()
  const onBug = (error: unknown) => {
    undoAll()
    if (!isEnding()) void fail(error, argv, io).then((status) => process.exit(status))
  }
  process.once('uncaughtException', onBug)
  process.once('unhandledRejection', onBug)
  try {
    return await untilEnding(run(argv, io))
  } catch (error) {
    return await fail(error, argv, io)
  }
}

/** Waits for the exit status of a run. Never settles if a signal ends the process; its outputs are removed. */
async function untilEnding(status: Promise<number>): Promise<number> {
  try {
    return await status
  } finally {
    if (isEnding()) await new Promise(() => undefined)
  }
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  const apart = await understandApart(argv)
  if (apart !== undefined) return apart.command.run({ ...apart, io })
  const { runLine } = await import('./any-line.ts')
  return runLine(argv, io)
}

/** Reports an error and returns its exit status. */
async function fail(thrown: unknown, argv: readonly string[], io: Io): Promise<number> {
  const { explained } = await import('./any-line.ts')
  const error = explained(thrown, argv)
  if (isBrokenPipe(error)) return 2
  const isBug = error.code === 'E_INTERNAL'
  const shown = isBug ? bugOf(error) : error
  io.err(errorMessage(shown))
  if (isBug && argv.includes('--debug')) io.err(`${stackOf(thrown)}\n`)
  return isBug ? 70 : 2
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
