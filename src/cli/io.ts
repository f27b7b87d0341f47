import { ConvoError } from '../error.ts'
import { listening } from '../signals.ts'

/** Where the text of a run goes. */
export type Io = {
  /**
   * Writes to standard output and waits until the text is gone.
   *
   * @throws ConvoError E_OUTPUT; a reader that goes away before is no news, but the status is 2: data was lost
   */
  out(text: string): Promise<void>
  /** Writes a listing or help, of which a reader may want the beginning only: one that goes away ends the process with 0. */
  page(text: string): Promise<void>
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

/** The streams of this process. Messages that nobody reads, or that find no room, are no reason to end it. */
export function processIo(): Io {
  // Reading process.stdout and process.stderr makes streams, which costs time: only when they are written to.
  return {
    out: writeOut,
    page: (text) =>
      writeOut(text).catch((error: ConvoError) => {
        if (!isBrokenPipe(error)) throw error
        process.exit(0)
      }),
    err(text) {
      muteErrors(process.stderr)
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

/** A failure is told to the one who writes. */
function muteErrors(stream: NodeJS.WriteStream): void {
  if (stream.listenerCount('error') === 0) stream.on('error', () => undefined)
}

/** Whether the reader of a pipe went away. */
export const isBrokenPipe = ({ cause }: ConvoError): boolean =>
  (cause as NodeJS.ErrnoException | undefined)?.code === 'EPIPE'
