import type { Colour } from '../../image/colour.ts'
import { cube, type TerminalColours } from '../../image/terminal/colours.ts'
import { coloured, type Message } from '../../text/message.ts'
import { formatNumber } from '../draw/format.ts'
import { diverging, inkOn } from '../draw/palette.ts'
import type { Plane } from './planes.ts'

const paint = (text: string, rgb: Colour, kind: TerminalColours): Message => {
  if (kind === 'none') return text
  const isDark = inkOn(rgb) === '#ffffff'
  if (kind === '256') return coloured(`38;5;${isDark ? 231 : 16};48;5;${cube(rgb)}`, text)
  const ink = isDark ? '255;255;255' : '31;41;51'
  return coloured(`38;2;${ink};48;2;${rgb.join(';')}`, text)
}

/**
 * Returns a plane as lines of cells with numbers, or undefined if they do not fit `width` columns.
 *
 * @param most the weight that gets the darkest colour
 */
function numbered(plane: Plane, most: number, width: number, kind: TerminalColours): Message | undefined {
  for (const digits of [4, 3, 2]) {
    // a digit and the blanks around it
    if (3 * plane.width > width) return undefined
    const numbers = Array.from(plane.weights, (w) => formatNumber(w, digits))
    const cell = numbers.reduce((longest, n) => Math.max(longest, n.length), 0) + 2
    if (cell * plane.width > width) continue
    return rowsOf(plane, (w, i) => paint(` ${numbers[i]!.padStart(cell - 2)} `, diverging(w / most), kind))
  }
  return undefined
}

const rowsOf = ({ height, width, weights }: Plane, cell: (w: number, i: number) => Message): Message =>
  Array.from({ length: height }, (_, y) => [
    Array.from({ length: width }, (_, x) => cell(weights[y * width + x]!, y * width + x)),
    '\n',
  ])

/**
 * Returns a plane for a terminal: cells with numbers if they fit, else cells two columns or one column wide without
 * numbers, else a message. Without colours there are always numbers.
 */
export function planeText(plane: Plane, most: number, width: number, kind: TerminalColours): Message {
  const withNumbers = numbered(plane, most, width, kind)
  if (withNumbers !== undefined) return withNumbers
  if (kind === 'none') {
    return rowsOf(plane, (w, i) => `${formatNumber(w, 4)}${i % plane.width === plane.width - 1 ? '' : ' '}`)
  }
  const blank = [2, 1].find((columns) => columns * plane.width <= width)
  if (blank === undefined) return `  too wide for ${width} columns\n`
  return rowsOf(plane, (w) => paint(' '.repeat(blank), diverging(w / most), kind))
}
