import type { Colour } from '../../image/colour.ts'
import { compressionSettings } from '../../image/png.ts'
import { encodePngWhole } from '../../image/png-whole.ts'
import { diverging } from '../draw/palette.ts'
import { type Box, element } from '../draw/svg.ts'

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
  box: Box,
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
