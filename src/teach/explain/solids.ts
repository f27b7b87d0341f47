import type { Rectangle as Box } from '../../image/compare/tolerance.ts'
import { type Explanation, layerRules } from '../../operators/explain.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import { counted } from '../../text/count.ts'
import type { Tone } from '../animate/scene.ts'
import { textWidth } from '../draw/measure.ts'
import { colours } from '../draw/palette.ts'
import { boxed, element, fittedText, line, polygon, rect, text } from '../draw/svg.ts'
import { sizes } from './text.ts'

/** A tensor drawn as a solid: the front shows height and width, the depth all other axes. */
export type Solid = {
  readonly title: string
  readonly tone: Tone
  readonly height: number
  readonly width: number
  /** The number of channels, or of slices times channels. */
  readonly depth: number
  /** The text below the solid: its sizes. */
  readonly caption: string
  /** The distance of neighbouring taps in cells. Taps are drawn only if they are few. */
  readonly spread?: number
  /** The number of solids like this one; others are hinted at behind it. */
  readonly count?: number
  /** What is read for one sample, or the sample itself, in cells of the front. It may extend beyond the front. */
  readonly window?: Box
}

/** A solid, or a sign between two solids. */
export type Piece = Solid | string

const fills: Readonly<
  Record<Tone, { front: string; top: string; side: string; stroke: string; mark: string }>
> = {
  input: { front: '#dce9f6', top: '#eaf2fa', side: '#c3d9ee', stroke: '#7ba4cb', mark: '#4f86b8' },
  kernel: { front: '#fbecd3', top: '#fdf5e7', side: '#f3dcb4', stroke: '#c9a25f', mark: '#b98534' },
  between: { front: '#e7e0f2', top: '#f1edf8', side: '#d5cae8', stroke: '#9b86c4', mark: '#7f68b0' },
  output: { front: '#d5eee6', top: '#e6f5f0', side: '#b9e0d3', stroke: '#6fb39e', mark: '#3c927a' },
}

const largest = 150
const largestKernel = 84
const slant = 0.6
const titleRoom = 26
const captionRoom = 44
const gap = 22
const signRoom = 18

type Placed = {
  readonly solid: Solid
  /** The size of a cell in pixels. */
  readonly cell: readonly [y: number, x: number]
  readonly front: Box
  /** How far the back is shifted to the right, in pixels. It is shifted up by `slant` times that. */
  readonly back: number
  /** The width in pixels, with title and caption. */
  readonly room: number
}

const isSolid = (piece: Piece): piece is Solid => typeof piece !== 'string'

/** Returns the pixels that represent the depth. They grow with its logarithm, up to a maximum. */
const backOf = ({ depth, tone }: Solid): number =>
  Math.min(tone === 'kernel' ? 26 : 54, 5 + 7 * Math.log2(1 + depth))

/** Draws solids and signs in a row. Tensors share one scale; each kernel has its own. */
export function drawSolids(pieces: readonly Piece[], across: number): { markup: string; height: number } {
  const solids = pieces.filter(isSolid)
  const tensors = solids.filter((s) => s.tone !== 'kernel')
  const scale = Math.min(24, largest / Math.max(...tensors.flatMap((s) => [s.height, s.width])))
  const placedPieces = pieces.map((piece) => (isSolid(piece) ? sized(piece, scale) : piece))
  const rooms = placedPieces.map((one) => (typeof one === 'string' ? signRoom : one.room))
  const total = rooms.reduce((a, b) => a + b, 0) + gap * (pieces.length - 1)
  const shrink = Math.min(1, across / total)
  const tallest = Math.max(
    ...placedPieces.map((one) => (typeof one === 'string' ? 0 : one.front.height + one.back * slant)),
  )
  const middle = titleRoom + tallest / 2
  let x = Math.max(0, (across / shrink - total) / 2)
  const tensorMarkup: string[] = []
  const frontMarkup: string[] = []
  const windows: Box[] = []
  for (const [i, one] of placedPieces.entries()) {
    const left = x
    x += rooms[i]! + gap
    if (typeof one === 'string') {
      const style = { size: 20, anchor: 'middle', fill: colours.faint } as const
      frontMarkup.push(text(one, left + signRoom / 2, middle + 7, style))
      continue
    }
    const { front, back, room } = one
    const y = middle - (front.height - back * slant) / 2
    const placed = { ...one, front: { ...front, x: left + (room - front.width - back) / 2, y } }
    const into = one.solid.tone === 'kernel' ? frontMarkup : tensorMarkup
    into.push(solidMarkup(placed, left, titleRoom + tallest + 16))
    if (one.solid.window !== undefined) windows.push(windowBox(placed))
  }
  // rays are drawn over the tensors but under the kernels
  const rays = windows.slice(1).map((to, i) => raysBetween(windows[i]!, to))
  const height = titleRoom + tallest + captionRoom
  const markup = [...tensorMarkup, ...rays, ...frontMarkup].join('')
  return shrink === 1
    ? { markup, height }
    : { markup: element('g', { transform: `scale(${shrink.toFixed(4)})` }, markup), height: height * shrink }
}

function sized(solid: Solid, scale: number): Placed {
  const { height, width, spread = 1, tone } = solid
  const [rows, columns] = [spread * (height - 1) + 1, spread * (width - 1) + 1]
  const own = tone === 'kernel' ? Math.min(20, largestKernel / Math.max(rows, columns)) : scale
  const front = { x: 0, y: 0, width: Math.max(5, columns * own), height: Math.max(5, rows * own) }
  const back = backOf(solid)
  const words = solid.caption.split('\n').map((one) => textWidth(one, 11))
  const room = Math.max(front.width + back, textWidth(solid.title, 13), ...words)
  return { solid, cell: [front.height / rows, front.width / columns], front, back, room }
}

function solidMarkup(placed: Placed, left: number, below: number): string {
  const { solid, front, back, room } = placed
  const { x, y, width, height } = front
  const up = back * slant
  const { front: fill, top, side, stroke, mark } = fills[solid.tone]
  const [frontTop, backTop] = [[x + width, y] as const, [x + width + back, y - up] as const]
  const line1 = { stroke, 'stroke-width': 1, 'stroke-linejoin': 'round' } as const
  const middle = left + room / 2
  const captions = solid.caption.split('\n')
  const more = (solid.count ?? 1) > 1 ? [8, 4] : []
  return [
    text(solid.title, middle, 14, { size: 13, bold: true, anchor: 'middle', fill: colours.ink }),
    // the other solids like this one
    ...more.map((by) => rect(x + by, y - by, width, height, { fill: side, ...line1, opacity: 0.55 })),
    polygon([[x, y], [x + back, y - up], backTop, frontTop], { fill: top, ...line1 }),
    polygon([frontTop, backTop, [x + width + back, y + height - up], [x + width, y + height]], {
      fill: side,
      ...line1,
    }),
    rect(x, y, width, height, { fill, ...line1 }),
    cellsMarkup(placed),
    ...(solid.window === undefined
      ? []
      : [boxed(windowBox(placed), { fill: mark, 'fill-opacity': 0.45, stroke: mark, 'stroke-width': 1.5 })]),
    ...captions.map((one, i) =>
      fittedText(one, middle, below + i * 15, room + gap - 4, {
        size: 11,
        anchor: 'middle',
        fill: i === 0 ? colours.ink : colours.faint,
      }),
    ),
  ].join('')
}

/** Draws the cells of a small solid; the taps of a dilated kernel are drawn apart. */
function cellsMarkup({ solid, front, cell: [down, across] }: Placed): string {
  const { height, width, spread = 1, tone } = solid
  if (height * width > 225 || Math.min(down, across) < 4) return ''
  const { stroke, side } = fills[tone]
  return Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width) * spread, (i % width) * spread]
    return rect(front.x + x * across, front.y + y * down, across, down, {
      fill: tone === 'kernel' ? side : 'none',
      stroke,
      'stroke-width': 0.6,
    })
  }).join('')
}

/** Returns the window of a solid in pixels, at least 5 by 5 so that it is visible. */
function windowBox({ solid, front, cell: [down, across] }: Pick<Placed, 'solid' | 'front' | 'cell'>): Box {
  const { x, y, width, height } = solid.window!
  const [w, h] = [Math.max(5, width * across), Math.max(5, height * down)]
  return {
    x: front.x + (x + width / 2) * across - w / 2,
    y: front.y + (y + height / 2) * down - h / 2,
    width: w,
    height: h,
  }
}

const raysBetween = (from: Box, to: Box): string =>
  [0, 1]
    .map((end) =>
      line(from.x + from.width, from.y + end * from.height, to.x, to.y + end * to.height, {
        stroke: colours.faint,
        'stroke-width': 0.7,
        'stroke-dasharray': '3 3',
      }),
    )
    .join('')

/** What is drawn for an operator besides its tensors. */
export type Between = {
  /** Returns what is drawn between input and output. Default: a bank. */
  between?(e: Explanation): readonly Piece[]
  /** True if no single window of the input makes a sample of the output; then no windows are drawn. */
  readonly isWindowless?: true
}

/** Returns the tensors of an operator and the pieces between them, from left to right. */
export function operatorPieces(
  e: Explanation,
  { between = bankBetween, isWindowless }: Between,
): readonly Piece[] {
  const { read, written } = isWindowless ? {} : windowsOf(e)
  const from: Solid = { ...tensor(e.input), title: 'input', tone: 'input', ...(read && { window: read }) }
  const to: Solid = {
    ...tensor(e.output),
    title: 'output',
    tone: 'output',
    ...(written && { window: written }),
  }
  const [meets, gives] = layerRules(e.operator)?.pools ? ['→', '→'] : ['∗', '=']
  return [from, meets, ...between(e), gives, to]
}

/** Returns a tensor [C,H,W] or [C,D,H,W] as a solid, without title and tone. */
export const tensor = (shape: readonly number[]) => {
  const [height, width] = [shape.at(-2)!, shape.at(-1)!]
  const depth = sizeOf(shape.slice(0, -2))
  const [channels = 1, slices] = shape.slice(0, -2)
  const many = counted(channels, 'channel')
  return {
    height,
    width,
    depth,
    caption: `${sizes(shape)}\n${slices === undefined ? many : `${slices} slices, ${many}`}`,
  }
}

export const kernel = (
  title: string,
  [height, width]: readonly [number, number],
  caption: string,
  { depth = 1, count = 1, spread = 1 } = {},
): Solid => ({ title, tone: 'kernel', height, width, depth, count, spread, caption })

/**
 * The description of a kernel in drawings: its front, its size, rate and groups in words, and the spread of its taps.
 */
export function kernelWords({ kernel: size, sizes: axes, groups }: Explanation) {
  const rate = Math.max(...axes.map((s) => s.dilation))
  return {
    front: [size.at(-2)!, size.at(-1)!] as const,
    size: sizes(size),
    at: rate > 1 ? `, rate ${rate}` : '',
    inGroups: groups > 1 ? `, ${groups} groups` : '',
    spread: axes.every((s) => s.dilation === rate) ? rate : 1,
  }
}

/** Returns a bank of filters as one kernel with a count. */
function bankBetween(e: Explanation): Piece[] {
  const { input, output, groups, kernel: taps } = e
  const { front, size, at, inGroups, spread } = kernelWords(e)
  const depth = input[0]! / groups
  const caption = `${output[0]} of ${size}${depth > 1 ? `x${depth}` : ''}${at}${inGroups}`
  const behind = taps.length === 3 ? taps[0]! : 1
  const title = output[0] === 1 ? 'kernel' : 'filters'
  return [kernel(title, front, caption, { depth: depth * behind, count: output[0]!, spread })]
}

/**
 * Returns a window of each tensor: one sample of the output and what it reads, or one sample of the input and what it
 * paints. The sample is a little above and left of the middle.
 */
function windowsOf({ operator, sizes: axes }: Explanation): { read: Box; written: Box } {
  const [y, x] = axes.slice(-2) as [(typeof axes)[number], (typeof axes)[number]]
  const paints = layerRules(operator)?.paints
  const at = (n: number) => Math.floor((n - 1) * 0.4)
  const [i, j] = paints ? [at(y.input), at(x.input)] : [at(y.output), at(x.output)]
  const one = { x: j, y: i, width: 1, height: 1 }
  const many = {
    x: j * x.stride - x.padding[0],
    y: i * y.stride - y.padding[0],
    width: x.dilation * (x.kernel - 1) + 1,
    height: y.dilation * (y.kernel - 1) + 1,
  }
  return paints ? { read: one, written: many } : { read: many, written: one }
}
