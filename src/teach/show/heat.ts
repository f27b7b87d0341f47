import type { Colour } from '../../image/colour.ts'
import type { Rectangle } from '../../image/compare/tolerance.ts'
import { compressionSettings } from '../../image/png.ts'
import { encodePngWhole } from '../../image/png-whole.ts'
import { formatNumber, sizeToFit } from '../draw/measure.ts'
import { colours, diverging, hex, inkOn } from '../draw/palette.ts'
import { element, rect, text } from '../draw/svg.ts'
import type { Plane } from './planes.ts'

/** The settings of the PNG. Blocks of one colour compress best without a filter. */
const blocks = { ...compressionSettings(6), filter: 'none' } as const

/**
 * Draws values [rows][columns] as an image inside an SVG, each as a block of colour. Blocks are drawn in full, because
 * renderers differ in how they enlarge small images. If there are more values than pixels, some values are skipped.
 */
export function raster(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  box: Rectangle,
  colour: (value: number) => Colour,
): string {
  const pixels = 2
  const [width, height] = [Math.round(box.width * pixels), Math.round(box.height * pixels)]
  const data = new Uint8Array(width * height * 3)
  const painted = Array.from(values, colour)
  for (let y = 0, before = -1; y < height; y++) {
    const row = Math.floor((y * rows) / height) * columns
    if (row === before) {
      data.copyWithin(y * width * 3, (y - 1) * width * 3, y * width * 3)
      continue
    }
    before = row
    for (let x = 0; x < width; x++) {
      data.set(painted[row + Math.floor((x * columns) / width)]!, (y * width + x) * 3)
    }
  }
  const png = encodePngWhole({ width, height, channels: 3, depth: 8, data, meta: {} }, blocks)
  const { x, y, width: w, height: h } = box
  const href = `data:image/png;base64,${Buffer.from(png).toString('base64')}`
  return element('image', { x, y, width: w, height: h, href, preserveAspectRatio: 'none' })
}

/** Returns the gray of a level, clamped to 0..255. */
export const asGray = (level: number): Colour => {
  const v = Math.max(0, Math.min(255, Math.round(level)))
  return [v, v, v]
}

/** Returns colours for values with a sign: blue below 0, orange above, darkest at `most`. */
export const asSigned =
  (most: number) =>
  (value: number): Colour =>
    diverging(value / most)

/** The smallest legible font size of numbers, in pixels. Cells that need a smaller one have no numbers. */
const smallestNumber = 7.5
/** A map of more cells than this is drawn as one image, without numbers. */
const mostCells = 1600

/**
 * Lays out a plane within a width and a height. Cells are square, and as large as fits, up to 64 pixels. `numbers` is the
 * font size of the numbers in pixels; undefined if they would not be legible.
 */
export function layoutHeat(plane: Plane, width: number, height: number) {
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
  { cell, width, height, numbers, digits }: ReturnType<typeof layoutHeat>,
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
