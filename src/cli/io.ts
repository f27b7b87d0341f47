import { writeSync } from 'node:fs'
import { ConvoError, formatError } from '../error.ts'

/** Where the text of a run goes. */
export type Io = {
  /** Writes to standard output and waits until the text is gone. */
  out(text: string): Promise<void>
  /** Writes to standard error. */
  err(text: string): void
  /** Columns of text. */
  readonly width: number
  /** Colours a piece of a message for standard error, where colour is wanted. */
  paint(style: Style, text: string): string
}

/** What colours mean: trouble, or worth a look. */
export type Style = 'error' | 'note'

const codes: Readonly<Record<Style, string>> = { error: '1;31', note: '1;33' }

/** Lines of help longer than this are hard to read. */
const widest = 100

/** Columns that lines may have on standard output: those of the terminal, any number where another program reads them. */
export const lineWidth = (): number | undefined =>
  process.stdout.isTTY ? process.stdout.columns || undefined : undefined

/** The streams of this process. A reader that goes away ends it quietly. */
export function processIo(): Io {
  // Reading process.stdout and process.stderr makes streams, which costs time: only when they are written to.
  return {
    out: (text) =>
      new Promise((done) => {
        endOnBrokenPipe(process.stdout)
        process.stdout.write(text, () => done())
      }),
    err(text) {
      endOnBrokenPipe(process.stderr)
      process.stderr.write(text)
    },
    get width() {
      return Math.max(40, Math.min(process.stdout.columns ?? 80, widest))
    },
    paint: (style, text) => (hasColour() ? `\x1b[${codes[style]}m${text}\x1b[0m` : text),
  }
}

function hasColour(): boolean {
  const { NO_COLOR, TERM } = process.env
  return process.stderr.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb'
}

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
