import { type Message, Verbatim } from '../text/message.ts'
import type { Tally } from './tally.ts'

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
