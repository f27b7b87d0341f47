import type { Kernel } from '../../kernel/kernel.ts'
import { cos, sin } from '../../tensor/math.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import { formatNumber } from '../draw/measure.ts'
import { colours } from '../draw/palette.ts'
import { fittedText, line, moved, polyline, rect, svgDocument, text } from '../draw/svg.ts'
import { applyTo, edges, type Gray, impulse, isQuick, scene } from './effect.ts'
import { type Facts, factWords } from './facts.ts'
import { asGray, asSigned, colourBar, heatMap, layoutHeat, raster } from './heat.ts'
import { largest, type Plane, planesOf } from './planes.ts'

const width = 960
const margin = 32
const column = 432
const top = 96
const thumb = 136

/** The side, in pixels, of the picture that a kernel is tried on. */
export const photoSide = 2 * thumb

/** Draws the name and the facts of a kernel across the top of a drawing. */
export function heading(facts: Facts, across: number): string {
  const room = across - 2 * margin
  return [
    fittedText(facts.name, margin, 40, room, { size: 22, bold: true, fill: colours.ink, smallest: 12 }),
    fittedText(factWords(facts).join(' · '), margin, 64, room, {
      size: 13,
      fill: colours.faint,
      smallest: 8,
    }),
  ].join('')
}

const subtitle = (words: string) => text(words, 0, 0, { size: 13, bold: true, fill: colours.ink })

/** Draws a kernel of one plane: weights, frequency response, and its effect on an impulse, edges and a picture. */
export function drawCard(kernel: Kernel, facts: Facts, photo: Gray = scene(photoSide)): string {
  const [plane] = planesOf(kernel)
  const layout = layoutHeat(plane!, column, column)
  const most = largest(kernel.weights)
  const weights = moved(
    margin,
    top,
    subtitle('weights'),
    moved(0, 16, heatMap(plane!, layout, most, facts.anchor)),
    moved(0, 16 + layout.height + 12, colourBar(most, Math.min(column, Math.max(layout.width, 180)))),
  )
  const right = margin + column + 40
  const response = responseOf(plane!, facts.scale)
  const spectrum = moved(right, top, subtitle('frequency response'), drawResponse(response))
  const upper = top + Math.max(16 + layout.height + 12 + 30, 300)
  const isSmall = isQuick(plane!)
  const effects = isSmall
    ? drawEffects(plane!, facts, photo)
    : text('too large to show here; use convo conv2d on a picture', 0, 24, { fill: colours.faint })
  const height = upper + 24 + (isSmall ? thumb + 56 : 56)
  const below = moved(margin, upper + 24, subtitle('effect'), effects)
  return svgDocument(width, height, { title: facts.name }, heading(facts, width), weights, spectrum, below)
}

/** Draws the response as a map, and its sections along x, y and the diagonal, 424 by 284 pixels. */
function drawResponse({ side, magnitudes, most }: Response): string {
  const map = 190
  const box = { x: 0, y: 16, width: map, height: map }
  const half = (side - 1) / 2
  const at = (g: number, f: number) => magnitudes[g * side + f]!
  const section = (value: (i: number) => number) =>
    Array.from({ length: half + 1 }, (_, i) => value(i) / (most || 1))
  const plot = { x: map + 56, y: 16, width: 170, height: map }
  const curve = (values: readonly number[]) =>
    values.map((v, i) => [plot.x + (i / half) * plot.width, plot.y + plot.height * (1 - v)] as const)
  const curves: readonly [name: string, colour: string, dash: string | undefined, values: number[]][] = [
    ['across', colours.blue, undefined, section((i) => at(half, half + i))],
    ['down', colours.orange, '7 3', section((i) => at(half + i, half))],
    ['diagonal', colours.ink, '2 3', section((i) => at(half + i, half + i))],
  ]
  const small = { size: 11, fill: colours.faint } as const
  const bottom = 16 + map
  return [
    // from near white for 0 to dark blue for the largest, so that small ones are visible
    raster(magnitudes, side, side, box, asSigned(-most || 1)),
    rect(box.x, box.y, map, map, { fill: 'none', stroke: colours.grid }),
    text('−½', 0, bottom + 15, small),
    text('0', map / 2, bottom + 15, { ...small, anchor: 'middle' }),
    text('½', map, bottom + 15, { ...small, anchor: 'end' }),
    text('cycles per pixel, across and down', 0, bottom + 32, small),
    rect(plot.x, plot.y, plot.width, plot.height, { fill: 'none', stroke: colours.grid }),
    ...[0.25, 0.5, 0.75].map((v) =>
      line(plot.x, plot.y + plot.height * v, plot.x + plot.width, plot.y + plot.height * v, {
        stroke: colours.grid,
        'stroke-width': 0.5,
      }),
    ),
    ...curves.map(([, stroke, dash, values]) =>
      polyline(curve(values), { stroke, 'stroke-width': 2, 'stroke-dasharray': dash }),
    ),
    text(formatNumber(most), plot.x - 6, plot.y + 9, { ...small, anchor: 'end' }),
    text('0', plot.x - 6, bottom, { ...small, anchor: 'end' }),
    text('0', plot.x, bottom + 15, small),
    text('½', plot.x + plot.width, bottom + 15, { ...small, anchor: 'end' }),
    ...curves.map(([name, stroke, dash], i) => {
      const y = bottom + 32 + i * 16
      return [
        line(plot.x, y - 4, plot.x + 28, y - 4, { stroke, 'stroke-width': 2, 'stroke-dasharray': dash }),
        text(name, plot.x + 36, y, small),
      ].join('')
    }),
  ].join('')
}

/** Draws three small pictures, each before and after the kernel, side by side. */
function drawEffects(plane: Plane, facts: Facts, photo: Gray): string {
  const taps = Math.max(plane.height, plane.width)
  const trials: readonly [name: string, before: Gray][] = [
    ['an impulse', impulse(taps)],
    ['edges', edges(taps)],
    ['a picture', photo],
  ]
  const step = (width - 2 * margin - (2 * thumb + 12)) / 2
  // the results of a kernel whose sum is about 0 are around 0, so they are drawn with signs
  const isSigned = Math.abs(facts.sum) <= 0.05 * facts.absSum
  return trials
    .map(([name, before], i) => {
      const after = applyTo(before, plane, facts)
      const shown = name === 'an impulse' || isSigned ? signedBox(after, facts.offset) : grayBox(after)
      const small = { size: 11, fill: colours.faint } as const
      return moved(
        i * step,
        16,
        raster(before.data, before.side, before.side, boxAt(0), asGray),
        raster(after.data, after.side, after.side, boxAt(thumb + 12), shown.colour),
        rect(0, 0, thumb, thumb, { fill: 'none', stroke: colours.grid }),
        rect(thumb + 12, 0, thumb, thumb, { fill: 'none', stroke: colours.grid }),
        fittedText(name, 0, thumb + 17, thumb, small),
        fittedText(shown.caption, thumb + 12, thumb + 17, thumb, small),
      )
    })
    .join('')
}

const boxAt = (x: number) => ({ x, y: 0, width: thumb, height: thumb })

function signedBox({ data }: Gray, middle: number) {
  const most = data.reduce((a, v) => Math.max(a, Math.abs(v - middle)), 0) || 1
  const colour = asSigned(most)
  return {
    colour: (v: number) => colour(v - middle),
    caption: `${formatNumber(middle - most)} to ${formatNumber(middle + most)}`,
  }
}

function grayBox({ data }: Gray) {
  const clipped = data.reduce((n, v) => n + (v < -0.5 || v > 255.5 ? 1 : 0), 0)
  const share = Math.round((100 * clipped) / data.length)
  return { colour: asGray, caption: clipped === 0 ? '0 to 255' : `0 to 255, ${share || '< 1'} % clipped` }
}

/** The magnitudes of a frequency response, [side][side], from -1/2 to 1/2 cycles per pixel, zero in the middle. */
export type Response = { readonly side: number; readonly magnitudes: Float64Array; readonly most: number }

/**
 * Returns the magnitudes of the discrete-time Fourier transform of a plane, divided by the magnitude of `scale`, at
 * side × side frequencies. `side` is odd. Sums run along x first, then along y.
 */
export function responseOf({ height, width, weights }: Plane, scale: number, side = 129): Response {
  const half = (side - 1) / 2
  // the frequency is (f - half) / (side - 1) cycles per pixel, so the ends are at -1/2 and 1/2
  const turn = (f: number, at: number) => (2 * Math.PI * (f - half) * at) / (side - 1)
  const table = (count: number, wave: (x: number) => number) =>
    Float64Array.from({ length: side * count }, (_, i) => wave(turn(Math.floor(i / count), i % count)))
  const [cosX, sinX] = [table(width, cos), table(width, sin)]
  const re = new Float64Array(height * side)
  const im = new Float64Array(height * side)
  for (let y = 0; y < height; y++) {
    for (let f = 0; f < side; f++) {
      let [a, b] = [0, 0]
      for (let x = 0; x < width; x++) {
        const w = weights[y * width + x]!
        a += w * cosX[f * width + x]!
        b -= w * sinX[f * width + x]!
      }
      re[y * side + f] = a
      im[y * side + f] = b
    }
  }
  const [cosY, sinY] = [table(height, cos), table(height, sin)]
  const magnitudes = new Float64Array(side * side)
  let most = 0
  for (let g = 0; g < side; g++) {
    for (let f = 0; f < side; f++) {
      let [a, b] = [0, 0]
      for (let y = 0; y < height; y++) {
        const [c, s] = [cosY[g * height + y]!, sinY[g * height + y]!]
        const [p, q] = [re[y * side + f]!, im[y * side + f]!]
        a += p * c + q * s
        b += q * c - p * s
      }
      const magnitude = Math.sqrt(a * a + b * b) / Math.abs(scale)
      magnitudes[g * side + f] = magnitude
      most = Math.max(most, magnitude)
    }
  }
  return { side, magnitudes, most }
}

const gap = 20
const captionRoom = 18
const sheetTop = 92
const narrowest = 640

/** The largest number of planes on one sheet. Of more, only the first ones are drawn. */
export const mostPlanes = 400

/** Returns the columns of a sheet. The planes of a filter share a row if they fit; else the sheet is about square. */
function columnsOf(count: number, perFilter: number): number {
  if (perFilter > 1 && perFilter <= 12) {
    // several filters side by side, each with all its planes
    const wide = Math.max(1, Math.round(Math.sqrt((1.3 * count) / perFilter / perFilter)))
    return Math.min(count, wide * perFilter)
  }
  return Math.min(count, Math.max(1, Math.ceil(Math.sqrt(count * 1.3))))
}

/** Draws a kernel of many planes as a sheet of heat maps, in order, all with one scale of colours. */
export function drawSheet(kernel: Kernel, facts: Facts): string {
  const all = planesOf(kernel)
  const planes = all.slice(0, mostPlanes)
  const perFilter = kernel.shape.length < 4 ? 1 : sizeOf(kernel.shape.slice(1, -2))
  const columns = columnsOf(planes.length, perFilter)
  const tile = Math.max(56, Math.min(220, (1100 - gap * (columns - 1)) / columns))
  const most = largest(kernel.weights)
  const layouts = planes.map((plane) => layoutHeat(plane, tile, tile))
  const { width: w, height: h } = layouts[0]!
  // a caption may be wider than a narrow plane
  const step = Math.max(w, 56) + gap
  const rows = Math.ceil(planes.length / columns)
  const width = Math.max(narrowest, 2 * margin + columns * step - gap)
  const drawn = planes.map((plane, i) =>
    moved(
      margin + (i % columns) * step,
      sheetTop + Math.floor(i / columns) * (h + captionRoom + gap),
      fittedText(plane.label, 0, 11, step - gap + 8, { size: 11, fill: colours.faint }),
      moved(0, captionRoom, heatMap(plane, layouts[i]!, most, kernel.anchor)),
    ),
  )
  const bottom = sheetTop + rows * (h + captionRoom + gap)
  const more =
    all.length > planes.length
      ? text(`the first ${planes.length} of ${all.length} planes`, margin + 320, bottom + 16, {
          size: 12,
          fill: colours.faint,
        })
      : ''
  return svgDocument(
    width,
    bottom + 52,
    { title: facts.name },
    heading(facts, width),
    ...drawn,
    moved(margin, bottom + 4, colourBar(most, 280)),
    more,
  )
}
