import { formatNumber } from '../draw/format.ts'
import { diverging, inkOn } from '../draw/palette.ts'
import type { Plane } from './planes.ts'

type Rgb = readonly [number, number, number]

/** Colours that a terminal has. */
export type TerminalColours = 'true' | '256' | 'none'

/** What the terminal of standard output has, by the variables that it sets. None where it is no terminal. */
export function terminalColours(
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): TerminalColours {
  const { NO_COLOR = '', TERM = '', COLORTERM = '' } = env
  if (!isTerminal || NO_COLOR !== '' || TERM === 'dumb' || TERM === '') return 'none'
  if (/truecolor|24bit/i.test(COLORTERM) || /direct|kitty|ghostty|alacritty/.test(TERM)) return 'true'
  return TERM.includes('256') || TERM.startsWith('xterm') ? '256' : 'none'
}

/** The colour of xterm's cube of 6x6x6, or of its grays, that comes closest. */
export function cube([r, g, b]: Rgb): number {
  const step = (v: number) => (v < 48 ? 0 : v < 115 ? 1 : Math.min(5, Math.floor((v - 35) / 40)))
  const spread = Math.max(r, g, b) - Math.min(r, g, b)
  const average = (r + g + b) / 3
  if (spread < 12 && average > 8 && average < 243) return 232 + Math.round((average - 8) / 10)
  return 16 + 36 * step(r) + 6 * step(g) + step(b)
}

const paint = (text: string, rgb: Rgb, kind: TerminalColours): string => {
  if (kind === 'none') return text
  const isDark = inkOn(rgb) === '#ffffff'
  if (kind === '256') return `\x1b[38;5;${isDark ? 231 : 16};48;5;${cube(rgb)}m${text}\x1b[0m`
  const ink = isDark ? '255;255;255' : '31;41;51'
  return `\x1b[38;2;${ink};48;2;${rgb.join(';')}m${text}\x1b[0m`
}

/**
 * A plane as lines of cells with their numbers, or nothing where they do not fit `width` columns.
 *
 * @param most the weight of the darkest colour
 */
function numbered(plane: Plane, most: number, width: number, kind: TerminalColours): string | undefined {
  for (const digits of [4, 3, 2]) {
    const numbers = Array.from(plane.weights, (w) => formatNumber(w, digits))
    const cell = numbers.reduce((longest, n) => Math.max(longest, n.length), 0) + 2
    if (cell * plane.width > width) continue
    return rowsOf(plane, (w, i) => paint(` ${numbers[i]!.padStart(cell - 2)} `, diverging(w / most), kind))
  }
  return undefined
}

const rowsOf = ({ height, width, weights }: Plane, cell: (w: number, i: number) => string): string =>
  Array.from(
    { length: height },
    (_, y) =>
      `${Array.from({ length: width }, (_, x) => cell(weights[y * width + x]!, y * width + x)).join('')}\n`,
  ).join('')

/** A plane for a terminal: cells with numbers; bare cells of two columns, then of one, where they do not fit; else a word. */
export function planeText(plane: Plane, most: number, width: number, kind: TerminalColours): string {
  const withNumbers = numbered(plane, most, width, kind)
  if (withNumbers !== undefined) return withNumbers
  if (kind === 'none') {
    return rowsOf(plane, (w, i) => `${formatNumber(w, 4)}${i % plane.width === plane.width - 1 ? '' : ' '}`)
  }
  const blank = [2, 1].find((columns) => columns * plane.width <= width)
  if (blank === undefined) return `  too wide for ${width} columns\n`
  return rowsOf(plane, (w) => paint(' '.repeat(blank), diverging(w / most), kind))
}
