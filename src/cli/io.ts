import { writeSync } from 'node:fs'
import { ConvoError, formatError } from '../error.ts'
import { coloured, type Message, written } from '../text/message.ts'
import { visibleLine } from '../text/visible.ts'

/** Where the messages of a run go: the one door to the terminal, which escapes what would act on it. */
export type Io = {
  /** Writes to standard output and waits until the text is gone. */
  out(message: Message): Promise<void>
  /** Writes to standard error. */
  err(message: Message): void
  /** Columns of text. */
  readonly width: number
}

/** An error as a message for standard error. */
export const errorMessage = (error: ConvoError): Message => [
  headed('error:', '1;31'),
  formatError(error).slice('error:'.length),
  '\n',
]

/** A note as a message for standard error: one line. */
export const noteMessage = (note: string): Message => [headed('note:', '1;33'), ` ${visibleLine(note)}\n`]

const headed = (word: string, colour: string): Message =>
  hasColour(process.stderr, process.env) ? coloured(colour, word) : word

/** Lines of help longer than this are hard to read. */
const widest = 100

/** Columns that lines may have on standard output: those of the terminal, any number where another program reads them. */
export const lineWidth = (): number | undefined =>
  process.stdout.isTTY ? process.stdout.columns || undefined : undefined

/** The streams of this process. A reader that goes away ends it quietly. */
export function processIo(): Io {
  // Reading process.stdout and process.stderr makes streams, which costs time: only when they are written to.
  return {
    out: (message) =>
      new Promise((done) => {
        endOnBrokenPipe(process.stdout)
        process.stdout.write(written(message), () => done())
      }),
    err(message) {
      endOnBrokenPipe(process.stderr)
      process.stderr.write(written(message))
    },
    get width() {
      return Math.max(40, Math.min(process.stdout.columns ?? 80, widest))
    },
  }
}

/** Colour is for terminals, and for those who can use it. */
export const hasColour = (
  stream: NodeJS.WriteStream,
  { NO_COLOR, TERM }: Readonly<Record<string, string | undefined>>,
): boolean => stream.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb'

const guarded = new WeakSet<NodeJS.WriteStream>()

function endOnBrokenPipe(stream: NodeJS.WriteStream): void {
  if (guarded.has(stream)) return
  guarded.add(stream)
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    const told = new ConvoError('E_OUTPUT', 'standard output cannot be written', { why: error.message })
    if (stream === process.stdout) writeSync(2, `${formatError(told)}\n`)
    process.exit(2)
  })
}
