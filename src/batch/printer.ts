import type { ConvoError } from '../error.ts'
import { errorMessage, type Io, noteMessage } from '../host/io.ts'
import type { Message } from '../text/message.ts'
import { visibleLine } from '../text/visible.ts'
import { type Entry, errorOf, type ItemEntry, type Log, lineOf } from './journal.ts'
import type { BatchSettings } from './plan.ts'
import { createProgress } from './progress.ts'

export type Printer = ReturnType<typeof createPrinter>

/** Reports a batch to people and machines: progress and failures on standard error, data on standard output. */
export function createPrinter(settings: BatchSettings, io: Io, log?: Log) {
  const screen = {
    isTerminal: process.stderr.isTTY === true,
    columns: () => process.stderr.columns ?? 80,
    write: (message: Message) => io.err(message),
  }
  const progress = createProgress(screen, settings.quiet)
  let isLost = false
  let written: Promise<void> = Promise.resolve()
  // in order but not awaited, so that a slow reader does not delay the work
  const out = (text: string) => {
    written = written.then(() => io.out(text))
  }
  const error = (one: ConvoError) => progress.print(errorMessage(one))
  const entry = (one: Entry) => {
    if (settings.json) out(lineOf(one))
    const broken = log?.write(one)
    if (broken === undefined) return
    isLost = true
    error(broken)
  }
  return {
    note(text: string): void {
      if (!settings.quiet) progress.print(noteMessage(text))
    },
    /** An error that does not end the batch. */
    error,
    /** Reports what will be done with an input, and why. */
    plan(one: ItemEntry, willRun: boolean): void {
      if (settings.json || !(settings.explain || settings['dry-run'])) return
      const why = settings.explain ? `: ${one.reason}` : ''
      out(
        `${willRun ? 'run ' : 'skip'} ${visibleLine(one.input)} -> ${visibleLine(one.output)}${visibleLine(why)}\n`,
      )
    },
    /** Reports the result for an input. */
    item(one: ItemEntry): void {
      entry(one)
      if (one.error !== undefined) error(errorOf(one.input, one.error))
      else if (settings.verbose && one.status === 'done') {
        const notes = (one.notes ?? []).map((note) => `  ${visibleLine(note)}\n`).join('')
        progress.print(
          `${visibleLine(one.input)} -> ${visibleLine(one.output)}, ${one.milliseconds} ms\n${notes}`,
        )
      }
    },
    /** Writes an entry for machines only. */
    entry,
    update: progress.update,
    /** Whether lines of the log could not be written. */
    hasLost: () => isLost,
    /** Writes the last lines, and waits until everything is written. */
    async end(lines: readonly string[]): Promise<void> {
      progress.end()
      if (!settings.quiet) for (const line of lines) io.err(`${visibleLine(line)}\n`)
      await written
      log?.close()
    },
  }
}
