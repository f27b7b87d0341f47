import { ConvoError, formatError } from '../error.ts'
import { listening } from '../signals.ts'
import { wrap } from '../text/layout.ts'
import { coloured, type Message, written } from '../text/message.ts'
import { visible, visibleLine } from '../text/visible.ts'

/**
 * The destination of the messages of a run. All output to the terminal goes through it, and control sequences are
 * escaped.
 */
export type Io = {
  /**
   * Writes to standard output and waits until the text is written.
   *
   * @throws ConvoError E_OUTPUT. A reader that closes early is not an error, but the status is 2, since data was lost
   */
  out(message: Message): Promise<void>
  /**
   * Writes a listing or help. Its reader may want only the beginning, so one that closes early ends the process with 0.
   */
  page(message: Message): Promise<void>
  /** Writes to standard error. */
  err(message: Message): void
  /** The width for text, in columns. */
  readonly width: number
}

export const errorMessage = (error: ConvoError): Message => [
  headed('error:', '1;31'),
  formatError(error).slice('error:'.length).split('\n').map(fittedLine).join('\n'),
  '\n',
]

/** Formats a note for standard error: one line, wrapped to the width of a terminal. */
export const noteMessage = (note: string): Message => [
  headed('note:', '1;33'),
  ` ${fitted(visibleLine(note), 'note: '.length)}\n`,
]

/**
 * Fits a line of an error to the width of a terminal. The suggested command stays on one line, so that it can be
 * copied.
 */
function fittedLine(line: string, index: number): string {
  if (index === 0) return ` ${fitted(line.trimStart(), 'error: '.length)}`
  return line.startsWith('  try: ') ? line : `  ${fitted(line.trimStart(), 2)}`
}

/** Wraps text that begins in column `left` to the terminal on standard error. Without a terminal, it is unchanged. */
function fitted(text: string, left: number): string {
  const { isTTY, columns } = process.stderr
  if (!isTTY || !columns) return text
  return wrap(text, columns - left).join(`\n${' '.repeat(left)}`)
}

const headed = (word: string, colour: string): Message =>
  hasColour(process.stderr, process.env) ? coloured(colour, word) : word

/** The widest lines of help that are easy to read. */
const widest = 100

/**
 * Returns the width of lines on standard output: that of the terminal, or undefined for no limit if another program
 * reads it.
 */
export const lineWidth = (): number | undefined =>
  process.stdout.isTTY ? process.stdout.columns || undefined : undefined

/** Returns the streams of this process. A message that cannot be written does not end the process. */
export function processIo(): Io {
  // Reading process.stdout or process.stderr creates a stream, which takes time, so they are read only to write to
  // them.
  return {
    out: (message) => writeOut(written(message)),
    page: (message) =>
      writeOut(written(message)).catch((error: ConvoError) => {
        if (!isBrokenPipe(error)) throw error
        process.exit(0)
      }),
    err(message) {
      muteErrors(process.stderr)
      process.stderr.write(written(message))
    },
    get width() {
      return Math.max(40, Math.min(process.stdout.columns ?? 80, widest))
    },
  }
}

/** Prints text in a test through the console of its runner, which shows the test it belongs to. */
export const printInTest = (text: string, isWarning = false): void =>
  console[isWarning ? 'warn' : 'info'](visible(`convo: ${text}`))

/** Whether to use colour: on terminals that support it, unless the user disabled it. */
export const hasColour = (
  stream: NodeJS.WriteStream,
  { NO_COLOR, TERM }: Readonly<Record<string, string | undefined>>,
): boolean => stream.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb'

/** Writes to standard output. @throws ConvoError E_OUTPUT, with the system error as its cause */
function writeOut(text: string): Promise<void> {
  const { stdout } = process
  muteErrors(stdout)
  return listening(
    () =>
      new Promise((done, failed) => {
        stdout.write(text, (cause) => {
          if (cause == null) return done()
          const why = cause.message
          const fix = 'a file or a program that takes it all'
          failed(new ConvoError('E_OUTPUT', 'standard output cannot be written', { why, cause, fix }))
        })
      }),
  )
}

/** Ignores error events of a stream. The code that writes gets the error. */
function muteErrors(stream: NodeJS.WriteStream): void {
  if (stream.listenerCount('error') === 0) stream.on('error', () => undefined)
}

/** Whether an error means that the reader of a pipe closed it. */
export const isBrokenPipe = ({ cause }: ConvoError): boolean =>
  (cause as NodeJS.ErrnoException | undefined)?.code === 'EPIPE'
