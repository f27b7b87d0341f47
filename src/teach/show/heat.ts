import { formatNumber } from '../draw/format.ts'
import { sizeToFit } from '../draw/measure.ts'
import { colours, diverging, hex, inkOn } from '../draw/palette.ts'
import { element, rect, text } from '../draw/svg.ts'
import type { Plane } from './planes.ts'
import { asSigned, raster } from './raster.ts'

/** The smallest legible font size of numbers, in pixels. Cells that need a smaller one have no numbers. */
const smallestNumber = 7.5
/** A map of more cells than this is drawn as one image, without numbers. */
const mostCells = 1600

export type HeatLayout = {
  readonly cell: number
  readonly width: number
  readonly height: number
  /** The font size of the numbers in pixels; undefined if they would not be legible. */
  readonly numbers: number | undefined
  readonly digits: number
}

/** Lays out a plane within a width and a height. Cells are square, and as large as fits, up to 64 pixels. */
export function layoutHeat(plane: Plane, width: number, height: number): HeatLayout {
  const cell = Math.min(64, width / plane.width, height / plane.height)
  const sizeAt = (digits: number) => {
    const longest = Array.from(plane.weights, (w) => formatNumber(w, digits)).reduce(
      (a, b) => (b.length > a.length ? b : a),
      '',
    )
    return Math.min(sizeToFit(longest, cell * 0.9, 15, { font: 'mono' }), cell * 0.42)
  }
  const isFew = plane.weights.length <= mostCells
  const sizes = isFew ? [4, 3, 2].map((digits) => ({ digits, size: sizeAt(digits) })) : []
  // fewer digits only if more would be too small
  const best = sizes.find(({ size }) => size >= 10) ?? sizes.find(({ size }) => size >= smallestNumber)
  return {
    cell,
    width: cell * plane.width,
    height: cell * plane.height,
    numbers: best?.size,
    digits: best?.digits ?? 4,
  }
}

/** Draws a plane as coloured cells, starting at (0,0), with legible numbers on them. The anchor is framed. */
export function heatMap(
  plane: Plane,
  { cell, width, height, numbers, digits }: HeatLayout,
  most: number,
  anchor?: readonly [y: number, x: number],
): string {
  const colour = asSigned(most)
  const frame = rect(0, 0, width, height, { fill: 'none', stroke: colours.grid })
  const mark =
    anchor === undefined || plane.weights.length === 1 || cell < 3
      ? ''
      : rect(anchor[1] * cell + 1, anchor[0] * cell + 1, cell - 2, cell - 2, {
          fill: 'none',
          stroke: colours.ink,
          'stroke-width': Math.min(2, cell / 6),
        })
  if (plane.weights.length > mostCells) {
    const box = { x: 0, y: 0, width, height }
    return raster(plane.weights, plane.height, plane.width, box, colour) + frame + mark
  }
  const cells = Array.from(plane.weights, (w, i) => {
    const [x, y] = [(i % plane.width) * cell, Math.floor(i / plane.width) * cell]
    const rgb = diverging(w / most)
    const stroke = cell < 6 ? hex(rgb) : '#ffffff'
    const square = rect(x, y, cell, cell, { fill: hex(rgb), stroke, 'stroke-width': cell < 6 ? 0.5 : 1 })
    if (numbers === undefined) return square
    const style = { size: numbers, anchor: 'middle', baseline: 'middle', font: 'mono' } as const
    return square + text(formatNumber(w, digits), x + cell / 2, y + cell / 2, { ...style, fill: inkOn(rgb) })
  })
  return element('g', {}, ...cells, mark, frame)
}

/** Draws the scale of colours from -most to most, with numbers, `width` by 30 pixels. */
export function colourBar(most: number, width: number): string {
  const steps = 41
  const values = Array.from({ length: steps }, (_, i) => (2 * i) / (steps - 1) - 1)
  const bar = raster(values, 1, steps, { x: 0, y: 0, width, height: 8 }, diverging)
  const label = (words: string, x: number, anchor: 'start' | 'middle' | 'end') =>
    text(words, x, 22, { size: 11, anchor, fill: colours.faint })
  return [
    bar,
    label(formatNumber(-most), 0, 'start'),
    label('0', width / 2, 'middle'),
    label(formatNumber(most), width, 'end'),
  ].join('')
}
