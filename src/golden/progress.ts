import type { Io } from '../host/io.ts'
import { counted } from '../text/count.ts'
import { Verbatim } from '../text/message.ts'

/** A progress line on standard error, shown only on terminals. */
export type Progress = { show(done: number, all: number): void; clear(): void }

/** Returns a progress line such as `7 of 20 cases`. */
export function progressOn(io: Io, what: string): Progress {
  if (process.stderr.isTTY !== true) return { show: () => undefined, clear: () => undefined }
  const clear = new Verbatim('\r\x1b[2K')
  return {
    show: (done, all) => io.err([clear, `${done} of ${counted(all, what)}`]),
    clear: () => io.err(clear),
  }
}
