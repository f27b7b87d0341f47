import type { ConvoError } from '../error.ts'
import { errorMessage, type Io, noteMessage } from '../host/io.ts'
import { type Message, Verbatim } from '../text/message.ts'
import { visibleLine } from '../text/visible.ts'
import { type Entry, errorOf, type ItemEntry, type Log, lineOf } from './journal.ts'
import type { BatchSettings } from './plan.ts'
import type { Tally } from './tally.ts'

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

type Standing = ReturnType<Tally['standing']>

/** Where progress is shown. */
export type Screen = {
  readonly isTerminal: boolean
  readonly columns: () => number
  write(message: Message): void
}

const everyOnTerminal = 100
const everyElsewhere = 10_000

/** Shows progress: a bar on a terminal, a line every ten seconds elsewhere; with `quiet` only what is printed. */
export function createProgress(screen: Screen, quiet: boolean, now: () => number = () => performance.now()) {
  const every = screen.isTerminal ? everyOnTerminal : everyElsewhere
  let last = screen.isTerminal ? Number.NEGATIVE_INFINITY : now()
  let bar = ''
  const clear = () => {
    if (bar !== '') screen.write(new Verbatim('\r\x1b[K'))
  }
  return {
    update(standing: Standing) {
      const isLast = screen.isTerminal && standing.done >= standing.total
      if (quiet || (now() - last < every && !isLast)) return
      last = now()
      if (!screen.isTerminal) return screen.write(`${progressText(standing)}\n`)
      clear()
      bar = standing.done < standing.total ? barText(standing, screen.columns()) : ''
      screen.write(bar)
    },
    /** Prints lines, above the bar. */
    print(message: Message): void {
      clear()
      screen.write(message)
      if (bar !== '') screen.write(bar)
    },
    /** Removes the bar. */
    end(): void {
      clear()
      bar = ''
    },
  }
}

/** `512 of 2000, 45.3 MP/s, 1:20 left, 2 failed` */
export const progressText = (standing: Standing): string => progressParts(standing).join(', ')

function progressParts(standing: Standing): string[] {
  const { done, failed, total, megapixels, milliseconds } = standing
  const rate = milliseconds > 0 ? (megapixels * 1000) / milliseconds : 0
  const parts = [`${done} of ${total}`, `${rate.toFixed(1)} MP/s`]
  const left = timeLeft(standing)
  if (left !== undefined) parts.push(`${durationText(left)} left`)
  if (failed > 0) parts.push(`${failed} failed`)
  return parts
}

function barText(standing: Standing, columns: number): string {
  const text = progressText(standing)
  // one column less: a full line would wrap on some terminals
  const room = Math.min(40, columns - text.length - 4)
  if (room < 5) return fitted(progressParts(standing), columns - 1)
  const filled = standing.total === 0 ? room : Math.round((room * standing.done) / standing.total)
  return `[${'#'.repeat(filled)}${'.'.repeat(room - filled)}] ${text}`
}

/** Returns as many parts as fit, in order. The first one is cut if it does not fit. */
function fitted([first = '', ...others]: readonly string[], room: number): string {
  let text = first.slice(0, Math.max(0, room))
  for (const part of others) if (text.length + 2 + part.length <= room) text += `, ${part}`
  return text
}

/** Milliseconds that the remaining megapixels take at the current rate; undefined if there is no rate yet. */
export const timeLeft = ({ megapixels, megapixelsLeft, milliseconds }: Standing): number | undefined =>
  megapixels > 0 ? (megapixelsLeft / megapixels) * milliseconds : undefined

/** `0:07`, `1:20`, `2:03:00` */
export function durationText(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const two = (n: number) => String(n).padStart(2, '0')
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}
