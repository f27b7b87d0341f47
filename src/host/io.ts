import { ConvoError, formatError } from '../error.ts'
import { listening } from '../signals.ts'
import { wrap } from '../text/layout.ts'
import { coloured, type Message, written } from '../text/message.ts'
import { visible, visibleLine } from '../text/visible.ts'

/** Where the messages of a run go: the one door to the terminal, which escapes what would act on it. */
export type Io = {
  /**
   * Writes to standard output and waits until the text is gone.
   *
   * @throws ConvoError E_OUTPUT; a reader that closes before is not an error, but the status is 2: data was lost
   */
  out(message: Message): Promise<void>
  /** Writes a listing or help, of which a reader may want the beginning only: one that closes ends the process with 0. */
  page(message: Message): Promise<void>
  /** Writes to standard error. */
  err(message: Message): void
  /** Columns of text. */
  readonly width: number
}

/** An error as a message for standard error. */
export const errorMessage = (error: ConvoError): Message => [
  headed('error:', '1;31'),
  formatError(error).slice('error:'.length).split('\n').map(fittedLine).join('\n'),
  '\n',
]

/** A note as a message for standard error: one line, wrapped to the width of a terminal. */
export const noteMessage = (note: string): Message => [
  headed('note:', '1;33'),
  ` ${fitted(visibleLine(note), 'note: '.length)}\n`,
]

/** A line of an error in the width of a terminal. What to try stays one line, so that it can be copied. */
function fittedLine(line: string, index: number): string {
  if (index === 0) return ` ${fitted(line.trimStart(), 'error: '.length)}`
  return line.startsWith('  try: ') ? line : `  ${fitted(line.trimStart(), 2)}`
}

/** Text that begins in column `left`, wrapped to the terminal that standard error is; unchanged if it is none. */
function fitted(text: string, left: number): string {
  const { isTTY, columns } = process.stderr
  if (!isTTY || !columns) return text
  return wrap(text, columns - left).join(`\n${' '.repeat(left)}`)
}

const headed = (word: string, colour: string): Message =>
  hasColour(process.stderr, process.env) ? coloured(colour, word) : word

/** Lines of help longer than this are hard to read. */
const widest = 100

/** Columns that lines may have on standard output: those of the terminal, any number where another program reads them. */
export const lineWidth = (): number | undefined =>
  process.stdout.isTTY ? process.stdout.columns || undefined : undefined

/** The streams of this process. Messages that nobody reads, or that find no room, are no reason to end it. */
export function processIo(): Io {
  // Reading process.stdout and process.stderr makes streams, which costs time: only when they are written to.
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

/** Shows something in a test, by the console that its runner gave it: that shows which test it is of. */
export const printInTest = (text: string, isWarning = false): void =>
  console[isWarning ? 'warn' : 'info'](visible(`convo: ${text}`))

/** Colour is for terminals, and for those who can use it. */
export const hasColour = (
  stream: NodeJS.WriteStream,
  { NO_COLOR, TERM }: Readonly<Record<string, string | undefined>>,
): boolean => stream.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb'

/** @throws ConvoError E_OUTPUT, with the error of the system as its cause */
function writeOut(text: string): Promise<void> {
  const { stdout } = process
  muteErrors(stdout)
  return listening(
    () =>
      new Promise((done, failed) => {
        stdout.write(text, (cause) => {
          if (cause == null) return done()
          const why = cause.message
          failed(new ConvoError('E_OUTPUT', 'standard output cannot be written', { why, cause }))
        })
      }),
  )
}

/** A failure is reported to the one who writes. */
function muteErrors(stream: NodeJS.WriteStream): void {
  if (stream.listenerCount('error') === 0) stream.on('error', () => undefined)
}

/** Whether the reader of a pipe closed. */
export const isBrokenPipe = ({ cause }: ConvoError): boolean =>
  (cause as NodeJS.ErrnoException | undefined)?.code === 'EPIPE'
