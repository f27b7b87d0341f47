import { ConvoError, formatError } from '../../error.ts'
import type { Io } from '../io.ts'
import { type Entry, type ItemEntry, type Log, lineOf } from './journal.ts'
import type { BatchSettings } from './plan.ts'
import { createProgress, type Standing } from './progress.ts'

/** Tells people and machines how a batch goes: progress and failures on standard error, data on standard output. */
export type Teller = {
  note(text: string): void
  /** An error that does not end the batch. */
  error(error: ConvoError): void
  /** What will be done with an input, and why. */
  plan(entry: ItemEntry, willRun: boolean): void
  /** What came of an input. */
  item(entry: ItemEntry): void
  /** An entry for machines only. */
  entry(entry: Entry): void
  update(standing: Standing): void
  /** The last lines; waits until all is written. */
  end(lines: readonly string[]): Promise<void>
}

/** Names may hold line ends, and what a terminal takes for orders: people see `\n` and such, machines get JSON. */
const shown = (text: string): string =>
  text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1))

export function createTeller(settings: BatchSettings, io: Io, log?: Log): Teller {
  const screen = {
    isTerminal: process.stderr.isTTY === true,
    columns: () => process.stderr.columns ?? 80,
    write: (text: string) => io.err(text),
  }
  const progress = createProgress(screen, settings.quiet)
  let written: Promise<void> = Promise.resolve()
  // one after the other, and not waited for: a slow reader does not hold up the work
  const out = (text: string) => {
    written = written.then(() => io.out(text))
  }
  const error = ({ code, message, why, fix }: ConvoError) => {
    const told = { why: why.map(shown), ...(fix !== undefined && { fix: shown(fix) }) }
    const text = formatError(new ConvoError(code, shown(message), told)).replace(
      /^error:/,
      io.paint('error', 'error:'),
    )
    progress.print(`${text}\n`)
  }
  const entry = (one: Entry) => {
    if (settings.json) out(lineOf(one))
    const broken = log?.write(one)
    if (broken !== undefined) error(broken)
  }
  return {
    note(text) {
      if (!settings.quiet) progress.print(`${io.paint('note', 'note:')} ${text}\n`)
    },
    error,
    plan(one, willRun) {
      if (settings.json || !(settings.explain || settings['dry-run'])) return
      const why = settings.explain ? `: ${one.reason}` : ''
      out(`${willRun ? 'run ' : 'skip'} ${shown(one.input)} -> ${shown(one.output)}${why}\n`)
    },
    item(one) {
      entry(one)
      if (one.error !== undefined) {
        const { code, message, why, fix } = one.error
        // every failure names its picture, whatever the error itself says
        const what = message.includes(one.input) ? message : `${one.input}: ${message}`
        error(new ConvoError(code, what, { why, ...(fix !== undefined && { fix }) }))
      } else if (settings.verbose && one.status === 'done') {
        const notes = (one.notes ?? []).map((note) => `  ${note}\n`).join('')
        progress.print(`${shown(one.input)} -> ${shown(one.output)}, ${one.milliseconds} ms\n${notes}`)
      }
    },
    entry,
    update: (standing) => progress.update(standing),
    async end(lines) {
      progress.end()
      if (!settings.quiet) for (const line of lines) io.err(`${line}\n`)
      await written
      log?.close()
    },
  }
}
