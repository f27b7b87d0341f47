import { counted } from '../../text/count.ts'
import { textWidth, wrapText } from '../draw/measure.ts'
import { colours } from '../draw/palette.ts'
import { boxed, line, moved, rect, text } from '../draw/svg.ts'
import type { Strips } from './strips.ts'

/** Markup that starts at 0,0, and its height in pixels. */
export type Block = { readonly markup: string; readonly height: number }

/** A row of a table with two columns. */
export type Row = readonly [label: string, words: string]

const lineHeight = 17
const small = 12

/** Draws a table: labels, and beside them their text, wrapped. */
export function drawTable(rows: readonly Row[], across: number): Block {
  const left = Math.max(...rows.map(([label]) => textWidth(label, small))) + 16
  let y = 0
  const markup = rows.flatMap(([label, words]) => {
    const lines = wrapText(words, across - left, small)
    const top = y
    y += lines.length * lineHeight + 3
    return [
      text(label, 0, top + small, { size: small, fill: colours.faint }),
      ...lines.map((one, i) =>
        text(one, left, top + small + i * lineHeight, { size: small, fill: colours.ink }),
      ),
    ]
  })
  return { markup: markup.join(''), height: y }
}

/** A bar. Within a group, lengths are proportional to values. */
export type Bar = {
  readonly label: string
  readonly value: number
  readonly words: string
  readonly colour: string
}

/** Draws groups of bars. Each group has its own scale. */
export function drawBars(groups: readonly { title: string; bars: readonly Bar[] }[], across: number): Block {
  const all = groups.flatMap(({ bars }) => bars)
  const left = Math.max(...all.map(({ label }) => textWidth(label, 11))) + 12
  const right = Math.max(...all.map(({ words }) => textWidth(words, 11))) + 12
  const room = Math.max(40, across - left - right)
  let y = 0
  const markup = groups.flatMap(({ title, bars }) => {
    const top = y
    const most = Math.max(...bars.map(({ value }) => value), 1e-9)
    y += 20 + bars.length * 20 + 8
    return [
      text(title, 0, top + 12, { size: small, bold: true, fill: colours.ink }),
      ...bars.flatMap(({ label, value, words, colour }, i) => {
        const at = top + 20 + i * 20
        const length = Math.max(1, (room * value) / most)
        return [
          text(label, 0, at + 11, { size: 11, fill: colours.faint }),
          rect(left, at, length, 14, { fill: colour, rx: 2 }),
          text(words, left + length + 8, at + 11, { size: 11, fill: colours.ink }),
        ]
      }),
    ]
  })
  return { markup: markup.join(''), height: y }
}

const mapWidth = 300
const mapHeight = 210
/** Strips lower than this, in pixels, are drawn without lines between them. */
const nearest = 3

/** Draws the picture cut into strips, and the halo that one of them reads beyond its own rows and columns. */
export function drawStrips(
  strips: Strips,
  map: { height: number; width: number; stride: readonly [number, number]; border: string },
  across: number,
): Block {
  const { rows, halo } = strips
  const { height, width, stride, border } = map
  const scale = Math.min(mapWidth / width, mapHeight / height)
  const [w, h] = [Math.max(8, width * scale), Math.max(8, height * scale)]
  const count = Math.ceil(height / rows)
  const chosen = Math.min(1, count - 1)
  const [from, to] = [chosen * rows, Math.min(height, (chosen + 1) * rows)]
  const down = h / height
  const reach = (samples: number, step: number, pixel: number) =>
    samples === 0 ? 0 : Math.max(2, (samples / step) * pixel)
  const [above, below] = [reach(halo.top, stride[0], down), reach(halo.bottom, stride[0], down)]
  const sideways = w / width
  const [before, after] = [reach(halo.left, stride[1], sideways), reach(halo.right, stride[1], sideways)]
  const [x0, y0] = [Math.min(before, 40), Math.max(0, above - from * down)]
  const isDrawn = rows * down >= nearest
  const box = { fill: colours.panel, stroke: colours.grid }
  const read = {
    x: x0 - Math.min(before, 40),
    y: y0 + from * down - above,
    width: w + Math.min(before, 40) + Math.min(after, 40),
    height: (to - from) * down + above + below,
  }
  const edges = isDrawn
    ? Array.from({ length: count - 1 }, (_, i) =>
        line(x0, y0 + (i + 1) * rows * down, x0 + w, y0 + (i + 1) * rows * down, { stroke: colours.grid }),
      )
    : []
  const words = drawTable(
    [
      [
        'pieces',
        `${counted(count, 'strip')} of ${counted(rows, 'row')} of the output (blue), and the input of one of them (orange)`,
      ],
      [
        'each reads',
        `${counted(halo.top, 'row')} above, ${halo.bottom} below, ${counted(halo.left, 'column')} to the left, ${halo.right} to the right`,
      ],
      ...(border === '' ? [] : [['outside', border] as Row]),
      ['threads', 'take the next piece when they are free; the result does not depend on their number'],
    ],
    across - mapWidth - 100,
  )
  const markup = [
    rect(x0, y0, w, h, box),
    ...edges,
    boxed(read, {
      fill: colours.orange,
      'fill-opacity': 0.35,
      stroke: colours.orange,
      'stroke-dasharray': '3 2',
    }),
    rect(x0, y0 + from * down, w, (to - from) * down, { fill: '#c3d9ee', stroke: colours.blue }),
    moved(mapWidth + 100, 0, words.markup),
  ]
  const bottom = Math.max(y0 + h, read.y + read.height)
  return { markup: markup.join(''), height: Math.max(bottom + 6, words.height) }
}
